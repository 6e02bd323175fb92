// The YAML file into a draft. yaml-cpp's traps are handled here: duplicate keys (it keeps both), further documents (it
// drops them), marks that count from 0, and nodes that write through when assigned.
#include <yaml-cpp/yaml.h>

#include <fstream>
#include <functional>
#include <set>
#include <sstream>

#include "config/assign.h"
#include "config/reader.h"
#include "config/secret_file.h"
#include "connectors/document/json_number.h"
#include "connectors/document/one_document.h"
#include "engine/base/json_out.h"
#include "engine/base/nearest_word.h"

namespace tributary {
namespace {

constexpr int kJsonDepthMax = 32;
constexpr std::string_view kFileSuffix = "_file";
constexpr const char* kWorkspaceRules = "identity.workspaces";

class YamlReader {
 public:
  YamlReader(ConfigDraft& draft, const std::string& name) : draft_(draft), name_(name) {}

  void read(const std::string& text) try {
    if (auto second = find_second_document(text)) {
      draft_.mistake({name_, static_cast<int>(second->line), static_cast<int>(second->column)},
                     "a second document; the file must hold one");
    }
    read_section(YAML::Load(text), "");
  } catch (const YAML::Exception& error) {
    draft_.mistake({name_, error.mark.line + 1, error.mark.column + 1}, "not valid YAML: " + error.msg);
  }

 private:
  ConfigPosition position(const YAML::Node& node) const {
    YAML::Mark mark = node.Mark();
    if (mark.is_null()) return {name_, 0, 0};
    return {name_, mark.line + 1, mark.column + 1};
  }

  /// Calls `entry(key, key position, value)` for each entry of a map. An empty value counts as an empty map.
  template <class Entry>
  void each_entry(const YAML::Node& map, const std::string& path, Entry entry) {
    if (map.IsNull()) return;
    if (!map.IsMap()) {
      std::string what = path.empty() ? "the file" : path;
      draft_.mistake(position(map), what + ": expected a map of settings");
      return;
    }
    std::set<std::string> seen;
    for (const auto& pair : map) {
      if (!pair.first.IsScalar()) {
        draft_.mistake(position(pair.first), "expected a key");
        continue;
      }
      const std::string& key = pair.first.Scalar();
      if (!seen.insert(key).second) {
        draft_.mistake(position(pair.first), "the key \"" + key + "\" stands twice");
        continue;
      }
      entry(key, position(pair.first), pair.second);
    }
  }

  void unknown_key(const ConfigPosition& where, const std::string& key, const std::vector<std::string>& known) {
    std::string message = "unknown key \"" + key + "\"";
    if (auto near = nearest_word(key, known)) message += ", did you mean \"" + *near + "\"?";
    draft_.mistake(where, message);
  }

  /// A map of the top level or below it; `prefix` ends with a dot or is empty.
  void read_section(const YAML::Node& node, const std::string& prefix) {
    std::string name = prefix.empty() ? "" : prefix.substr(0, prefix.size() - 1);
    each_entry(node, name, [&](const std::string& key, const ConfigPosition& where, const YAML::Node& value) {
      std::string path = prefix + key;
      if (path == "sources") return read_items(value, path, source_settings(), draft_.sources);
      if (path == kWorkspaceRules) return read_workspace_rules(value);
      if (path == "api_keys") return read_items(value, path, api_key_settings(), draft_.api_keys);
      bool is_section = false;
      for (const Setting<Config>& setting : config_settings()) {
        if (setting.path == path) return read_value(setting, draft_.config, path, where, value);
        is_section = is_section || setting.path.starts_with(path + ".");
      }
      if (is_section) return read_section(value, path + ".");
      unknown_key(where, key, keys_below(prefix));
    });
  }

  static std::vector<std::string> keys_below(const std::string& prefix) {
    std::vector<std::string> keys;
    if (prefix.empty()) keys = {"sources", "api_keys"};
    if (prefix == "identity.") keys = {"workspaces"};
    for (const Setting<Config>& setting : config_settings()) {
      if (!setting.path.starts_with(prefix)) continue;
      std::string_view rest = setting.path.substr(prefix.size());
      keys.emplace_back(rest.substr(0, rest.find('.')));
    }
    return keys;
  }

  template <class Item>
  void read_items(const YAML::Node& node, const std::string& path, const std::vector<Setting<Item>>& settings,
                  std::vector<Item>& items) {
    if (node.IsNull()) return;
    if (!node.IsSequence()) {
      draft_.mistake(position(node), path + ": expected a list");
      return;
    }
    for (const YAML::Node& child : node) {
      std::string item_path = path + "[" + std::to_string(items.size()) + "]";
      draft_.positions[item_path] = position(child);
      read_item(child, item_path, settings, items.emplace_back());
    }
  }

  void read_workspace_rules(const YAML::Node& node) {
    each_entry(node, kWorkspaceRules,
               [&](const std::string& key, const ConfigPosition& where, const YAML::Node& value) {
                 std::string path = kWorkspaceRules + ("[" + key + "]");
                 draft_.positions[path] = where;
                 WorkspaceRulesItem& item = draft_.workspace_rules.emplace_back();
                 item.workspace = key;
                 read_item(value, path, workspace_rules_settings(), item);
               });
  }

  template <class Item>
  void read_item(const YAML::Node& node, const std::string& path, const std::vector<Setting<Item>>& settings,
                 Item& item) {
    std::vector<std::string> known;
    for (const Setting<Item>& setting : settings) {
      known.emplace_back(setting.path);
      if (is_secret(setting.type)) known.push_back(std::string(setting.path) + std::string(kFileSuffix));
    }
    constexpr bool kHasIdentifiers = std::is_same_v<Item, SourceItem>;
    if (kHasIdentifiers) known.emplace_back("identifiers");
    std::set<std::string> given;
    each_entry(node, path, [&](const std::string& key, const ConfigPosition& where, const YAML::Node& value) {
      for (const Setting<Item>& setting : settings) {
        bool file = is_secret(setting.type) && key == std::string(setting.path) + std::string(kFileSuffix);
        if (!file && key != setting.path) continue;
        std::string value_path = path + "." + std::string(setting.path);
        if (!given.insert(value_path).second) {
          draft_.mistake(where, "\"" + std::string(setting.path) + "\" and \"" + std::string(setting.path) +
                                    "_file\" exclude each other");
        } else if (file) {
          read_secret_file(setting, item, value_path, value);
        } else {
          read_value(setting, item, value_path, where, value);
        }
        return;
      }
      if constexpr (kHasIdentifiers) {
        if (key == "identifiers") {
          draft_.positions[path + ".identifiers"] = where;
          return read_items(value, path + ".identifiers", identifier_path_settings(), item.identifiers);
        }
      }
      unknown_key(where, key, known);
    });
    if (!node.IsMap()) return;
    bool kind_is_known = !draft_.has_mistake_at(path + ".kind");
    for (const Setting<Item>& setting : settings) {
      // Of a source whose kind can't be read nothing can be said about what it must and must not have.
      if (!kind_is_known && is_of_one_kind(setting)) continue;
      std::string value_path = path + "." + std::string(setting.path);
      bool has_key = given.contains(value_path);
      if (!is_of_kind(setting, item)) {
        if (has_key)
          draft_.mistake(draft_.position_of(value_path),
                         value_path + ": a source of kind " + item_kind(item) + " does not have it");
      } else if (setting.required && !has_key) {
        draft_.mistake(position(node), path + ": \"" + std::string(setting.path) + "\" is missing");
      }
    }
  }

  template <class Item>
  static bool is_of_one_kind(const Setting<Item>& setting) {
    if constexpr (std::is_same_v<Item, SourceItem>) return !setting.kind.empty();
    return false;
  }

  template <class Item>
  static std::string item_kind(const Item& item) {
    if constexpr (std::is_same_v<Item, SourceItem>) return item.kind;
    return "";
  }

  template <class Item>
  static bool is_of_kind(const Setting<Item>& setting, const Item& item) {
    if constexpr (std::is_same_v<Item, SourceItem>) return setting.kind.empty() || is_one_of(item.kind, setting.kind);
    return true;
  }

  template <class Target>
  void read_value(const Setting<Target>& setting, Target& target, const std::string& path, const ConfigPosition& key,
                  const YAML::Node& node) {
    draft_.positions[path] = node.IsNull() ? key : position(node);
    if (node.IsNull() && setting.type != SettingType::json) return draft_.mistake(key, path + ": a value is missing");
    if (setting.type == SettingType::json) return read_json(*std::get<std::string*>(setting.field(target)), path, node);
    if (!is_list(setting.type)) return read_scalar(setting, target, path, node);
    if (!node.IsSequence()) {
      draft_.mistake(position(node), path + ": expected a list");
      return;
    }
    std::get<std::vector<std::string>*>(setting.field(target))->clear();
    size_t index = 0;
    for (const YAML::Node& child : node) {
      std::string child_path = path + "[" + std::to_string(index++) + "]";
      draft_.positions[child_path] = position(child);
      read_scalar(setting, target, child_path, child);
    }
  }

  template <class Target>
  void read_scalar(const Setting<Target>& setting, Target& target, const std::string& path, const YAML::Node& node) {
    if (!node.IsScalar()) {
      draft_.mistake(position(node), path + ": expected one value");
      return;
    }
    if (auto mistake = assign(rule_of(setting), setting.field(target), node.Scalar())) {
      draft_.mistake(position(node), path + ": " + *mistake);
    }
  }

  template <class Target>
  void read_secret_file(const Setting<Target>& setting, Target& target, const std::string& path,
                        const YAML::Node& node) {
    draft_.positions[path] = position(node);
    if (!node.IsScalar() || node.Scalar().empty()) {
      draft_.mistake(position(node), path + "_file: expected the name of a file");
      return;
    }
    auto secrets = read_secrets(node.Scalar(), setting.type == SettingType::secrets);
    if (!secrets) {
      draft_.mistake(position(node), path + "_file: " + secrets.error().message);
      return;
    }
    for (const std::string& secret : *secrets) {
      if (auto mistake = assign(rule_of(setting), setting.field(target), secret)) {
        draft_.mistake(position(node), path + "_file: " + *mistake);
      }
    }
  }

  void read_json(std::string& target, const std::string& path, const YAML::Node& node) {
    if (node.IsNull()) return;
    if (!node.IsMap()) {
      draft_.mistake(position(node), path + ": expected a map");
      return;
    }
    std::string json;
    JsonOut out(json);
    if (write_json(out, node, path, 0)) target = json;
  }

  bool write_json(JsonOut& out, const YAML::Node& node, const std::string& path, int depth) {
    if (depth > kJsonDepthMax) {
      draft_.mistake(position(node), path + ": nested too deeply");
      return false;
    }
    if (node.IsMap()) {
      bool good = true;
      out.begin_object();
      each_entry(node, path, [&](const std::string& key, const ConfigPosition&, const YAML::Node& value) {
        out.key(key);
        good = good && write_json(out, value, path + "." + key, depth + 1);
      });
      out.end_object();
      return good;
    }
    if (node.IsSequence()) {
      out.begin_array();
      for (const YAML::Node& child : node) {
        if (!write_json(out, child, path, depth + 1)) return false;
      }
      out.end_array();
      return true;
    }
    write_json_scalar(out, node);
    return true;
  }

  static void write_json_scalar(JsonOut& out, const YAML::Node& node) {
    if (node.IsNull()) {
      out.null();
      return;
    }
    const std::string& text = node.Scalar();
    bool quoted = node.Tag() == "!";
    if (!quoted && (text == "true" || text == "false" || is_json_number(text))) {
      out.raw(text);
    } else {
      out.string(text);
    }
  }

  ConfigDraft& draft_;
  const std::string& name_;
};

}  // namespace

void read_yaml(ConfigDraft& draft, const std::string& text, const std::string& name) {
  YamlReader(draft, name).read(text);
}

}  // namespace tributary
