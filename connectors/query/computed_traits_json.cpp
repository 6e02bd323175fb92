#include "connectors/query/computed_traits_json.h"

namespace tributary {
namespace {

std::string dotted(const std::vector<std::string>& path) {
  std::string text;
  for (const std::string& name : path) text += (text.empty() ? "" : ".") + name;
  return text;
}

void append_condition(JsonOut& json, const PropertyCondition& condition) {
  using enum PropertyCondition::Test;
  json.begin_object().key("property").string(dotted(condition.path)).key(test_name(condition.test));
  if (condition.test == one_of) {
    json.begin_array();
    for (const std::string& value : condition.values) json.string(value);
    json.end_array();
  } else if (condition.test == exists) {
    json.boolean(condition.values.front() == "true");
  } else {
    json.string(condition.values.front());
  }
  json.end_object();
}

void append_definition(JsonOut& json, const ComputedTrait& trait) {
  const MeasureRule& rule = trait.rule;
  json.begin_object().key("name").string(trait.name).key("type").string(event_type_name(rule.type));
  if (rule.type == EventType::track) json.key("event").string(rule.name);
  json.key("where").begin_array();
  for (const PropertyCondition& condition : rule.where) append_condition(json, condition);
  json.end_array();
  if (!rule.value.empty()) json.key("value").string(dotted(rule.value));
  json.key("aggregate").string(aggregate_name(trait.aggregate)).key("window").string(window_text(trait.window));
  json.end_object();
}

}  // namespace

void append_computed_traits(JsonOut& json, const std::vector<ComputedTraitView>& traits, bool verbose) {
  json.begin_object();
  for (const ComputedTraitView& trait : traits) {
    json.key(trait.name);
    if (!verbose) {
      json.raw(trait.value.json);
      continue;
    }
    json.begin_object().key("value").raw(trait.value.json).key("count").unsigned_number(trait.value.count);
    json.key("window").string(window_text(trait.window)).key("complete").boolean(trait.value.complete);
    if (!trait.value.list_whole) json.key("list_complete").boolean(false);
    json.end_object();
  }
  json.end_object();
}

std::string computed_traits_json(const std::vector<ComputedTraitView>& traits) {
  std::string out;
  JsonOut json(out);
  append_computed_traits(json, traits, false);
  return out;
}

std::string computed_trait_definitions_json(const ComputedTraits* traits, WorkspaceId workspace) {
  std::string out;
  JsonOut json(out);
  json.begin_object().key("computed_traits").begin_array();
  if (traits != nullptr) {
    for (const ComputedTrait& trait : traits->definitions) {
      if (is_for(trait, workspace)) append_definition(json, trait);
    }
  }
  json.end_array().end_object();
  return out;
}

}  // namespace tributary
