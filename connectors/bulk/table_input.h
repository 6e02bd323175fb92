#pragma once

#include <memory>

#include "connectors/bulk/import_item.h"
#include "connectors/bulk/mapping.h"
#include "engine/base/result.h"

namespace tributary {

/// Rows that may be grouped: what the places of that many rows cost (16 bytes each) is the bound on memory.
constexpr size_t kGroupedRowsMax = 50'000'000;

/// The events of a table by a mapping. Without group_by in one pass. With it, rows of a group may stand anywhere in the
/// file: the text must be whole, and opening reads it once and keeps 16 bytes per row and the key of each group, no row
/// itself. Lifetime: `text` outlives the input. Errors: invalid when the header does not fit the mapping, or more than
/// kGroupedRowsMax rows are to be grouped.
Result<std::unique_ptr<ImportInput>> open_table(ImportText& text, Mapping mapping);

}  // namespace tributary
