// Files with tracking plans: JSON Schemas of events, compiled when they are read.
#include <algorithm>
#include <charconv>
#include <cmath>
#include <map>
#include <optional>
#include <set>

#include "config/reader.h"
#include "config/secret_file.h"
#include "connectors/document/document_tree.h"
#include "connectors/document/json_number.h"
#include "engine/base/nearest_word.h"
#include "engine/ingest/catalogue.h"
#include "engine/ingest/tracking_plan.h"

namespace tributary {
namespace {

using PlanNode = DocumentNode;

/// Instructions of all different patterns of a plan: about a second of compiling.
constexpr size_t kPlanPatternsMax = 500'000;
/// What one takes that RE2 gives up on.
constexpr size_t kTooLargePattern = 250'000;

std::vector<std::string> words_near(std::initializer_list<const char*> words) { return {words.begin(), words.end()}; }

/// One file. Adds its mistakes to the draft.
class PlanReader {
 public:
  PlanReader(ConfigDraft& draft, const std::string& file) : draft_(draft), file_(file) {}

  std::shared_ptr<const TrackingPlan> read(const PlanNode& root) {
    PlanAct usual = PlanAct::pass;
    if (const PlanNode* node = find_entry(root, "on_violation")) usual = act(*node);
    bool quarantines_unplanned = false;
    std::map<std::string, PlannedEvent, std::less<>> events;
    bool has_events = false;
    each_entry(root, [&](const PlanNode& key, const PlanNode& value) {
      if (key.text == "events") {
        has_events = true;
        each_entry(value, [&](const PlanNode& name, const PlanNode& event) { add_event(name, event, usual, events); });
      } else if (key.text == "unplanned") {
        quarantines_unplanned = one_of(value, {"pass", "quarantine"}) == "quarantine";
      } else if (key.text != "on_violation") {
        unknown_key(key, words_near({"events", "on_violation", "unplanned"}));
      }
    });
    if (root.kind == PlanNode::Kind::map && !has_events) mistake(root, "\"events\" is missing");
    return std::make_shared<const TrackingPlan>(std::move(events), quarantines_unplanned);
  }

 private:
  void mistake(const PlanNode& node, std::string message) {
    draft_.mistake({file_, static_cast<int>(node.line), static_cast<int>(node.column)}, std::move(message));
  }

  void unknown_key(const PlanNode& key, const std::vector<std::string>& known) {
    std::string message = "unknown key \"" + key.text + "\"";
    if (auto near = nearest_word(key.text, known)) message += ", did you mean \"" + *near + "\"?";
    mistake(key, std::move(message));
  }

  template <class OnEntry>
  void each_entry(const PlanNode& map, OnEntry on_entry) {
    if (map.kind != PlanNode::Kind::map) return mistake(map, "expected a map");
    std::set<std::string> seen;
    for (size_t i = 0; i + 1 < map.children.size(); i += 2) {
      const PlanNode& key = map.children[i];
      if (!seen.insert(key.text).second) {
        mistake(key, "the key \"" + key.text + "\" stands twice");
      } else {
        on_entry(key, map.children[i + 1]);
      }
    }
  }

  template <class OnItem>
  void each_item(const PlanNode& list, OnItem on_item) {
    if (list.kind != PlanNode::Kind::list || list.children.empty()) {
      return mistake(list, "expected a list of at least one");
    }
    for (const PlanNode& item : list.children) on_item(item);
  }

  std::string one_of(const PlanNode& node, std::initializer_list<const char*> words) {
    for (const char* word : words) {
      if (node.kind == PlanNode::Kind::scalar && node.text == word) return word;
    }
    std::string all;
    for (const char* word : words) all += (all.empty() ? "" : ", ") + std::string(word);
    mistake(node, "expected one of: " + all);
    return {};
  }

  PlanAct act(const PlanNode& node) {
    std::string word = one_of(node, {"pass", "strip", "quarantine"});
    return word == "strip" ? PlanAct::strip : word == "quarantine" ? PlanAct::quarantine : PlanAct::pass;
  }

  void add_event(const PlanNode& name, const PlanNode& node, PlanAct usual,
                 std::map<std::string, PlannedEvent, std::less<>>& events) {
    const CatalogueEvent* known = find_catalogue_event(name.text);
    std::string spelled = known != nullptr ? std::string(known->name) : name.text;
    if (spelled.empty()) return mistake(name, "an event needs a name");
    PlannedEvent event;
    event.on_violation = usual;
    each_entry(node, [&](const PlanNode& key, const PlanNode& value) {
      if (key.text == "on_violation") {
        event.on_violation = act(value);
      } else if (key.text == "schema") {
        event.schema = schema(value);
        if (event.schema.types != 0 && (event.schema.types & SchemaTypes::kObject) == 0) {
          mistake(value, "properties are an object, so the type of their schema is object");
        }
      } else if (key.text != "description") {
        unknown_key(key, words_near({"schema", "on_violation", "description"}));
      }
    });
    if (!events.emplace(spelled, std::move(event)).second) {
      mistake(name, "\"" + spelled + "\" stands twice, in two spellings");
    }
  }

  PropertySchema schema(const PlanNode& node) {
    PropertySchema made;
    bool is_boolean = node.kind == PlanNode::Kind::scalar && !node.quoted;
    if (is_boolean && (node.text == "true" || node.text == "false")) {
      made.never = node.text == "false";
      return made;
    }
    each_entry(node, [&](const PlanNode& key, const PlanNode& value) {
      if (!read_values(key.text, value, made) && !read_parts(key.text, value, made)) refuse_keyword(key);
    });
    if ((made.then || made.otherwise) && !made.when) mistake(node, "then and else need if beside them");
    return made;
  }

  std::unique_ptr<PropertySchema> part(const PlanNode& node) { return std::make_unique<PropertySchema>(schema(node)); }

  std::vector<PropertySchema> parts(const PlanNode& node) {
    std::vector<PropertySchema> made;
    each_item(node, [&](const PlanNode& item) { made.push_back(schema(item)); });
    return made;
  }

  /// Keywords whose value holds no schema. False for any other.
  bool read_values(std::string_view keyword, const PlanNode& node, PropertySchema& made) {
    if (keyword == "type") {
      read_types(node, made);
    } else if (keyword == "enum") {
      each_item(node, [&](const PlanNode& item) { add_choice(item, made); });
    } else if (keyword == "const") {
      add_choice(node, made);
    } else if (keyword == "required") {
      read_required(node, made);
    } else if (keyword == "pattern") {
      read_pattern(node, made);
    } else if (keyword == "format") {
      auto format = parse_text_format(node.text);
      if (!format) mistake(node, "expected one of: date-time, date, email, uri, uuid");
      made.format = format.value_or(TextFormat::none);
    } else if (keyword == "multipleOf") {
      made.multiple_of = number(node);
      if (!(*made.multiple_of > 0)) mistake(node, "expected a number above 0");
    } else {
      return read_bound(keyword, node, made) || is_annotation(keyword);
    }
    return true;
  }

  bool read_bound(std::string_view keyword, const PlanNode& node, PropertySchema& made) {
    const std::map<std::string_view, std::optional<double>*> numbers = {{"minimum", &made.minimum},
                                                                        {"maximum", &made.maximum},
                                                                        {"exclusiveMinimum", &made.exclusive_minimum},
                                                                        {"exclusiveMaximum", &made.exclusive_maximum}};
    const std::map<std::string_view, size_t*> counts = {
        {"minLength", &made.length_min}, {"maxLength", &made.length_max},      {"minItems", &made.items_min},
        {"maxItems", &made.items_max},   {"minProperties", &made.members_min}, {"maxProperties", &made.members_max}};
    if (auto found = numbers.find(keyword); found != numbers.end()) {
      *found->second = number(node);
    } else if (auto count = counts.find(keyword); count != counts.end()) {
      double value = number(node);
      bool good = value >= 0 && value <= 1e9 && std::floor(value) == value;
      if (!good) mistake(node, "expected a whole number from 0");
      *count->second = good ? static_cast<size_t>(value) : 0;
    } else {
      return false;
    }
    return true;
  }

  static bool is_annotation(std::string_view keyword) {
    constexpr std::string_view kAnnotations[] = {"$schema",     "$id",     "$comment", "title",
                                                 "description", "default", "examples"};
    return std::find(std::begin(kAnnotations), std::end(kAnnotations), keyword) != std::end(kAnnotations);
  }

  /// Keywords that hold schemas. False for any other.
  bool read_parts(std::string_view keyword, const PlanNode& node, PropertySchema& made) {
    if (keyword == "properties") {
      each_entry(node, [&](const PlanNode& name, const PlanNode& value) {
        made.members.push_back({name.text, schema(value)});
      });
      std::sort(made.members.begin(), made.members.end(),
                [](const NamedSchema& a, const NamedSchema& b) { return a.name < b.name; });
    } else if (keyword == "additionalProperties") {
      made.other_members = part(node);
    } else if (keyword == "items") {
      made.items = part(node);
    } else if (keyword == "allOf") {
      made.all_of = parts(node);
    } else if (keyword == "anyOf") {
      made.any_of = parts(node);
    } else if (keyword == "oneOf") {
      made.one_of = parts(node);
    } else if (keyword == "not") {
      made.none_of = part(node);
    } else if (keyword == "if") {
      made.when = part(node);
    } else if (keyword == "then") {
      made.then = part(node);
    } else if (keyword == "else") {
      made.otherwise = part(node);
    } else {
      return false;
    }
    return true;
  }

  /// What is not checked must not look as if it were.
  void refuse_keyword(const PlanNode& key) {
    constexpr std::string_view kNotTaken[] = {
        "$ref",     "definitions", "patternProperties", "propertyNames",  "dependencies", "additionalItems",
        "contains", "uniqueItems", "contentMediaType",  "contentEncoding"};
    if (std::find(std::begin(kNotTaken), std::end(kNotTaken), key.text) != std::end(kNotTaken)) {
      return mistake(key, "the keyword " + key.text + " is not supported" +
                              (key.text == "$ref" ? "; in YAML an anchor and an alias repeat a schema" : ""));
    }
    unknown_key(key, words_near({"type",
                                 "enum",
                                 "const",
                                 "properties",
                                 "required",
                                 "additionalProperties",
                                 "items",
                                 "minProperties",
                                 "maxProperties",
                                 "minItems",
                                 "maxItems",
                                 "minLength",
                                 "maxLength",
                                 "pattern",
                                 "format",
                                 "minimum",
                                 "maximum",
                                 "exclusiveMinimum",
                                 "exclusiveMaximum",
                                 "multipleOf",
                                 "allOf",
                                 "anyOf",
                                 "oneOf",
                                 "not",
                                 "if",
                                 "then",
                                 "else"}));
  }

  void read_types(const PlanNode& node, PropertySchema& made) {
    auto add = [&](const PlanNode& word) {
      auto type = parse_schema_type(word.text);
      if (!type) mistake(word, "expected one of: object, array, string, number, integer, boolean, null");
      made.types |= type.value_or(0);
    };
    if (node.kind == PlanNode::Kind::list) {
      each_item(node, add);
    } else {
      add(node);
    }
  }

  void add_choice(const PlanNode& node, PropertySchema& made) {
    made.has_choice = true;
    SchemaConstant constant;
    if (node.kind == PlanNode::Kind::null) {
      constant.text = "null";
    } else if (node.kind != PlanNode::Kind::scalar) {
      return mistake(node, "expected a text, a number, true, false or null");
    } else {
      constant.text = node.text;
      if (node.quoted) {
        constant.kind = JsonKind::string;
      } else if (node.text == "true" || node.text == "false") {
        constant.kind = JsonKind::boolean;
      } else if (is_json_number(node.text)) {
        constant.kind = JsonKind::number;
        constant.number = number(node);
      } else {
        constant.kind = JsonKind::string;
      }
    }
    made.choice.push_back(std::move(constant));
  }

  void read_required(const PlanNode& node, PropertySchema& made) {
    if (node.kind == PlanNode::Kind::list && node.children.empty()) return;
    each_item(node, [&](const PlanNode& item) {
      if (item.kind != PlanNode::Kind::scalar) return mistake(item, "expected the name of a property");
      made.required.push_back(item.text);
    });
  }

  void read_pattern(const PlanNode& node, PropertySchema& made) {
    if (node.kind != PlanNode::Kind::scalar) return mistake(node, "expected a regular expression");
    auto [known, fresh] = patterns_.try_emplace(node.text);
    if (fresh && patterns_size_ <= kPlanPatternsMax) compile(node, known->second);
    made.pattern = known->second;
  }

  void compile(const PlanNode& node, std::shared_ptr<const TextPattern>& pattern) {
    auto compiled = TextPattern::compile(node.text);
    if (compiled) {
      pattern = std::move(*compiled);
      patterns_size_ += pattern->size();
    } else {
      mistake(node, "not a regular expression of RE2: " + compiled.error().message);
      if (compiled.error().code == ErrorCode::overloaded) patterns_size_ += kTooLargePattern;
    }
    if (patterns_size_ <= kPlanPatternsMax) return;
    mistake(node, "the patterns up to here are too large together: more than " + std::to_string(kPlanPatternsMax) +
                      " instructions; those behind are not read");
  }

  double number(const PlanNode& node) {
    double value = 0;
    bool good = node.kind == PlanNode::Kind::scalar && !node.quoted && is_json_number(node.text);
    if (good) {
      auto [end, error] = std::from_chars(node.text.data(), node.text.data() + node.text.size(), value);
      good = error == std::errc();
    }
    if (!good) mistake(node, "expected a number");
    return value;
  }

  ConfigDraft& draft_;
  const std::string& file_;
  std::map<std::string, std::shared_ptr<const TextPattern>> patterns_;  // by their text; null: not compiled
  size_t patterns_size_ = 0;                                            // the sum of TextPattern::size()
};

/// Null where the file has mistakes.
std::shared_ptr<const TrackingPlan> read_plan(ConfigDraft& draft, const std::string& file, const std::string& path) {
  auto text = read_small_file(file, kDocumentBytesMax);
  if (!text) {
    draft.mistake(draft.position_of(path), path + ": " + text.error().message);
    return nullptr;
  }
  auto document = parse_document(*text, Aliases::copied);
  if (auto found = std::get_if<DocumentMistake>(&document)) {
    draft.mistake({file, static_cast<int>(found->line), static_cast<int>(found->column)}, found->message);
    return nullptr;
  }
  return PlanReader(draft, file).read(std::get<DocumentNode>(document));
}

}  // namespace

void read_tracking_plans(ConfigDraft& draft) {
  std::map<std::string, std::shared_ptr<const TrackingPlan>> plans;  // by file: sources share one
  for (size_t i = 0; i < draft.sources.size(); ++i) {
    const std::string& file = draft.sources[i].tracking_plan;
    if (file.empty()) continue;
    auto [plan, fresh] = plans.try_emplace(file);
    if (fresh) plan->second = read_plan(draft, file, "sources[" + std::to_string(i) + "].tracking_plan");
    draft.config.sources[i].tracking_plan = plan->second;
  }
}

}  // namespace tributary
