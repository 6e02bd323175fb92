// Text of files becomes UTF-8 before anything else looks at it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tributary {

enum class TextEncoding { utf8, latin1, windows1252 };

std::optional<TextEncoding> parse_text_encoding(std::string_view name);

/// Appends `text` as UTF-8. False, with nothing promised about `out`, for bytes that are none in this encoding.
bool append_as_utf8(TextEncoding encoding, std::string_view text, std::string& out);

}  // namespace tributary
