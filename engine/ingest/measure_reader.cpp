#include "engine/ingest/measure_reader.h"

#include <algorithm>

#include "engine/base/money.h"

namespace tributary {
namespace {

constexpr size_t kReadableBehind = 64;  // of JsonIndex::build()
constexpr size_t kTypesMax = 8;

std::optional<Decimal> number_in(const JsonValue& value, std::string& scratch) {
  if (!value.is(JsonKind::number) && !value.is(JsonKind::string)) return std::nullopt;
  return parse_amount(value.text(scratch));
}

/// Nothing when the difference does not fit.
std::optional<int> compare(const Decimal& a, const Decimal& b) {
  auto difference = add(a, negate(b));
  if (!difference) return std::nullopt;
  return difference->digits < 0 ? -1 : static_cast<int>(difference->digits > 0);
}

Decimal at_most(const Decimal& number, int64_t most) {
  Decimal bound{most, 0};
  auto order = compare(number, bound);
  return order && *order > 0 ? bound : number;
}

bool is_value(const JsonValue& value, std::string_view wanted, std::string& scratch) {
  bool scalar = value.is(JsonKind::string) || value.is(JsonKind::number) || value.is(JsonKind::boolean);
  if (!scalar) return false;
  if (value.text(scratch) == wanted) return true;
  auto number = number_in(value, scratch);
  auto other = parse_amount(wanted);
  return number && other && compare(*number, *other) == 0;
}

bool is_within(const JsonValue& value, const PropertyCondition& condition, std::string& scratch) {
  auto number = number_in(value, scratch);
  auto bound = parse_amount(condition.values.front());
  if (!number || !bound) return false;
  auto order = compare(*number, *bound);
  if (!order) return false;
  return condition.test == PropertyCondition::Test::at_least ? *order >= 0 : *order <= 0;
}

}  // namespace

MeasureReader::MeasureReader(const std::vector<ComputedTrait>& definitions)
    : by_type_(kTypesMax), index_(kRecordPayloadMax) {
  for (const ComputedTrait& definition : definitions) {
    Hash128 measure = measure_of(definition.rule);
    if (std::ranges::find(rules_, measure, &Rule::measure) != rules_.end()) continue;
    auto number = static_cast<uint32_t>(rules_.size());
    rules_.push_back({definition.rule, measure});
    if (definition.rule.type == EventType::track) {
      by_name_[definition.rule.name].push_back(number);
    } else {
      by_type_.at(static_cast<size_t>(definition.rule.type)).push_back(number);
    }
  }
}

const MeasureReader::RuleList* MeasureReader::rules_for(const EventView& event) const {
  if (event.type != EventType::track) {
    const RuleList& rules = by_type_.at(static_cast<size_t>(event.type));
    return rules.empty() ? nullptr : &rules;
  }
  auto found = by_name_.find(event.name);
  return found == by_name_.end() ? nullptr : &found->second;
}

const std::vector<MeasureReader::Said>& MeasureReader::read(WorkspaceId workspace, const EventView& event) {
  said_.clear();
  if (rules_.empty()) return said_;
  const RuleList* rules = rules_for(event);
  if (rules == nullptr) return said_;
  bool parsed = false;
  for (uint32_t number : *rules) {
    const MeasureRule& rule = rules_[number].rule;
    if (rule.workspace && *rule.workspace != workspace) continue;
    bool needs_json = !rule.where.empty() || !rule.value.empty();
    if (needs_json && !parsed && !parse(event.json)) return said_;
    parsed = parsed || needs_json;
    if (!std::ranges::all_of(rule.where, [this](const PropertyCondition& each) { return passes(each); })) continue;
    Said said{rules_[number].measure, {event.occurred_at, event.message_hash, MeasureType::nothing, {}}};
    if (!rule.value.empty() && !measure(rule, said.measurement)) continue;
    said_.push_back(std::move(said));
  }
  return said_;
}

// What is in the log was proven when it came in; bytes that are not JSON now say nothing.
bool MeasureReader::parse(std::string_view json) {
  json_.reserve(json.size() + kReadableBehind);
  json_ = json;
  return index_.build(json_, json_, SIZE_MAX) == JsonProof::valid;
}

JsonValue MeasureReader::find(const std::vector<std::string>& path) const {
  auto below = [&path](JsonValue value) {
    for (const std::string& name : path) value = value.is(JsonKind::object) ? find_member(value, name) : JsonValue();
    return value;
  };
  JsonValue value = below(index_.root());
  bool in_context = value.is(JsonKind::absent) && path.front() == "traits";
  // Calls other than identify carry traits in the context.
  return in_context ? below(find_member(index_.root(), "context")) : value;
}

bool MeasureReader::passes(const PropertyCondition& condition) {
  using enum PropertyCondition::Test;
  JsonValue value = find(condition.path);
  auto is_it = [&](const std::string& wanted) { return is_value(value, wanted, scratch_); };
  switch (condition.test) {
    case is:
    case one_of:
      return std::ranges::any_of(condition.values, is_it);
    case is_not:
      return !is_it(condition.values.front());
    case at_least:
    case at_most:
      return is_within(value, condition, scratch_);
    case exists:
      return value.missing() == (condition.values.front() == "false");
  }
  return false;
}

bool MeasureReader::measure(const MeasureRule& rule, Measurement& measurement) {
  JsonValue value = find(rule.value);
  if (value.is(JsonKind::number)) {
    auto number = parse_amount(value.raw());
    if (!number) return false;
    if (rule.value_most) number = at_most(*number, *rule.value_most);
    measurement.type = MeasureType::number;
    measurement.text = to_shortest_text(*number);
    return true;
  }
  if (value.missing() || (!value.is(JsonKind::string) && !value.is(JsonKind::boolean))) return false;
  measurement.type = value.is(JsonKind::string) ? MeasureType::text : MeasureType::boolean;
  measurement.text = value.text(scratch_);
  return measurement.text.size() <= kMeasureTextMax;
}

}  // namespace tributary
