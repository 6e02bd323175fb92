#include "engine/linkage/record_table.h"

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

#include "engine/linkage/similarity.h"

namespace tributary {
namespace {

constexpr double kNameSimilar = 0.8, kNameNear = 0.92;  // Jaro-Winkler
constexpr size_t kTextSimilarPercent = 40, kTextNearPercent = 20;
constexpr size_t kDigitsForTwoEdits = 5;  // in fewer, two edits leave too little

Agreement compare_names(std::u32string_view a, std::u32string_view b) {
  double similarity = jaro_winkler(a, b);
  if (similarity >= kNameNear) return Agreement::near;
  return similarity >= kNameSimilar ? Agreement::similar : Agreement::different;
}

Agreement compare_texts(std::u32string_view a, std::u32string_view b) {
  size_t percent = 100 * edit_distance(a, b) / std::max(a.size(), b.size());
  if (percent <= kTextNearPercent) return Agreement::near;
  return percent <= kTextSimilarPercent ? Agreement::similar : Agreement::different;
}

Agreement compare_digits(std::u32string_view a, std::u32string_view b) {
  size_t edits = edit_distance(a, b);
  if (edits == 1) return Agreement::near;
  return edits == 2 && std::max(a.size(), b.size()) >= kDigitsForTwoEdits ? Agreement::similar : Agreement::different;
}

std::u32string digits_of(std::u32string_view text) {
  std::u32string digits;
  std::copy_if(text.begin(), text.end(), std::back_inserter(digits), [](char32_t c) { return c >= '0' && c <= '9'; });
  return digits;
}

Agreement compare_dates(std::u32string_view a_text, std::u32string_view b_text) {
  constexpr size_t kDateDigits = 8;
  std::u32string a_digits = digits_of(a_text), b_digits = digits_of(b_text);
  if (a_digits.size() != kDateDigits || b_digits.size() != kDateDigits) return compare_digits(a_text, b_text);
  std::u32string_view a = a_digits, b = b_digits;
  if (a == b) return Agreement::equal;
  bool year = a.substr(0, 4) == b.substr(0, 4);
  if (year && a.substr(4, 2) == b.substr(6) && a.substr(6) == b.substr(4, 2)) return Agreement::exchanged;
  if (edit_distance(a, b) == 1) return Agreement::near;
  int parts = (year ? 1 : 0) + (a.substr(4, 2) == b.substr(4, 2) ? 1 : 0) + (a.substr(6) == b.substr(6) ? 1 : 0);
  return parts == 2 ? Agreement::similar : Agreement::different;
}

Result<void> check_fields(const std::vector<LinkageField>& fields) {
  if (fields.empty() || fields.size() > kLinkageFieldsMax) {
    return Error{ErrorCode::invalid, "records have 1 to " + std::to_string(kLinkageFieldsMax) + " fields, not " +
                                         std::to_string(fields.size())};
  }
  for (size_t i = 0; i < fields.size(); ++i) {
    const std::optional<size_t>& other = fields[i].mixed_up_with;
    if (!other) continue;
    if (*other < fields.size() && *other != i && fields[*other].kind == fields[i].kind) continue;
    return Error{ErrorCode::invalid, fields[i].name + " can only be mixed up with another field of its kind"};
  }
  return {};
}

Result<void> check_records(size_t fields, const std::vector<LinkageRecord>& sorted) {
  for (size_t i = 0; i < sorted.size(); ++i) {
    if (sorted[i].values.size() != fields) {
      return Error{ErrorCode::invalid, "record " + sorted[i].id + " has " + std::to_string(sorted[i].values.size()) +
                                           " values, not " + std::to_string(fields)};
    }
    if (i > 0 && sorted[i].id == sorted[i - 1].id) return Error{ErrorCode::invalid, "two records are " + sorted[i].id};
  }
  return {};
}

}  // namespace

std::string_view agreement_name(Agreement agreement) {
  constexpr std::array<std::string_view, kAgreements> kNames = {"missing", "different", "similar",
                                                                "near",    "exchanged", "equal"};
  return kNames[static_cast<size_t>(agreement)];
}

Agreement compare_values(LinkageKind kind, std::u32string_view a, std::u32string_view b) {
  if (a == b) return Agreement::equal;
  switch (kind) {
    case LinkageKind::code:
      return Agreement::different;
    case LinkageKind::name:
      return compare_names(a, b);
    case LinkageKind::text:
      return compare_texts(a, b);
    case LinkageKind::digits:
      return compare_digits(a, b);
    case LinkageKind::date:
      return compare_dates(a, b);
  }
  return Agreement::different;
}

Result<RecordTable> RecordTable::make(std::vector<LinkageField> fields, std::vector<LinkageRecord> records) {
  TRIBUTARY_TRY(check_fields(fields));
  std::sort(records.begin(), records.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  TRIBUTARY_TRY(check_records(fields.size(), records));
  RecordTable table;
  table.fields_ = std::move(fields);
  table.cells_.resize(records.size() * table.fields_.size());
  table.columns_.resize(table.fields_.size());
  for (size_t field = 0; field < table.fields_.size(); ++field) table.add_column(field, records);
  for (LinkageRecord& record : records) {
    table.ids_.push_back(std::move(record.id));
    table.second_list_.push_back(record.second_list);
    table.second_list_size_ += record.second_list ? 1 : 0;
  }
  return table;
}

void RecordTable::add_column(size_t field, const std::vector<LinkageRecord>& records) {
  std::map<std::string_view, uint32_t> known = {{"", 0}};
  Column& column = columns_[field];
  column.texts.emplace_back();
  column.counts.push_back(0);
  for (size_t i = 0; i < records.size(); ++i) {
    auto [found, fresh] = known.try_emplace(records[i].values[field], static_cast<uint32_t>(column.texts.size()));
    if (fresh) {
      column.texts.push_back(code_points(found->first));
      column.counts.push_back(0);
    }
    ++column.counts[found->second];
    cells_[i * fields_.size() + field] = found->second;
  }
}

uint64_t RecordTable::comparable_pairs() const {
  uint64_t records = size(), second = second_list_size_;
  return has_two_lists() ? second * (records - second) : records * (records - std::min<uint64_t>(records, 1)) / 2;
}

AgreementPattern RecordTable::compare(size_t a, size_t b) const {
  AgreementPattern pattern;
  for (size_t field = 0; field < fields_.size(); ++field) {
    uint32_t a_value = value(a, field), b_value = value(b, field);
    if (a_value == 0 || b_value == 0) continue;
    Agreement agreement = a_value == b_value
                              ? Agreement::equal
                              : compare_values(fields_[field].kind, text(field, a_value), text(field, b_value));
    if (agreement != Agreement::equal && fields_[field].mixed_up_with) {
      size_t other = *fields_[field].mixed_up_with;
      bool exchanged = cell(a, field) == cell(b, other) || cell(b, field) == cell(a, other);
      if (exchanged) agreement = Agreement::exchanged;
    }
    pattern.set(field, agreement);
  }
  return pattern;
}

}  // namespace tributary
