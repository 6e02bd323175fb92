// Text of files becomes UTF-8 before anything else looks at it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace tributary {

enum class TextEncoding { utf8, latin1, windows1252, gb18030 };

std::optional<TextEncoding> parse_text_encoding(std::string_view name);

/// Appends `text` as UTF-8. False, with nothing promised about `out`, for bytes that are none in this encoding. Text of
/// GB18030 has become UTF-8 before it is cut into rows (transcode.h): its characters may hold the byte of a delimiter.
bool append_as_utf8(TextEncoding encoding, std::string_view text, std::string& out);

}  // namespace tributary
