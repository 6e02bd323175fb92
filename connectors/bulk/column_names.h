// What a table's columns are, by their names: a mapping for a table that came without one.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/bulk/mapping.h"
#include "engine/base/result.h"

namespace tributary {

/// What the rows of a table are.
enum class TableKind { records, interactions, tags, orders };
std::optional<TableKind> parse_table_kind(std::string_view name);
std::string_view table_kind_name(TableKind kind);

/// The beginning of a table, as far as a proposal looks at it.
struct TableSample {
  std::vector<std::string> columns;
  std::vector<std::vector<std::string>> rows;
};

struct ProposedMapping {
  std::string text;    // of a mapping file, config/import/README.md
  size_t columns = 0;  // that are used
};

/// How a CSV file is written: UTF-8 or else GB18030, and the delimiter that its first line has most of, out of comma,
/// semicolon and tab; guarded formulas are text. `head` is the beginning of the file.
TableShape guess_shape(std::string_view head);

/// A mapping for a table of this kind: each column whose name, in Chinese or English, is
/// known becomes a member; values of lists are translated from the words that people use for them. What is left is
/// named in a comment, or with `keep` becomes traits. Errors: invalid when what rows of the kind can't be without is
/// not there.
Result<ProposedMapping> propose_mapping(TableKind kind, const TableShape& shape, const TableSample& sample, bool keep);

}  // namespace tributary
