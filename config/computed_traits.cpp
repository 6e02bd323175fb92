// The file in which users declare traits of their own.
#include <algorithm>
#include <array>
#include <map>
#include <optional>
#include <set>

#include "config/reader.h"
#include "config/secret_file.h"
#include "connectors/document/document_tree.h"
#include "engine/base/money.h"
#include "engine/base/nearest_word.h"
#include "engine/base/quantity.h"
#include "engine/domain/workspace.h"
#include "engine/ingest/catalogue.h"

namespace tributary {
namespace {

using NodeKind = DocumentNode::Kind;

constexpr size_t kConditionsMax = 16, kOneOfMax = 100;
constexpr size_t kTraitPathBytesMax = 256, kTraitPathNamesMax = 16;
constexpr size_t kEventNameBytesMax = 256;
constexpr int64_t kWindowDaysMax = 36600;
constexpr std::array<std::string_view, 3> kPlaces = {"properties", "traits", "context"};
const std::vector<std::string> kTraitKeys = {"name",  "workspace", "event",     "type",
                                             "where", "value",     "aggregate", "window"};
const std::vector<std::string> kTestKeys = {"is", "is_not", "at_least", "at_most", "exists", "one_of"};
const std::vector<std::string> kAggregates = {"count", "sum",  "min",           "max",          "average",
                                              "first", "last", "most_frequent", "unique_count", "unique_list"};

std::string in_quotes(std::string_view text) {
  std::string out(text.substr(0, 64));
  std::replace_if(out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return "\"" + out + "\"";
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& known) {
  auto near = nearest_word(std::string(word), known);
  return near ? ", did you mean \"" + *near + "\"?" : "";
}

/// Reads one file. What is wrong is told where it stands; a definition with mistakes is left out.
class ComputedTraitsFile {
 public:
  ComputedTraitsFile(ConfigDraft& draft, std::string file) : draft_(draft), file_(std::move(file)) {
    for (const Source& source : draft.config.sources) workspaces_.insert(source.workspace_name);
    for (const ApiKey& key : draft.config.api_keys) workspaces_.insert(key.workspace_name);
  }

  std::vector<ComputedTrait> read(const DocumentNode& root) {
    const DocumentNode* list = nullptr;
    each_entry(root, [&](const DocumentNode& key, const DocumentNode& value) {
      if (key.text != "computed_traits") {
        mistake(key, "unknown key " + in_quotes(key.text) + did_you_mean(key.text, {"computed_traits"}));
      } else {
        list = &value;
      }
    });
    if (list == nullptr || list->kind == NodeKind::null) return {};
    if (list->kind != NodeKind::list) {
      mistake(*list, "computed_traits: expected a list");
      return {};
    }
    for (const DocumentNode& item : list->children) read_trait(item);
    if (traits_.size() > kComputedTraitsMax) {
      mistake(*list, "computed_traits: at most " + std::to_string(kComputedTraitsMax));
    }
    std::ranges::sort(traits_, {},
                      [](const ComputedTrait& trait) { return std::tie(trait.name, trait.rule.workspace); });
    return std::move(traits_);
  }

 private:
  void mistake(const DocumentNode& at, const std::string& message) {
    draft_.mistake({file_, static_cast<int>(at.line), static_cast<int>(at.column)}, message);
  }

  template <class OnEntry>
  void each_entry(const DocumentNode& map, OnEntry on_entry) {
    if (map.kind != NodeKind::map) return mistake(map, "expected a map");
    std::set<std::string_view> seen;
    for (size_t i = 0; i + 1 < map.children.size(); i += 2) {
      const DocumentNode& key = map.children[i];
      if (!seen.insert(key.text).second) {
        mistake(key, "the key " + in_quotes(key.text) + " stands twice");
      } else {
        on_entry(key, map.children[i + 1]);
      }
    }
  }

  /// Null, and told, when it is not there or not one text.
  const DocumentNode* scalar(const DocumentNode& map, std::string_view key, bool required = false) {
    const DocumentNode* node = find_entry(map, key);
    if (node == nullptr) {
      if (required) mistake(map, "\"" + std::string(key) + "\" is missing");
      return nullptr;
    }
    if (node->kind == NodeKind::scalar && !node->text.empty()) return node;
    mistake(*node, std::string(key) + ": expected one value");
    return nullptr;
  }

  void read_trait(const DocumentNode& item) {
    size_t mistakes = draft_.mistakes.size();
    if (item.kind != NodeKind::map) return mistake(item, "expected a map with name, event and aggregate");
    each_entry(item, [&](const DocumentNode& key, const DocumentNode&) {
      if (std::ranges::find(kTraitKeys, key.text) != kTraitKeys.end()) return;
      mistake(key, "unknown key " + in_quotes(key.text) + did_you_mean(key.text, kTraitKeys));
    });
    ComputedTrait trait;
    const DocumentNode* name = scalar(item, "name", true);
    if (name != nullptr) read_name(*name, trait);
    if (const DocumentNode* workspace = scalar(item, "workspace")) read_workspace(*workspace, trait);
    read_event(item, trait.rule);
    if (const DocumentNode* where = find_entry(item, "where")) read_where(*where, trait.rule);
    read_figure(item, trait);
    if (const DocumentNode* window = scalar(item, "window")) read_window(*window, trait.window);
    if (name != nullptr) check_name(*name, trait);
    if (draft_.mistakes.size() == mistakes) traits_.push_back(std::move(trait));
  }

  void read_name(const DocumentNode& node, ComputedTrait& trait) {
    if (!is_config_id(node.text)) return mistake(node, "name: expected 1 to 64 of A-Z a-z 0-9 _ . -");
    trait.name = node.text;
  }

  // One without a workspace is of each, so it is in the way of all others of its name.
  void check_name(const DocumentNode& node, const ComputedTrait& trait) {
    if (trait.name.empty()) return;
    auto& known = names_[trait.name];
    for (const auto& [workspace, line] : known) {
      if (workspace && trait.rule.workspace && *workspace != *trait.rule.workspace) continue;
      return mistake(node, "name: " + in_quotes(node.text) + " stands already in line " + std::to_string(line));
    }
    known.emplace_back(trait.rule.workspace, node.line);
  }

  void read_workspace(const DocumentNode& node, ComputedTrait& trait) {
    trait.rule.workspace = workspace_id(node.text);
    if (workspaces_.contains(node.text)) return;
    mistake(node, "workspace: no source and no API key belongs to " + in_quotes(node.text) +
                      did_you_mean(node.text, {workspaces_.begin(), workspaces_.end()}));
  }

  void read_event(const DocumentNode& item, MeasureRule& rule) {
    const DocumentNode* event = find_entry(item, "event");
    const DocumentNode* type = find_entry(item, "type");
    if ((event == nullptr) == (type == nullptr)) {
      return mistake(event == nullptr ? item : *event,
                     "expected either \"event\", a name, or \"type\", one of page, screen, identify");
    }
    if (event != nullptr) {
      if (scalar(item, "event") == nullptr) return;
      const CatalogueEvent* known = find_catalogue_event(event->text);
      rule.name = known == nullptr ? event->text : std::string(known->name);
      if (rule.name.size() > kEventNameBytesMax) mistake(*event, "event: longer than 256 bytes");
      return;
    }
    if (scalar(item, "type") == nullptr) return;
    for (EventType each : {EventType::page, EventType::screen, EventType::identify}) {
      if (event_type_name(each) == type->text) rule.type = each;
    }
    if (rule.type != EventType::track) return;
    mistake(*type, "type: expected page or screen or identify, got " + in_quotes(type->text) +
                       did_you_mean(type->text, {"page", "screen", "identify"}));
  }

  std::vector<std::string> read_path(const DocumentNode& node, const std::string& key) {
    std::vector<std::string> names;
    for (size_t start = 0; start <= node.text.size();) {
      size_t end = std::min(node.text.find('.', start), node.text.size());
      names.push_back(node.text.substr(start, end - start));
      start = end + 1;
    }
    bool empty_name = std::ranges::any_of(names, [](const std::string& name) { return name.empty(); });
    bool good_place = std::ranges::find(kPlaces, names.front()) != kPlaces.end();
    if (names.size() < 2 || empty_name || !good_place) {
      mistake(node,
              key + ": expected names joined by dots below properties, traits or context, such as properties.total");
    } else if (node.text.size() > kTraitPathBytesMax || names.size() > kTraitPathNamesMax) {
      mistake(node, key + ": longer than 256 bytes or 16 names");
    }
    return names;
  }

  void read_where(const DocumentNode& node, MeasureRule& rule) {
    if (node.kind != NodeKind::list) return mistake(node, "where: expected a list of conditions");
    if (node.children.size() > kConditionsMax) mistake(node, "where: at most 16 conditions");
    for (const DocumentNode& child : node.children) read_condition(child, rule);
  }

  void read_condition(const DocumentNode& node, MeasureRule& rule) {
    if (node.kind != NodeKind::map) return mistake(node, "where: expected a map with property and a test");
    PropertyCondition condition;
    if (const DocumentNode* path = scalar(node, "property", true)) condition.path = read_path(*path, "property");
    size_t tests = 0;
    each_entry(node, [&](const DocumentNode& key, const DocumentNode& value) {
      if (key.text == "property") return;
      auto known = std::ranges::find(kTestKeys, key.text);
      if (known == kTestKeys.end()) {
        return mistake(key, "unknown test " + in_quotes(key.text) + did_you_mean(key.text, kTestKeys));
      }
      ++tests;
      condition.test = static_cast<PropertyCondition::Test>(known - kTestKeys.begin());
      read_test(value, condition);
    });
    if (tests != 1) mistake(node, "where: expected one of is, is_not, at_least, at_most, exists, one_of");
    rule.where.push_back(std::move(condition));
  }

  void read_test(const DocumentNode& value, PropertyCondition& condition) {
    using enum PropertyCondition::Test;
    std::string key(test_name(condition.test));
    if (condition.test == one_of) {
      bool good = value.kind == NodeKind::list && !value.children.empty() && value.children.size() <= kOneOfMax;
      if (!good) return mistake(value, "one_of: expected a list of 1 to 100 values");
      for (const DocumentNode& child : value.children) add_value(child, key, condition);
      std::ranges::sort(condition.values);
      return;
    }
    add_value(value, key, condition);
    if (condition.values.empty()) return;
    const std::string& text = condition.values.front();
    if (condition.test == exists && text != "true" && text != "false") {
      mistake(value, "exists: expected true or false, got " + in_quotes(text));
    }
    if ((condition.test == at_least || condition.test == at_most) && !parse_amount(text)) {
      mistake(value, key + ": expected a number, got " + in_quotes(text));
    }
  }

  void add_value(const DocumentNode& value, const std::string& key, PropertyCondition& condition) {
    if (value.kind != NodeKind::scalar) return mistake(value, key + ": expected one value");
    condition.values.push_back(value.text);
  }

  void read_figure(const DocumentNode& item, ComputedTrait& trait) {
    const DocumentNode* value = scalar(item, "value");
    if (value != nullptr) trait.rule.value = read_path(*value, "value");
    const DocumentNode* figure = scalar(item, "aggregate", true);
    if (figure == nullptr) return;
    auto aggregate = parse_aggregate(figure->text);
    if (!aggregate) {
      return mistake(*figure,
                     "aggregate: unknown, got " + in_quotes(figure->text) + did_you_mean(figure->text, kAggregates));
    }
    trait.aggregate = *aggregate;
    bool counts = *aggregate == Aggregate::count;
    if (counts && find_entry(item, "value") != nullptr) {
      mistake(*find_entry(item, "value"),
              "value: count is of events; to count those that have it, say so in where: exists");
    }
    if (!counts && find_entry(item, "value") == nullptr) {
      mistake(item, "\"value\" is missing: " + figure->text + " of what?");
    }
  }

  void read_window(const DocumentNode& node, TraitWindow& window) {
    if (node.text == "all") return;
    if (node.text.ends_with("cd")) {
      auto days = parse_integer(std::string_view(node.text).substr(0, node.text.size() - 2));
      if (days && *days >= 1 && *days <= kWindowDaysMax) {
        window = {TraitWindow::Kind::days, *days};
        return;
      }
    } else if (auto micros = parse_duration(node.text);
               micros && *micros >= kMicrosPerSecond && *micros <= kWindowDaysMax * kMicrosPerDay) {
      window = {TraitWindow::Kind::rolling, *micros};
      return;
    }
    mistake(node,
            "window: expected all, a time such as 30d or 12h (1s to 36600d), or calendar days such as 30cd, got " +
                in_quotes(node.text));
  }

  ConfigDraft& draft_;
  const std::string file_;
  std::set<std::string> workspaces_;
  std::map<std::string, std::vector<std::pair<std::optional<WorkspaceId>, size_t>>> names_;  // with their lines
  std::vector<ComputedTrait> traits_;
};

}  // namespace

void read_computed_traits(ConfigDraft& draft) {
  const std::string& file = draft.config.profile.computed_traits_file;
  if (file.empty()) return;
  constexpr const char* kSetting = "profile.computed_traits";
  auto text = read_small_file(file, kDocumentBytesMax);
  if (!text) {
    return draft.mistake(draft.position_of(kSetting), std::string(kSetting) + ": " + text.error().message);
  }
  auto document = parse_document(*text);
  if (auto* wrong = std::get_if<DocumentMistake>(&document)) {
    return draft.mistake({file, static_cast<int>(wrong->line), static_cast<int>(wrong->column)}, wrong->message);
  }
  auto traits = std::make_shared<ComputedTraits>();
  traits->definitions = ComputedTraitsFile(draft, file).read(std::get<DocumentNode>(document));
  traits->zone = TimeZone::load(draft.config.profile.time_zone);
  draft.config.engine.computed_traits = std::move(traits);
}

}  // namespace tributary
