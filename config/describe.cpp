// The table told to people (the sample file) and to editors (the JSON Schema).
#include <algorithm>
#include <limits>
#include <set>

#include "config/assign.h"
#include "config/config.h"
#include "config/settings.h"
#include "engine/base/json_out.h"
#include "engine/base/quantity.h"

namespace tributary {
namespace {

constexpr size_t kCommentColumns = 100;

constexpr std::string_view kHeader =
    "# Tributary's configuration: every setting with its default, as printed by `tributary config sample`.\n"
    "#\n"
    "# Later ones win: default, this file, environment, flag. The environment's name of a.b is TRIBUTARY__A__B, with "
    "a\n"
    "# comma between the items of a list. Sizes: 65536, 64KiB, 4MB. Durations: 250ms, 10s, 7d. A secret x may be "
    "given\n"
    "# as x_file, the name of a file that holds it. `tributary check-config` names every mistake with line and "
    "column.\n"
    "# SIGHUP takes over changed sources, their tracking plans, and api_keys; the rest needs a restart.\n";

bool is_number(SettingType type) {
  return type == SettingType::integer || type == SettingType::size || type == SettingType::duration;
}

std::string spell_bound(SettingType type, int64_t value) {
  if (type == SettingType::size) return format_size(value);
  if (type == SettingType::duration) return format_duration(value);
  return std::to_string(value);
}

template <class Target>
std::string full_help(const Setting<Target>& setting) {
  std::string help(setting.help);
  if (is_number(setting.type)) {
    bool bounded = setting.max != std::numeric_limits<int64_t>::max();
    if (bounded) {
      help += " (" + spell_bound(setting.type, setting.min) + " to " + spell_bound(setting.type, setting.max) + ")";
    }
  }
  std::vector<std::string> words = split_words(setting.words);
  if (words.size() > 1) {
    help += " One of";
    for (size_t i = 0; i < words.size(); ++i) help += (i == 0 ? ": " : ", ") + words[i];
    help += ".";
  }
  if (is_secret(setting.type)) help += " Or " + std::string(setting.path) + "_file.";
  if (setting.required) help += " Required.";
  return help;
}

/// Appends `text` as comment lines behind `indent`, broken at spaces.
void append_comment(std::string& out, const std::string& indent, const std::string& text) {
  std::string line;
  for (size_t start = 0; start < text.size();) {
    size_t end = std::min(text.find(' ', start), text.size());
    std::string word = text.substr(start, end - start);
    if (!line.empty() && indent.size() + line.size() + word.size() + 3 > kCommentColumns) {
      out += indent + "#" + line + "\n";
      line.clear();
    }
    line += " " + word;
    start = end + 1;
  }
  out += indent + "#" + line + "\n";
}

std::string quoted(SettingType type, const std::string& value) {
  bool plain = type == SettingType::boolean || is_number(type) || is_list(type);
  if (plain) return value;
  std::string out;
  append_json_string(out, value);
  return out;
}

std::string indent_of(size_t depth) { return std::string(2 * depth, ' '); }

/// Opens the sections of `path` that are not open yet; `open` is the prefix written last, `a.b.`.
size_t open_sections(std::string& out, std::string& open, std::string_view path) {
  size_t depth = 0;
  std::string prefix;
  for (size_t dot = path.find('.'); dot != std::string_view::npos; dot = path.find('.', prefix.size())) {
    std::string longer(path.substr(0, dot + 1));
    if (!open.starts_with(longer)) {
      if (depth == 0) out += "\n";
      out += indent_of(depth) + std::string(path.substr(prefix.size(), dot - prefix.size())) + ":\n";
    }
    prefix = longer;
    ++depth;
  }
  open = prefix;
  return depth;
}

/// The comment of a line that is commented out.
void append_hidden_comment(std::string& out, const std::string& indent, const std::string& text) {
  std::string comment;
  append_comment(comment, indent, text);
  for (size_t start = 0; start < comment.size(); start = comment.find('\n', start) + 1) {
    out += "#" + comment.substr(start, comment.find('\n', start) + 1 - start);
  }
}

/// One setting of an example that is commented out: what it is, and a line that begins with `lead`.
template <class Item>
void append_example_line(std::string& out, const std::string& indent, const std::string& lead,
                         const Setting<Item>& setting) {
  append_hidden_comment(out, indent, full_help(setting));
  bool as_it_is = is_list(setting.type) || setting.type == SettingType::json || setting.type == SettingType::boolean;
  std::string example(setting.example);
  out +=
      "#" + lead + std::string(setting.path) + ": " + (as_it_is ? example : quoted(SettingType::text, example)) + "\n";
}

template <class Item>
void append_example(std::string& out, const char* name, const std::string& about,
                    const std::vector<Setting<Item>>& settings) {
  out += "\n";
  append_comment(out, "", about);
  out += std::string(name) + ": []\n";
  bool first = true;
  for (const Setting<Item>& setting : settings) {
    if (!setting.kind.empty() && !is_one_of(kSdkKind, setting.kind)) continue;
    append_example_line(out, first ? "  " : "    ", first ? "  - " : "    ", setting);
    first = false;
  }
}

/// A further source of the sample, with only what an SDK's has not.
void append_example_of_kind(std::string& out, const std::string& about, const std::string& id, std::string_view kind) {
  append_hidden_comment(out, "  ", about);
  out += "#  - id: \"" + id + "\"\n#    workspace: \"default\"\n#    kind: \"" + std::string(kind) + "\"\n";
  for (const auto& setting : source_settings()) {
    bool shared = setting.kind.empty() || is_one_of(kSdkKind, setting.kind);
    if (!shared && is_one_of(kind, setting.kind)) append_example_line(out, "    ", "    ", setting);
  }
}

void append_identifier_paths(std::string& out) {
  append_hidden_comment(
      out, "    ",
      "Identifiers in places of your own, at most 8, beside those in which every source has them: userId, "
      "anonymousId, email and phone of traits and properties, context.device, context.externalIds.");
  out += "#    identifiers:\n";
  bool first = true;
  for (const auto& setting : identifier_path_settings()) {
    append_example_line(out, first ? "      " : "        ", first ? "      - " : "        ", setting);
    first = false;
  }
}

void append_workspace_rules(std::string& out) {
  append_comment(out, "  ",
                 "Rules of single workspaces; what an entry leaves out is as above. To begin with this one, remove the "
                 "{} and each line's first #.");
  out += "  workspaces: {}\n#    default:\n";
  for (const auto& setting : workspace_rules_settings()) append_example_line(out, "      ", "      ", setting);
}

// JSON Schema

template <class Target>
void write_type(JsonOut& out, const Setting<Target>& setting) {
  switch (setting.type) {
    case SettingType::boolean:
      out.key("type").string("boolean");
      return;
    case SettingType::integer:
      out.key("type").string("integer").key("minimum").number(setting.min);
      if (setting.max != std::numeric_limits<int64_t>::max()) out.key("maximum").number(setting.max);
      return;
    case SettingType::size:
      out.key("type").begin_array().string("integer").string("string").end_array();
      out.key("minimum").number(setting.min).key("pattern").string("^(0|[1-9][0-9]*)([kMGT]B|[KMGT]iB|B)?$");
      return;
    case SettingType::duration:
      out.key("type").begin_array().string("integer").string("string").end_array();
      out.key("maximum").number(0).key("pattern").string("^(0|(0|[1-9][0-9]*)(us|ms|s|m|h|d))$");
      return;
    case SettingType::listen:
      out.key("type").string("string").key("pattern").string(":[0-9]{1,5}$");
      return;
    case SettingType::url:
      out.key("type").string("string").key("pattern").string("^(|https?://[^/?#@][^?#@]*)$");
      return;
    case SettingType::country:
      out.key("type").string("string").key("pattern").string("^([A-Z]{2})?$");
      return;
    case SettingType::word:
      out.key("enum").begin_array();
      for (const std::string& word : split_words(setting.words)) out.string(word);
      out.end_array();
      return;
    case SettingType::json:
      out.key("type").string("object");
      return;
    case SettingType::address:
    case SettingType::text_list:
    case SettingType::secrets:
      out.key("type").string("array").key("items").begin_object().key("type").begin_array();
      out.string("string").string("number").end_array().end_object();
      return;
    case SettingType::text:
    case SettingType::secret:
      out.key("type").begin_array().string("string").string("number").end_array();
      return;
  }
}

template <class Target>
void write_property(JsonOut& out, const Setting<Target>& setting, std::string_view name, bool with_default) {
  out.key(name).begin_object();
  write_type(out, setting);
  out.key("description").string(full_help(setting));
  if (with_default) {
    Target defaults;
    std::string value = spell(setting.type, setting.field(defaults));
    bool raw = setting.type == SettingType::boolean || setting.type == SettingType::integer || is_list(setting.type);
    out.key("default");
    if (raw) {
      out.raw(value);
    } else {
      out.string(value);
    }
  }
  out.end_object();
}

/// The properties below `prefix`, in the table's order, with one nested object per section.
void write_section(JsonOut& out, const std::string& prefix);

void write_workspace_rules(JsonOut& out) {
  out.key("workspaces").begin_object().key("type").begin_array().string("object").string("null").end_array();
  out.key("description").string("Rules of single workspaces, by name; what an entry leaves out is as beside it.");
  out.key("additionalProperties").begin_object();
  out.key("type").begin_array().string("object").string("null").end_array();
  out.key("additionalProperties").boolean(false).key("properties").begin_object();
  for (const auto& setting : workspace_rules_settings()) write_property(out, setting, setting.path, false);
  out.end_object().end_object().end_object();
}

void write_properties(JsonOut& out, const std::string& prefix) {
  if (prefix == "identity.") write_workspace_rules(out);
  std::set<std::string> sections;
  for (const Setting<Config>& setting : config_settings()) {
    if (!setting.path.starts_with(prefix)) continue;
    std::string_view rest = setting.path.substr(prefix.size());
    size_t dot = rest.find('.');
    if (dot == std::string_view::npos) {
      write_property(out, setting, rest, true);
    } else if (sections.insert(std::string(rest.substr(0, dot))).second) {
      out.key(rest.substr(0, dot));
      write_section(out, prefix + std::string(rest.substr(0, dot + 1)));
    }
  }
}

void write_section(JsonOut& out, const std::string& prefix) {
  out.begin_object().key("type").begin_array().string("object").string("null").end_array();
  out.key("additionalProperties").boolean(false).key("properties").begin_object();
  write_properties(out, prefix);
  out.end_object().end_object();
}

bool is_required_of(std::string_view kinds, std::string_view kind) {
  return kind.empty() ? kinds.empty() : is_one_of(kind, kinds);
}

/// What an item of `kind` must have besides what every item must: `x`, or for a secret either `x` or `x_file`.
template <class Item>
void write_required_of(JsonOut& out, const std::vector<Setting<Item>>& settings, std::string_view kind) {
  out.key("required").begin_array();
  for (const Setting<Item>& setting : settings) {
    if (setting.required && is_required_of(setting.kind, kind) && !is_secret(setting.type)) out.string(setting.path);
  }
  out.end_array();
  auto one_of_two = [&](const Setting<Item>& setting) {
    return setting.required && is_required_of(setting.kind, kind) && is_secret(setting.type);
  };
  if (std::none_of(settings.begin(), settings.end(), one_of_two)) return;
  out.key("oneOf").begin_array();
  for (const Setting<Item>& setting : settings) {
    if (!one_of_two(setting)) continue;
    std::string path(setting.path);
    out.begin_object().key("required").begin_array().string(path).end_array().end_object();
    out.begin_object().key("required").begin_array().string(path + "_file").end_array().end_object();
  }
  out.end_array();
}

/// A source without `kind` is an SDK's.
void write_required_by_kind(JsonOut& out) {
  out.key("if").begin_object().key("properties").begin_object().key("kind").begin_object();
  out.key("const").string(kWebhookKind).end_object().end_object();
  out.key("required").begin_array().string("kind").end_array().end_object();
  out.key("then").begin_object();
  write_required_of(out, source_settings(), kWebhookKind);
  out.end_object().key("else").begin_object();
  out.key("if").begin_object().key("properties").begin_object().key("kind").begin_object();
  out.key("enum").begin_array();
  const std::vector<std::string> brokers = split_words(kStreamKinds);
  for (const std::string& kind : brokers) out.string(kind);
  out.end_array().end_object().end_object().key("required").begin_array().string("kind").end_array().end_object();
  out.key("then").begin_object();
  write_required_of(out, source_settings(), brokers.front());
  out.end_object().key("else").begin_object();
  write_required_of(out, source_settings(), kSdkKind);
  out.end_object().end_object();
}

template <class Item>
void write_items(JsonOut& out, const char* name, const std::vector<Setting<Item>>& settings) {
  out.key(name).begin_object().key("type").begin_array().string("array").string("null").end_array();
  out.key("items").begin_object().key("type").string("object").key("additionalProperties").boolean(false);
  write_required_of(out, settings, "");
  if constexpr (std::is_same_v<Item, SourceItem>) write_required_by_kind(out);
  out.key("properties").begin_object();
  for (const Setting<Item>& setting : settings) {
    write_property(out, setting, setting.path, false);
    if (!is_secret(setting.type)) continue;
    out.key(std::string(setting.path) + "_file").begin_object().key("type").string("string");
    out.key("description").string("A file that holds " + std::string(setting.path) + ".").end_object();
  }
  if constexpr (std::is_same_v<Item, SourceItem>) write_items(out, "identifiers", identifier_path_settings());
  out.end_object().end_object().end_object();
}

}  // namespace

std::string config_sample() {
  std::string out(kHeader);
  std::string open;
  Config defaults;
  for (const Setting<Config>& setting : config_settings()) {
    if (setting.path.find('.') == std::string_view::npos) out += "\n";
    size_t depth = open_sections(out, open, setting.path);
    append_comment(out, indent_of(depth), full_help(setting));
    std::string_view key = setting.path.substr(open.size());
    out +=
        indent_of(depth) + std::string(key) + ": " + quoted(setting.type, spell(setting.type, setting.field(defaults)));
    out += "\n";
  }
  append_workspace_rules(out);
  append_example(out, "sources", "Where events come from. To begin with this one, likewise.", source_settings());
  append_identifier_paths(out);
  append_example_of_kind(out, "A platform that calls a webhook.", "shop", kWebhookKind);
  append_example_of_kind(out, "A broker that events are fetched from.", "orders", "kafka");
  append_example(out, "api_keys", "Who may read. Likewise.", api_key_settings());
  return out;
}

std::string config_schema() {
  std::string text;
  JsonOut out(text);
  out.begin_object().key("$schema").string("https://json-schema.org/draft/2020-12/schema");
  out.key("title").string("Tributary configuration").key("type").begin_array().string("object").string("null");
  out.end_array().key("additionalProperties").boolean(false).key("properties").begin_object();
  write_properties(out, "");
  write_items(out, "sources", source_settings());
  write_items(out, "api_keys", api_key_settings());
  out.end_object().end_object();
  return text + "\n";
}

}  // namespace tributary
