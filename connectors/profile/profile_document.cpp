#include "connectors/profile/profile_document.h"

#include <algorithm>
#include <set>

#include "connectors/http/request_target.h"
#include "engine/base/nearest_word.h"

namespace tributary {
namespace {

using Kind = DocumentNode::Kind;

constexpr size_t kProfileMistakesMax = 1000;
constexpr size_t kTagTextBytesMax = 4000;

class ProfileRulesReader {
 public:
  ProfileRules read(const DocumentNode& root) {
    each_entry(root, [&](const DocumentNode& key, const DocumentNode& value) {
      if (key.text == "tags") return read_tags(value);
      unknown_key(key, {"tags"});
    });
    std::sort(rules_.tags.begin(), rules_.tags.end(),
              [](const TagEntry& a, const TagEntry& b) { return a.subject < b.subject; });
    return std::move(rules_);
  }

  std::vector<DocumentMistake> take_mistakes() { return std::move(mistakes_); }

 private:
  void add(const DocumentNode& node, std::string message) {
    if (mistakes_.size() < kProfileMistakesMax) mistakes_.push_back({node.line, node.column, std::move(message)});
  }

  void unknown_key(const DocumentNode& key, const std::vector<std::string>& known) {
    std::string message = "unknown key \"" + key.text.substr(0, 64) + "\"";
    if (auto near = nearest_word(key.text, known)) message += ", did you mean \"" + *near + "\"?";
    add(key, std::move(message));
  }

  /// Calls `entry(key, value)` for each entry; an empty value counts as an empty map.
  template <class Entry>
  void each_entry(const DocumentNode& map, Entry entry) {
    if (map.kind == Kind::null) return;
    if (map.kind != Kind::map) return add(map, "expected a map");
    std::set<std::string_view> seen;
    for (size_t i = 0; i + 1 < map.children.size(); i += 2) {
      const DocumentNode& key = map.children[i];
      if (key.kind != Kind::scalar) {
        add(key, "expected a key");
      } else if (!seen.insert(key.text).second) {
        add(key, "the key \"" + key.text.substr(0, 64) + "\" stands twice");
      } else {
        entry(key, map.children[i + 1]);
      }
    }
  }

  void read_tags(const DocumentNode& types) {
    each_entry(types, [&](const DocumentNode& key, const DocumentNode& names) {
      std::string type = tag_type_code(key.text);
      if (type.empty()) return add(key, "expected a type of tags: a-z, 0-9 and _, a letter first");
      each_entry(names, [&](const DocumentNode& name, const DocumentNode& fields) { read_tag(type, name, fields); });
    });
  }

  void read_tag(const std::string& type, const DocumentNode& name, const DocumentNode& fields) {
    TagEntry entry;
    entry.type = type;
    entry.name = name.text;
    entry.subject = tag_subject(type, name.text);
    if (entry.subject.empty()) return add(name, "expected a name of at most 256 bytes");
    if (!can_be_segment(name_in_subject(entry.subject))) return add(name, "this name cannot stand in a path");
    if (!subjects_.insert(entry.subject).second) return add(name, "this tag stands twice: case and width do not count");
    each_entry(fields, [&](const DocumentNode& key, const DocumentNode& value) {
      if (key.text == "zh") return read_text(value, entry.label_zh);
      if (key.text == "en") return read_text(value, entry.label_en);
      if (key.text == "description") return read_text(value, entry.description);
      if (key.text == "exclusive_group") return read_text(value, entry.exclusive_group);
      if (key.text == "needs_note") return read_truth(value, entry.needs_note);
      unknown_key(key, {"zh", "en", "description", "exclusive_group", "needs_note"});
    });
    rules_.tags.push_back(std::move(entry));
  }

  void read_text(const DocumentNode& value, std::string& into) {
    if (value.kind != Kind::scalar || value.text.empty()) return add(value, "expected a text");
    if (value.text.size() > kTagTextBytesMax) return add(value, "expected a text of at most 4000 bytes");
    into = value.text;
  }

  void read_truth(const DocumentNode& value, bool& into) {
    bool plain = value.kind == Kind::scalar && !value.quoted && (value.text == "true" || value.text == "false");
    if (!plain) return add(value, "expected true or false");
    into = value.text == "true";
  }

  ProfileRules rules_;
  std::set<std::string> subjects_;
  std::vector<DocumentMistake> mistakes_;
};

}  // namespace

std::variant<ProfileRules, std::vector<DocumentMistake>> parse_profile_rules(std::string_view text) {
  auto document = parse_document(text);
  if (auto* mistake = std::get_if<DocumentMistake>(&document)) return std::vector{std::move(*mistake)};
  ProfileRulesReader reader;
  ProfileRules rules = reader.read(std::get<DocumentNode>(document));
  auto mistakes = reader.take_mistakes();
  if (!mistakes.empty()) return mistakes;
  return rules;
}

}  // namespace tributary
