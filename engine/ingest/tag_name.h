// What tags are called.
#pragma once

#include <string>
#include <string_view>

namespace tributary {

/// The code of a type of tags: of a known one from its label too, any other as it stands. Empty when it is not ASCII
/// snake_case of at most kTagTypeBytesMax.
std::string tag_type_code(std::string_view text);

/// What a tag is known by within its customer or its library: type, '/', and its name in the form in which names are
/// compared (NFKC, folded case, white space collapsed). Empty when the type is no code, or the name is empty, longer
/// than kTagNameBytesMax or not UTF-8.
std::string tag_subject(std::string_view type, std::string_view name);

/// The name within a subject; empty in an empty one.
std::string_view name_in_subject(std::string_view subject);

}  // namespace tributary
