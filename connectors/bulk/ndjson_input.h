#pragma once

#include <memory>
#include <string_view>

#include "connectors/bulk/import_item.h"

namespace tributary {

/// One Segment event per line. Lines go on as they are, numbers untouched; one without a message id gets one of its
/// line number and content. A line that is no JSON object is refused here, because it would damage the body it travels
/// in; every other judgement is the server's. Blank lines are nothing. Lifetime: `text` outlives the input.
std::unique_ptr<ImportInput> open_ndjson(std::string_view text);

/// The value of a member of a JSON object as it stands in the text. `object` is valid JSON that begins with `{`.
/// Returns an empty view when there is no such member; escaped spellings of the name are not recognised.
std::string_view find_member(std::string_view object, std::string_view name);

}  // namespace tributary
