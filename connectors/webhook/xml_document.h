// XML as the JSON that a mapping reads.
#pragma once

#include <string>
#include <string_view>

#include "engine/base/result.h"

namespace tributary {

/// The root is dropped, text is text (CDATA as it stands), repeated siblings are an array, attributes are `@name`; the
/// text of an element that has more than text is `#text`. 64 readable bytes follow the result.
///
/// Refused: a DOCTYPE and entities that only one could explain, other encodings than UTF-8, more than kXmlLevelsMax
/// levels.
Result<std::string> xml_to_json(std::string_view xml);

constexpr size_t kXmlLevelsMax = 64;

}  // namespace tributary
