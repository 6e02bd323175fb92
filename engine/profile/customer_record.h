// A customer's base record, and what follows from it: who keeps-latest says, how complete it is and since when.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time_zone.h"
#include "engine/domain/customer_record.h"
#include "engine/domain/identifier.h"
#include "engine/profile/fact.h"

namespace tributary {

/// One word on a field. An empty value clears it.
struct RecordWord {
  std::string_view value;
  const Fact* said = nullptr;
};

/// What counts of one field, and what was said against it.
struct RecordFieldState {
  RecordField field{};
  RecordWord winner;
  std::vector<RecordWord> candidates;  // the other words, newest first; at most kCandidatesMax
};
constexpr size_t kCandidatesMax = 50;

/// Something to be noted about a field, until a newer word on it.
struct RecordFlag {
  RecordField field{};
  std::string_view code;
  const Fact* said = nullptr;  // of the event that was noted; null: it follows from what the record holds
};

enum class CompletionState : uint8_t {
  complete,
  pending,     // something is missing, and there is time to fill it in
  incomplete,  // there was
};
std::string_view completion_state_name(CompletionState state);

/// Working days, Monday to Friday, until what is missing should be there.
constexpr int kDaysToComplete = 3;

/// Lifetime: of the facts, into which it points.
class CustomerRecord {
 public:
  bool organisation = false;
  std::vector<RecordFieldState> fields;   // that were ever said; by number
  std::vector<RecordFlag> flags;          // by field, distinct (field, code)
  Timestamp created_at;                   // of the first whole save
  Timestamp updated_at;                   // of the newest change of a value
  int completeness = 0;                   // percent
  std::vector<std::string_view> missing;  // names of what completeness lacks
  CompletionState completion = CompletionState::complete;
  std::optional<Timestamp> due_at;  // for what is missing; nothing when it is complete

  /// Empty when the field was never said, or was cleared.
  std::string_view text(RecordField field) const;

  // What follows from other fields; empty when nothing does.
  std::string_view size() const;    // of the number of employees; as it was said without one
  std::string_view region() const;  // of the province
  /// `under_100k`, `100k_to_500k` (both ends), `over_500k` yuan a year; nothing of other currencies.
  std::string_view budget_band() const;
  /// `under_1y`, `1y_to_3y` (both ends), `over_3y`, on the local day of `now`.
  std::string_view cooperation_band(const TimeZone& zone, Timestamp now) const;

  /// A hash of all values that count and of the words that said them: equal for equal records.
  std::string version() const;
};

/// The record up to the moment `now`, of facts of kind `record` in any order; nothing before the first whole save.
///
/// Of each field the newest word wins, of words of one time the one of the better kind of source, then the greater
/// message id. But the first source and the first status stay, and of dates of first contact the earliest is right. A
/// word that clears a field ends what was said of it before. Source: README, The customer record.
std::optional<CustomerRecord> customer_record(std::span<const Fact> facts, const TimeZone& zone, Timestamp now);

/// A word that changed what counts of a field. Empty: nothing was said of it before, or the word cleared it.
struct RecordChange {
  RecordField field{};
  std::string_view from, to;
  const Fact* said = nullptr;
};

/// Every change up to the moment `now`, by the rule of customer_record(), oldest first; those before the first whole
/// save too. Facts in any order; the changes point into them.
std::vector<RecordChange> record_changes(std::span<const Fact> facts, Timestamp now);

/// `anonymous`, `known` from the first identifier of a person, `registered` with a base record.
std::string_view record_grade(bool registered, bool known);

}  // namespace tributary
