// Small rewriting of JSON text that is already proven valid.
#pragma once

#include <string>
#include <string_view>

namespace tributary {

/// The text of a JSON string without its quotes: `bytes` itself when nothing is escaped, else decoded into `scratch`.
/// `bytes` is proven valid.
std::string_view decoded_json_string(std::string_view bytes, std::string& scratch);

/// Appends a proven JSON value without the white space between its tokens. Strings and numbers stay as they are.
void append_minified(std::string& out, std::string_view json);

/// At most 64 bytes of input fit for a message: printable ASCII as it is, other bytes as \xNN, cut with "...".
std::string quoted_for_message(std::string_view input);

/// Appends one code point as UTF-8. It is at most U+10FFFF and no surrogate.
void append_utf8(std::string& out, char32_t code_point);

}  // namespace tributary
