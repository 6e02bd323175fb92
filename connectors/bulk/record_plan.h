// Which rows of a table of base records are about one customer: by identifiers, and by the rules of duplicates.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/engine.h"

namespace tributary {

/// What rows and customers are compared by, as their records say it.
struct ComparedRecord {
  bool organisation = false;
  std::string name, contact, phone;
  bool phone_masked = false;
  std::string uscc;
};

/// A customer that the server has.
struct KnownRecord {
  std::string customer_id, customer_no;
  ComparedRecord record;
};

/// A row that is not refused.
struct PlannedRow {
  uint64_t line = 0;
  ComparedRecord record;
  std::vector<std::string> identifiers;  // kind:value
  std::string customer_id;               // whom its identifiers name already
};

/// Whom a row is about.
struct RowDestiny {
  std::string customer_id, customer_no;  // of a customer that is known
  size_t first = 0;                      // place of the row it joins; its own, when it is a new customer's first
  std::string rule;                      // by which it joins: D1, D2 or identifier; empty: it joins nobody
  std::string suspected;                 // `D4 line 7`: what people should look at
  bool joins() const { return !rule.empty(); }
};

/// Names of the groups in which customers may be partners of a record. A customer without one of the rows' is never
/// compared.
std::vector<std::string> groups_of_record(const ComparedRecord& record);

/// Judges all rows together with the customers that the server has. Of one customer the earliest row is first.
std::vector<RowDestiny> plan_rows(std::span<const PlannedRow> rows, std::span<const KnownRecord> known);

}  // namespace tributary
