#include "connectors/identity/rules_document.h"

#include <algorithm>
#include <array>
#include <functional>
#include <limits>
#include <map>
#include <optional>
#include <set>

#include "engine/base/ascii.h"
#include "engine/base/nearest_word.h"
#include "engine/base/quantity.h"

namespace tributary {
namespace {

using Kind = DocumentNode::Kind;

constexpr size_t kMistakesMax = 1000;
constexpr size_t kShownBytesMax = 64;
constexpr int64_t kNumberMax = std::numeric_limits<uint32_t>::max();

/// Rules of other systems that judge a whole customer. Ours are asked again whenever customers come apart, and must not
/// forbid the parts of what they accepted.
constexpr std::array<std::string_view, 17> kWordsAboutWholes = {
    "at_least",         "least",     "min",      "minimum",     "min_count",
    "minimum_count",    "require",   "required", "requires",    "needs",
    "must_have",        "only_with", "unless",   "same_domain", "same_email_domain",
    "distinct_domains", "reject_if"};

bool is_about_wholes(std::string_view written) {
  std::string word = ascii_lowered(written);
  for (char& c : word) {
    if (c == '-' || c == ' ') c = '_';
  }
  return std::find(kWordsAboutWholes.begin(), kWordsAboutWholes.end(), word) != kWordsAboutWholes.end();
}

std::string shown(std::string_view text) {
  std::string out(text.substr(0, kShownBytesMax));
  std::replace_if(out.begin(), out.end(), [](unsigned char c) { return c < 0x20 || c == 0x7f; }, '?');
  return "\"" + out + "\"";
}

std::string joined_words(const std::vector<std::string>& words) {
  std::string all;
  for (const std::string& word : words) all += (all.empty() ? "" : " or ") + word;
  return all;
}

class RulesReader {
 public:
  Rules read(const DocumentNode& root) {
    if (root.kind != Kind::map) {
      add(root, "expected a map with claims, kinds, hubs, blocked");
      return rules_;
    }
    each_entry(root, "", [&](const DocumentNode& key, const DocumentNode& value) {
      if (key.text == "claims") return read_claims(value);
      if (key.text == "kinds") return read_kinds(value);
      if (key.text == "hubs") return read_hubs(value);
      if (key.text == "blocked") return read_blocked(value);
      unknown_key(key, "", {"claims", "kinds", "hubs", "blocked"});
    });
    if (mistakes_.empty()) judge(last_pattern_ ? *last_pattern_ : root, rules_);
    return rules_;
  }

  std::vector<DocumentMistake> take_mistakes() {
    std::stable_sort(mistakes_.begin(), mistakes_.end(), [](const DocumentMistake& a, const DocumentMistake& b) {
      return std::pair(a.line, a.column) < std::pair(b.line, b.column);
    });
    return std::move(mistakes_);
  }

 private:
  struct KindEntry {
    IdentifierKind kind;
    const DocumentNode* key;
    const DocumentNode* value;
  };

  // -- mistakes -------------------------------------------------------------------------------------------------------

  bool full() const { return mistakes_.size() >= kMistakesMax; }

  void add(const DocumentNode& node, std::string message) {
    if (full()) return;
    if (mistakes_.size() + 1 == kMistakesMax) message = "more than 1,000 mistakes, the others are not looked for";
    mistakes_.push_back({node.line, node.column, std::move(message)});
  }

  /// What the rules say of themselves, at the place where it was written.
  void judge(const DocumentNode& node, const Rules& part) {
    for (std::string& mistake : mistakes_of(part)) add(node, std::move(mistake));
  }

  void unknown_key(const DocumentNode& key, const std::string& of, const std::vector<std::string>& known) {
    std::string message = of + "unknown key " + shown(key.text);
    if (auto near = nearest_word(key.text, known)) message += ", did you mean \"" + *near + "\"?";
    add(key, message);
  }

  // -- values ---------------------------------------------------------------------------------------------------------

  /// Calls `entry(key, value)` for each entry. An empty value counts as an empty map; `of` begins every message.
  template <class Entry>
  void each_entry(const DocumentNode& map, const std::string& of, Entry entry) {
    if (map.kind == Kind::null) return;
    if (map.kind != Kind::map) return add(map, of + "expected a map");
    std::set<std::string_view> seen;
    for (size_t i = 0; i + 1 < map.children.size() && !full(); i += 2) {
      const DocumentNode& key = map.children[i];
      if (key.kind != Kind::scalar) {
        add(key, of + "expected a key");
      } else if (!seen.insert(key.text).second) {
        add(key, of + "the key " + shown(key.text) + " stands twice");
      } else if (is_about_wholes(key.text)) {
        add(key, of + shown(key.text) +
                     " cannot be written: the parts of an accepted customer must be acceptable too, and a rule that "
                     "asks for something accepts the whole and not its parts");
      } else {
        entry(key, map.children[i + 1]);
      }
    }
  }

  static bool is_word(const DocumentNode& node, std::string_view word) {
    return node.kind == Kind::scalar && node.text == word;
  }

  std::optional<uint32_t> read_number(const DocumentNode& node, const std::string& of, int64_t most,
                                      std::string_view instead = "") {
    if (node.kind == Kind::scalar) {
      auto number = parse_integer(node.text);
      if (number && *number >= 1 && *number <= most) return static_cast<uint32_t>(*number);
    }
    std::string message = of + "expected a whole number from 1 to " + std::to_string(most) + std::string(instead);
    if (node.kind == Kind::scalar) message += ", got " + shown(node.text);
    add(node, message);
    return std::nullopt;
  }

  std::optional<size_t> read_word(const DocumentNode& node, const std::string& of,
                                  const std::vector<std::string>& words) {
    auto found = std::find(words.begin(), words.end(), node.text);
    if (node.kind == Kind::scalar && found != words.end()) return found - words.begin();
    std::string message = of + "expected " + joined_words(words);
    if (node.kind == Kind::scalar) {
      message += ", got " + shown(node.text);
      if (auto near = nearest_word(node.text, words)) message += ", did you mean \"" + *near + "\"?";
    }
    add(node, message);
    return std::nullopt;
  }

  void read_texts(const DocumentNode& node, const std::string& of, std::set<std::string>& texts,
                  const std::function<void(const DocumentNode&)>& check) {
    if (node.kind != Kind::list) return add(node, of + "expected a list");
    for (const DocumentNode& item : node.children) {
      if (full()) return;
      if (item.kind == Kind::null) {
        add(item, of + "a value is missing; quote the word null");
      } else if (item.kind != Kind::scalar) {
        add(item, of + "expected a text");
      } else if (texts.insert(item.text).second) {
        check(item);
      }
    }
  }

  // -- kinds of identifiers -------------------------------------------------------------------------------------------

  std::optional<IdentifierKind> read_kind_name(const DocumentNode& key, const std::string& of) {
    if (auto kind = parse_rule_kind(key.text)) return kind;
    std::string message = of + "unknown kind " + shown(key.text);
    if (auto near = nearest_word(key.text, known_kind_names())) {
      message += ", did you mean \"" + *near + "\"?";
    } else if (auto external = parse_kind(key.text)) {
      message += "; a type of external id is written " + kind_name(*external);
    }
    add(key, message);
    return std::nullopt;
  }

  /// Entries whose keys are kinds, families before their platforms. `takes(key, value)` may take an entry for itself.
  std::vector<KindEntry> read_kind_entries(
      const DocumentNode& map, const std::string& of,
      const std::function<bool(const DocumentNode&, const DocumentNode&)>& takes = {}) {
    std::vector<KindEntry> entries;
    std::map<IdentifierKind, const DocumentNode*> seen;
    each_entry(map, of, [&](const DocumentNode& key, const DocumentNode& value) {
      if (takes && takes(key, value)) return;
      std::optional<IdentifierKind> kind = read_kind_name(key, of);
      if (!kind) return;
      auto [first, fresh] = seen.emplace(*kind, &key);
      if (fresh) return entries.push_back({*kind, &key, &value});
      add(key, of + "kind " + kind_name(*kind) + " stands twice, as " + shown(first->second->text) + " and " +
                   shown(key.text));
    });
    std::stable_sort(entries.begin(), entries.end(), [](const KindEntry& a, const KindEntry& b) {
      return a.kind.platform.empty() && !b.kind.platform.empty();
    });
    return entries;
  }

  // -- claims and kinds -----------------------------------------------------------------------------------------------

  void read_claims(const DocumentNode& node) {
    constexpr std::array kPolicies = {ClaimsPolicy::fill, ClaimsPolicy::guarded, ClaimsPolicy::strict};
    if (auto word = read_word(node, "claims: ", {"fill", "guarded", "strict"})) rules_.claims = kPolicies[*word];
  }

  void read_kinds(const DocumentNode& node) {
    for (const KindEntry& entry : read_kind_entries(node, "kinds: ")) {
      if (is_word(*entry.value, "inherit")) {
        rules_.kinds.erase(entry.kind);
      } else {
        rules_.kinds[entry.kind] = read_kind(entry);
      }
    }
  }

  KindRule rule_so_far(const IdentifierKind& kind) const {
    auto found = rules_.kinds.find(kind);
    if (found == rules_.kinds.end()) found = rules_.kinds.find({kind.family, {}});
    return found == rules_.kinds.end() ? KindRule{} : found->second;
  }

  KindRule read_kind(const KindEntry& entry) {
    KindRule rule = rule_so_far(entry.kind);
    std::string of = "kind " + kind_name(entry.kind) + ": ";
    each_entry(*entry.value, of, [&](const DocumentNode& key, const DocumentNode& value) {
      std::string field = of + key.text + ": ";
      if (key.text == "priority") {
        auto priority = read_number(value, field, std::numeric_limits<uint16_t>::max());
        rule.priority = static_cast<uint16_t>(priority.value_or(1));
      } else if (key.text == "class") {
        rule.weak = read_word(value, field, {"strong", "weak"}) == 1u;
      } else if (key.text == "owner") {
        rule.owner = read_word(value, field, {"oldest", "newest"}) == 1u ? OwnerPolicy::newest : OwnerPolicy::oldest;
      } else if (key.text == "limits") {
        read_limits(value, field, rule);
      } else {
        unknown_key(key, of, {"priority", "class", "limits", "owner"});
      }
    });
    return rule;
  }

  void read_limits(const DocumentNode& node, const std::string& of, KindRule& rule) {
    if (node.kind != Kind::list) return add(node, of + "expected a list such as [{count: 5}]; [] is no limit");
    rule.limit = 0;
    rule.windows.clear();
    for (const DocumentNode& item : node.children) {
      if (!full()) read_limit(item, of, rule);
    }
  }

  void read_limit(const DocumentNode& node, const std::string& of, KindRule& rule) {
    std::optional<uint32_t> count;
    std::optional<int64_t> window;
    bool has_count = false, has_window = false;
    if (node.kind != Kind::map) return add(node, of + "expected a limit such as {count: 5} or {count: 5, window: 7d}");
    each_entry(node, of, [&](const DocumentNode& key, const DocumentNode& value) {
      if (key.text == "count") {
        has_count = true;
        count = read_number(value, of + "count: ", kNumberMax, "; limits: [] is no limit");
      } else if (key.text == "window") {
        has_window = true;
        window = read_window(value, of);
      } else {
        unknown_key(key, of, {"count", "window"});
      }
    });
    if (!has_count) add(node, of + "a limit needs a count");
    if (!count || (has_window && !window)) return;
    if (has_window) {
      rule.windows.push_back({*count, *window});
    } else if (rule.limit == 0) {
      rule.limit = *count;
    } else {
      add(node, of + "a second limit without a window");
    }
  }

  std::optional<int64_t> read_window(const DocumentNode& node, const std::string& of) {
    if (node.kind == Kind::scalar) {
      auto micros = parse_duration(node.text);
      if (micros && *micros > 0) return *micros;
    }
    std::string message = of + "window: expected a duration such as 12h or 7d";
    if (node.kind == Kind::scalar) message += ", got " + shown(node.text);
    add(node, message);
    return std::nullopt;
  }

  // -- hubs -----------------------------------------------------------------------------------------------------------

  void read_hubs(const DocumentNode& node) {
    std::vector<std::pair<IdentifierKind, KindEntry>> off;
    for (const KindEntry& row : read_kind_entries(node, "hubs: ")) {
      std::string of = "hubs of " + kind_name(row.kind) + ": ";
      for (const KindEntry& cell : read_kind_entries(*row.value, of)) {
        read_threshold(row.kind, cell, of);
        if (is_word(*cell.value, "off")) off.emplace_back(row.kind, cell);
      }
    }
    for (const auto& [kind, cell] : off) check_off(kind, cell);
    std::erase_if(rules_.hubs, [](const auto& row) { return row.second.empty(); });
  }

  void read_threshold(const IdentifierKind& kind, const KindEntry& cell, const std::string& of) {
    std::string name = of + kind_name(cell.kind) + ": ";
    bool has_family = !kind.platform.empty() || !cell.kind.platform.empty();
    if (is_word(*cell.value, "off") || (has_family && is_word(*cell.value, "inherit"))) {
      rules_.hubs[kind].erase(cell.kind);
    } else if (auto most = read_number(*cell.value, name, kNumberMax, " or off")) {
      Rules alone;
      alone.hubs[kind][cell.kind] = *most;
      judge(*cell.value, alone);
      rules_.hubs[kind][cell.kind] = *most;
    }
  }

  /// Where a platform says nothing its family holds, so taking its number away does not take the threshold away.
  void check_off(const IdentifierKind& kind, const KindEntry& cell) {
    IdentifierKind family{kind.family, {}}, met_family{cell.kind.family, {}};
    if (kind == cell.kind && !kind.platform.empty()) return;
    for (const auto& [row, met] :
         {std::pair(kind, met_family), std::pair(family, cell.kind), std::pair(family, met_family)}) {
      auto found = rules_.hubs.find(row);
      if (found == rules_.hubs.end() || !found->second.contains(met)) continue;
      add(*cell.value, "hubs of " + kind_name(kind) + ": " + kind_name(cell.kind) +
                           ": off would leave the threshold of hubs of " + kind_name(row) + ": " + kind_name(met) +
                           "; write inherit for that, or a large number");
      return;
    }
  }

  // -- blocked values -------------------------------------------------------------------------------------------------

  void read_blocked(const DocumentNode& node) {
    auto read_every_kind = [&](const DocumentNode& key, const DocumentNode& value) {
      if (key.text == "*") read_blocked_values(value, "blocked values of every kind: ", rules_.blocked);
      return key.text == "*";
    };
    auto entries = read_kind_entries(node, "blocked: ", read_every_kind);
    for (const KindEntry& entry : entries) {
      BlockedValues blocked;
      read_blocked_values(*entry.value, "blocked values of " + kind_name(entry.kind) + ": ", blocked);
      if (blocked != BlockedValues{}) rules_.blocked_of_kind[entry.kind] = std::move(blocked);
    }
  }

  void read_blocked_values(const DocumentNode& node, const std::string& of, BlockedValues& blocked) {
    each_entry(node, of, [&](const DocumentNode& key, const DocumentNode& value) {
      if (key.text == "exact") {
        read_texts(value, of + "exact: ", blocked.exact, [](const DocumentNode&) {});
      } else if (key.text == "regex") {
        read_texts(value, of + "regex: ", blocked.patterns, [&](const DocumentNode& item) {
          last_pattern_ = &item;
          if (auto mistake = pattern_mistake(item.text)) add(item, of + "regex: " + shown(item.text) + ": " + *mistake);
        });
      } else {
        unknown_key(key, of, {"exact", "regex"});
      }
    });
  }

  Rules rules_ = default_rules();
  const DocumentNode* last_pattern_ = nullptr;  // where what is wrong with all patterns together is told
  std::vector<DocumentMistake> mistakes_;
};

}  // namespace

std::variant<Rules, std::vector<DocumentMistake>> parse_rules(std::string_view text) {
  auto document = parse_document(text);
  if (auto mistake = std::get_if<DocumentMistake>(&document)) return std::vector{*mistake};
  RulesReader reader;
  Rules rules = reader.read(std::get<DocumentNode>(document));
  std::vector<DocumentMistake> mistakes = reader.take_mistakes();
  if (!mistakes.empty()) return mistakes;
  return rules;
}

}  // namespace tributary
