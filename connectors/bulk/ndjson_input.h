#pragma once

#include <memory>

#include "connectors/bulk/import_item.h"

namespace tributary {

/// One Segment event per line. Lines go on as they are, numbers untouched; one without a message id gets one of its
/// line number and content. A line that is no JSON object is refused here, because it would damage the body it travels
/// in; every other judgement is the server's. Blank lines are nothing. Lifetime: `text` outlives the input.
std::unique_ptr<ImportInput> open_ndjson(ImportText& text);

}  // namespace tributary
