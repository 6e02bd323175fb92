// Rows of a table as base records: what is said of each, and the events it becomes.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "connectors/profile/import_body.h"
#include "connectors/profile/profile_act.h"
#include "connectors/profile/record_fields.h"

namespace tributary {

enum class RowSeverity : uint8_t {
  info,
  warning,  // refuses the field, or nothing
  error,    // refuses the row
};

/// Something to be told of a row.
struct RowFinding {
  std::string field;
  std::string code;
  RowSeverity severity = RowSeverity::warning;
};

/// Whom a row that is no new customer is about.
struct RowOwner {
  CustomerId customer;
  ActName name;             // by which events reach it
  std::vector<Fact> saves;  // of its record
  Status status = Status::potential;
  std::vector<Status> asked;  // what waits for an approval
};

struct JudgedRow {
  FactSaid said;
  bool organisation = false;
  std::vector<RowFinding> findings;
  std::vector<std::string> missing;     // of what makes a record complete
  std::vector<Identifier> identifiers;  // by which such a record is found
  std::optional<RowOwner> owner;
  bool refused() const;
};

/// What the reader of saves makes of the rows. `facts` are those of save_of_row().
JudgedRow judge_row(const ImportRow& row, std::variant<std::vector<FactSaid>, ActOutcome> facts, const TimeZone& zone,
                    Timestamp now);

/// Finds what a record can't be without and `row` has not: errors, when the row is to be a customer of its own.
void require_whole_record(JudgedRow& row);

/// Finds which values of the row take the place of others in the record that its owner has, `value_replaced`, and which
/// are older than those, `value_older`. What the same table said does not count.
void compare_with_owner(const ImportBody& body, const ImportRow& row, const TimeZone& zone, JudgedRow& judged);

/// Finds identifiers that a row must not name: errors.
void refuse_suppressed(JudgedRow& row, const std::function<bool(const Identifier&)>& is_suppressed);

/// The save that a row is. `number`: of a new customer. A status that needs an approval is left out.
ProfileAct save_of_row(const ImportBody& body, const ImportRow& row, std::string_view actor, bool partial,
                       std::string_view number, bool with_status);
/// The request for the status that the row says.
ProfileAct status_request_of_row(const ImportBody& body, const ImportRow& row, Status status, std::string_view actor);
ProfileAct traits_of_row(const ImportBody& body, const ImportRow& row);

/// One row of the answer. `outcome`: refused, new, known; of an import created, joined, duplicate.
struct RowAnswer {
  std::string_view outcome;
  std::optional<CustomerId> customer;
  std::string number;
};
void append_row(JsonOut& json, const ImportRow& row, const JudgedRow& judged, const RowAnswer& answer);

}  // namespace tributary
