// Records of customers side by side: fields, values, and how far two of them agree.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace tributary {

/// What a field's values are, which decides how they are compared.
enum class LinkageKind : uint8_t {
  code,    // equal or not: sex, state, e-mail
  name,    // of a person or place: Jaro-Winkler
  text,    // of several words: share of edits
  digits,  // a number that somebody wrote down: phone, postcode, identity number
  date,    // YYYYMMDD, with or without separators
};

struct LinkageField {
  std::string name;
  LinkageKind kind = LinkageKind::text;
  std::optional<size_t> mixed_up_with;  // the field of the same kind for which people take it: given name and surname
};

/// One customer, or one row of a file. Values are folded for matching, one per field of the table; empty: missing.
struct LinkageRecord {
  std::string id;  // unique; settles what else would depend on the order of records
  std::vector<std::string> values;
  bool second_list = false;  // when two lists are linked: which of them it is from
};

/// How far the values of one field agree.
enum class Agreement : uint8_t {
  missing,    // on one side at least: says nothing
  different,  //
  similar,    // name: Jaro-Winkler >= 0.8; text: edits <= 40 %; digits: 2 edits of 5 or more; date: 2 parts of 3 equal
  near,       // name: Jaro-Winkler >= 0.92; text: edits <= 20 %; digits, date: 1 edit
  exchanged,  // equal to the other's value of the field it is mixed up with; date: day and month exchanged
  equal,
};
constexpr size_t kAgreements = 6;
std::string_view agreement_name(Agreement agreement);

constexpr size_t kLinkageFieldsMax = 20;

/// The agreement of all fields of a pair of records, three bits each.
class AgreementPattern {
 public:
  Agreement at(size_t field) const { return static_cast<Agreement>(bits_ >> (3 * field) & 7); }
  void set(size_t field, Agreement agreement) { bits_ |= static_cast<uint64_t>(agreement) << (3 * field); }
  uint64_t bits() const { return bits_; }
  friend auto operator<=>(const AgreementPattern&, const AgreementPattern&) = default;

 private:
  uint64_t bits_ = 0;
};

struct RecordPair {
  uint32_t a = 0, b = 0;  // a < b
  friend auto operator<=>(const RecordPair&, const RecordPair&) = default;
};

/// How far two present values agree, without regard to other fields.
Agreement compare_values(LinkageKind kind, std::u32string_view a, std::u32string_view b);

/// Values are kept once. Records are named by their place, which does not depend on the order they came in: they are
/// sorted by id. Immutable, so threads may share it.
class RecordTable {
 public:
  /// Errors: invalid for no field or more than kLinkageFieldsMax, for a field mixed up with one of another kind or with
  /// itself, for a record with another number of values, and for an id that comes twice.
  static Result<RecordTable> make(std::vector<LinkageField> fields, std::vector<LinkageRecord> records);

  const std::vector<LinkageField>& fields() const { return fields_; }
  size_t size() const { return ids_.size(); }
  const std::string& id(size_t record) const { return ids_[record]; }
  /// Which of the field's values the record has; 0: missing.
  uint32_t value(size_t record, size_t field) const { return cells_[record * fields_.size() + field]; }
  std::u32string_view text(size_t field, uint32_t value) const { return columns_[field].texts[value]; }
  /// How many records have the value.
  uint32_t count(size_t field, uint32_t value) const { return columns_[field].counts[value]; }
  size_t values(size_t field) const { return columns_[field].texts.size(); }  // the missing one included

  /// Of two lists each is without duplicates, and only pairs across are compared.
  bool has_two_lists() const { return second_list_size_ > 0 && second_list_size_ < size(); }
  bool comparable(size_t a, size_t b) const {
    return a != b && (!has_two_lists() || second_list_[a] != second_list_[b]);
  }
  bool in_second_list(size_t record) const { return second_list_[record]; }
  uint64_t comparable_pairs() const;
  AgreementPattern compare(size_t a, size_t b) const;

 private:
  struct Column {
    std::vector<std::u32string> texts;  // [0]: missing
    std::vector<uint32_t> counts;
  };
  RecordTable() = default;
  void add_column(size_t field, const std::vector<LinkageRecord>& records);
  std::u32string_view cell(size_t record, size_t field) const { return text(field, value(record, field)); }

  std::vector<LinkageField> fields_;
  std::vector<std::string> ids_;
  std::vector<bool> second_list_;
  size_t second_list_size_ = 0;
  std::vector<uint32_t> cells_;  // by record, then field
  std::vector<Column> columns_;
};

}  // namespace tributary
