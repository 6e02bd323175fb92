#include "engine/profile/customer_record.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <map>
#include <tuple>

#include "engine/base/ascii.h"
#include "engine/domain/region.h"

namespace tributary {
namespace {

using enum RecordField;

constexpr std::array kOfOrganisations = {name,   industry,           size,   contact_name, contact_title, contact_phone,
                                         source, first_contact_date, status, owner};
constexpr std::array kOfPersons = {name, phone, source, first_contact_date, status, owner};  // a phone, or an e-mail

/// Which of two words of one field is the later one; of equal times that of the better source.
bool saved_before(const Fact* a, const Fact* b) {
  auto rank = [](const Fact* fact) { return source_kind_rank(fact->text(source_kind)); };
  return std::tuple(a->at, rank(a), std::string_view(a->message_id), std::string_view(a->source)) <
         std::tuple(b->at, rank(b), std::string_view(b->message_id), std::string_view(b->source));
}

/// Those that count up to the moment `now`, oldest first.
std::vector<const Fact*> saves_until(std::span<const Fact> facts, Timestamp now) {
  std::vector<const Fact*> saves;
  for (const Fact& fact : facts) {
    if (fact.at <= now && fact.trust == Trust::verified) saves.push_back(&fact);
  }
  std::ranges::sort(saves, saved_before);
  return saves;
}

/// The words on one field as they come, oldest first.
struct SaidOfField {
  std::vector<RecordWord> words;
  size_t winner = 0;

  std::string_view value() const { return words.empty() ? std::string_view() : words[winner].value; }

  /// True when it changes the value that counts.
  bool add(RecordField field, RecordWord word) {
    std::string_view before = value();
    words.push_back(word);
    if (word.value.empty() || before.empty() || replaces(field, word.value, before)) winner = words.size() - 1;
    return value() != before;
  }

 private:
  static bool replaces(RecordField field, std::string_view word, std::string_view before) {
    if (field == source || field == status) return false;
    return field != first_contact_date || word < before;
  }
};

struct Completeness {
  int percent = 0;
  std::vector<std::string_view> missing;
};

/// A record while its saves are read, oldest first.
class RecordHistory {
 public:
  void add(const Fact& fact) {
    bool changed = false;
    for (const FactValue& value : fact.values) {
      if (value.field < kFirstBaseField) continue;
      auto field = static_cast<RecordField>(value.field);
      changed = fields_[field].add(field, {value.text, &fact}) || changed;
      codes_.erase(field);
    }
    read_codes(fact);
    if (changed) updated_at_ = fact.at;
    if (fact.act == static_cast<uint8_t>(RecordAct::saved) && !created_at_) created_at_ = fact.at;
    if (!created_at_) return;
    if (completeness().missing.empty()) {
      lacking_since_.reset();
    } else if (!lacking_since_) {
      lacking_since_ = fact.at;
    }
  }

  std::optional<CustomerRecord> record(const TimeZone& zone, Timestamp now) const {
    if (!created_at_) return std::nullopt;
    CustomerRecord record;
    record.organisation = organisation();
    record.created_at = *created_at_;
    record.updated_at = updated_at_;
    for (const auto& [field, said] : fields_) record.fields.push_back(state_of(field, said));
    Completeness filled = completeness();
    record.completeness = filled.percent;
    record.missing = std::move(filled.missing);
    if (lacking_since_) {
      record.due_at = working_days_later(*lacking_since_, zone);
      record.completion = now < *record.due_at ? CompletionState::pending : CompletionState::incomplete;
    }
    add_flags(record);
    return record;
  }

 private:
  struct Code {
    std::string_view code;
    const Fact* said = nullptr;
  };

  std::string_view text(RecordField field) const {
    auto said = fields_.find(field);
    return said == fields_.end() ? std::string_view() : said->second.value();
  }

  bool organisation() const { return text(customer_type) == "organisation"; }

  bool filled(RecordField field) const {
    if (!text(field).empty()) return true;
    if (field == size) return !text(employee_count).empty();
    return field == phone && !text(email).empty();
  }

  Completeness completeness() const {
    std::span<const RecordField> wanted = kOfPersons;
    if (organisation()) wanted = kOfOrganisations;
    Completeness found;
    for (RecordField field : wanted) {
      if (filled(field)) continue;
      found.missing.push_back(field == phone ? "phone_or_email" : record_field_name(field));
    }
    found.percent = static_cast<int>(100 * (wanted.size() - found.missing.size()) / wanted.size());
    return found;
  }

  /// The codes of one save replace those of the ones before, field by field.
  void read_codes(const Fact& fact) {
    std::string_view rest = fact.text(codes);
    std::map<RecordField, std::vector<Code>> noted;
    while (!rest.empty()) {
      std::string_view entry = rest.substr(0, rest.find(' '));
      rest.remove_prefix(std::min(rest.size(), entry.size() + 1));
      size_t colon = entry.find(':');
      auto field = find_record_field(entry.substr(0, colon));
      if (field && colon != entry.npos) noted[*field].push_back({entry.substr(colon + 1), &fact});
    }
    for (auto& [field, entries] : noted) codes_[field] = std::move(entries);
  }

  static RecordFieldState state_of(RecordField field, const SaidOfField& said) {
    RecordFieldState state;
    state.field = field;
    state.winner = said.words[said.winner];
    for (size_t i = said.words.size(); i > 0 && state.candidates.size() < kCandidatesMax; --i) {
      if (i - 1 != said.winner) state.candidates.push_back(said.words[i - 1]);
    }
    return state;
  }

  static Timestamp working_days_later(Timestamp from, const TimeZone& zone) {
    int64_t day = zone.local_day(from), later = day;
    for (int left = kDaysToComplete; left > 0;) {
      int64_t weekday = ((++later + 3) % 7 + 7) % 7;  // 1970-01-01 was a Thursday; Monday is 0
      if (weekday < 5) --left;
    }
    return zone.add_days(from, later - day);
  }

  void add_flags(CustomerRecord& record) const {
    for (const auto& [field, codes] : codes_) {
      for (const Code& each : codes) record.flags.push_back({field, each.code, each.said});
    }
    add_open_status(record);
    std::string_view size_said = text(size);
    if (!size_said.empty() && record.size() != size_said) record.flags.push_back({size, "size_conflict", nullptr});
    if (!text(province).empty() && record.region().empty())
      record.flags.push_back({province, "region_unknown", nullptr});
    if (record.organisation && !has_legal_form(text(name))) record.flags.push_back({name, "name_maybe_short", nullptr});
    std::ranges::stable_sort(record.flags, {}, &RecordFlag::field);
  }

  /// The newest word on the status is another one than the first: it needs an approval.
  void add_open_status(CustomerRecord& record) const {
    auto said = fields_.find(status);
    if (said == fields_.end()) return;
    const RecordWord& newest = said->second.words.back();
    if (newest.value != said->second.value()) record.flags.push_back({status, "approval_needed", newest.said});
  }

  static bool has_legal_form(std::string_view company);

  std::map<RecordField, SaidOfField> fields_;
  std::map<RecordField, std::vector<Code>> codes_;
  std::optional<Timestamp> created_at_, lacking_since_;
  Timestamp updated_at_;
};

/// Somewhere in the name, of words in Latin letters a whole one.
bool RecordHistory::has_legal_form(std::string_view company) {
  constexpr std::array<std::string_view, 24> kForms = {
      "公司", "合伙",   "事务所", "个体工商户", "集团", "银行", "医院", "学校", "大学", "学院", "研究院", "研究所",
      "协会", "委员会", "合作社", "商行",       "中心", "厂",   "店",   "部",   "局",   "基金", "出版社", "工作室"};
  constexpr std::array<std::string_view, 20> kWords = {
      "co",      "ltd", "inc", "gmbh", "llc", "corp", "plc", "limited", "incorporated", "corporation",
      "company", "ag",  "sa",  "bv",   "nv",  "kg",   "llp", "group",   "bank",         "university"};
  for (std::string_view form : kForms) {
    if (company.find(form) != company.npos) return true;
  }
  std::string word;
  for (size_t i = 0; i <= company.size(); ++i) {
    char c = i < company.size() ? ascii_lower(company[i]) : ' ';
    if (c >= 'a' && c <= 'z') {
      word += c;
      continue;
    }
    if (std::ranges::find(kWords, word) != kWords.end()) return true;
    word.clear();
  }
  return false;
}

std::optional<CivilDate> date_in(std::string_view text) {
  auto time = parse_iso8601(text);
  if (!time) return std::nullopt;
  return civil_from_days(time->micros / kMicrosPerDay - (time->micros % kMicrosPerDay < 0 ? 1 : 0));
}

std::optional<int64_t> number_in(std::string_view text) {
  int64_t number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end != text.data() ? std::optional(number) : std::nullopt;
}

}  // namespace

std::string_view completion_state_name(CompletionState state) {
  switch (state) {
    case CompletionState::complete:
      return "complete";
    case CompletionState::pending:
      return "pending";
    case CompletionState::incomplete:
      return "incomplete";
  }
  return "complete";
}

std::string_view CustomerRecord::text(RecordField field) const {
  auto state = std::ranges::lower_bound(fields, field, {}, &RecordFieldState::field);
  return state == fields.end() || state->field != field ? std::string_view() : state->winner.value;
}

std::string_view CustomerRecord::size() const {
  auto employees = number_in(text(employee_count));
  if (!employees) return text(RecordField::size);
  if (*employees < 100) return "small";
  return *employees <= 500 ? "medium" : "large";
}

std::string_view CustomerRecord::region() const { return region_of_province(text(province)); }

std::string_view CustomerRecord::budget_band() const {
  std::string_view budget = text(annual_budget);
  auto minor = number_in(budget);
  if (!minor || !budget.ends_with(" CNY")) return {};
  if (*minor < 10'000'000) return "under_100k";
  return *minor <= 50'000'000 ? "100k_to_500k" : "over_500k";
}

std::string_view CustomerRecord::cooperation_band(const TimeZone& zone, Timestamp now) const {
  auto since = date_in(text(cooperation_since));
  if (!since) return {};
  CivilDate today = civil_from_days(zone.local_day(now));
  // Whole years, and whether there is a day more.
  int64_t years = today.year - since->year;
  auto day_of_year = [](const CivilDate& date) { return std::pair(date.month, date.day); };
  if (years < 1 || (years == 1 && day_of_year(today) < day_of_year(*since))) return "under_1y";
  return years > 3 || (years == 3 && day_of_year(today) > day_of_year(*since)) ? "over_3y" : "1y_to_3y";
}

std::string CustomerRecord::version() const {
  std::string all;
  for (const RecordFieldState& state : fields) {
    const Fact& said = *state.winner.said;
    all += static_cast<char>(state.field);
    for (std::string_view part :
         {state.winner.value, std::string_view(said.message_id), std::string_view(said.source)}) {
      all.append(std::to_string(part.size())).append(1, ':').append(part);
    }
    all.append(std::to_string(said.at.micros)).append(1, ';');
  }
  return base32(Hash128::from_bytes(sha256(all)));
}

std::optional<CustomerRecord> customer_record(std::span<const Fact> facts, const TimeZone& zone, Timestamp now) {
  RecordHistory history;
  for (const Fact* save : saves_until(facts, now)) history.add(*save);
  return history.record(zone, now);
}

std::vector<RecordChange> record_changes(std::span<const Fact> facts, Timestamp now) {
  std::map<RecordField, SaidOfField> fields;
  std::vector<RecordChange> changes;
  for (const Fact* save : saves_until(facts, now)) {
    for (const FactValue& value : save->values) {
      if (value.field < kFirstBaseField) continue;
      auto field = static_cast<RecordField>(value.field);
      SaidOfField& said = fields[field];
      std::string_view before = said.value();
      if (said.add(field, {value.text, save})) changes.push_back({field, before, said.value(), save});
    }
  }
  return changes;
}

std::string_view record_grade(bool registered, bool known) {
  if (registered) return "registered";
  return known ? "known" : "anonymous";
}

}  // namespace tributary
