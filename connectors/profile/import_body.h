// The body of POST /v1/profiles/import: rows of a table on their way to base records.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "engine/engine.h"

namespace tributary {

constexpr size_t kImportRowsMax = 200;

struct ImportRow {
  uint64_t line = 0;                                        // of the table: names the row
  std::vector<std::pair<std::string, std::string>> fields;  // name, JSON
  std::string traits;                                       // a JSON object; empty: none
  std::optional<CustomerId> customer;                       // whom it was found to be about
  uint64_t same_as = 0;                                     // an earlier line of the request: about the same customer
};

struct ImportBody {
  std::string import;  // 1 to 64 letters, digits, `_` and `-`: names the table; with the line it names a row for ever
  Timestamp as_of;     // when the table said so; rows count as said one after the other, a microsecond apart
  bool dry_run = false;
  std::vector<ImportRow> rows;
};

/// What is wrong with it, in words, where it can't be read.
std::variant<ImportBody, std::string> parse_import_body(const std::string& body);

}  // namespace tributary
