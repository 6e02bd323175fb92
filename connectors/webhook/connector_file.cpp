#include "connectors/webhook/connector_file.h"

#include <algorithm>
#include <array>
#include <limits>

#include "connectors/webhook/node_reader.h"
#include "connectors/webhook/value_file.h"
#include "engine/base/nearest_word.h"
#include "engine/engine.h"

namespace tributary {
namespace {

using Kind = DocumentNode::Kind;

constexpr size_t kNameBytesMax = 40;

const std::vector<std::string> kMembers = {"name",        "version", "title",    "channel",    "settings", "verify",
                                           "handshake",   "decode",  "each",     "message_id", "time",     "ignore",
                                           "identifiers", "event",   "unmapped", "answer",     "tests"};

bool is_name(std::string_view text) {
  if (text.empty() || text.size() > kNameBytesMax || text[0] < 'a' || text[0] > 'z') return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; });
}

std::string lower_case(std::string_view text) {
  std::string lower(text);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

class ConnectorReader {
 public:
  explicit ConnectorReader(std::vector<DocumentMistake>& mistakes) : mistakes_(mistakes), reader_(mistakes) {}

  Connector read(const DocumentNode& root) {
    if (root.kind != Kind::map) {
      reader_.add(root, "expected a map with name, version, title, verify, event");
      return std::move(made_);
    }
    // What others refer to is read first.
    const DocumentNode* settings = member(root, "settings");
    if (settings != nullptr) read_settings(*settings);
    const DocumentNode* each = member(root, "each");
    if (each != nullptr) read_each(*each);
    reader_.each_entry(root, "", [&](const DocumentNode& key, const DocumentNode& value) { read_member(key, value); });
    for (const char* needed : {"name", "version", "title", "verify", "event"}) {
      if (member(root, needed) == nullptr) reader_.add(root, "`" + std::string(needed) + "` is missing");
    }
    return std::move(made_);
  }

 private:
  static const DocumentNode* member(const DocumentNode& map, std::string_view name) {
    for (size_t i = 0; i + 1 < map.children.size(); i += 2) {
      if (map.children[i].text == name) return &map.children[i + 1];
    }
    return nullptr;
  }

  void read_member(const DocumentNode& key, const DocumentNode& value) {
    const std::string& name = key.text;
    std::string of = name + ": ";
    if (name == "name") return read_name(value);
    if (name == "version") {
      made_.version =
          static_cast<uint32_t>(reader_.number(value, of, 1, std::numeric_limits<uint32_t>::max()).value_or(1));
    } else if (name == "title") {
      made_.title = reader_.text(value, of).value_or("");
    } else if (name == "channel") {
      made_.channel = reader_.text(value, of).value_or("");
    } else if (name == "verify") {
      read_verify(value);
    } else if (name == "handshake") {
      reader_.each_item(value, of, [&](const DocumentNode& item) { read_handshake(item); });
    } else if (name == "decode") {
      read_decode(value);
    } else if (name == "message_id") {
      made_.message_id = parse_value(reader_, names_, value, of);
    } else if (name == "time") {
      made_.time = parse_value(reader_, names_, value, of);
    } else if (name == "ignore") {
      reader_.each_item(value, of, [&](const DocumentNode& item) {
        if (auto condition = parse_condition(reader_, names_, item, of)) made_.ignore.push_back(std::move(*condition));
      });
    } else if (name == "identifiers") {
      read_identifiers(value, of, made_.identifiers);
    } else if (name == "event") {
      reader_.each_item(value, of, [&](const DocumentNode& item) { read_event(item); });
      if (value.kind == Kind::list && value.children.empty()) reader_.add(value, of + "expected at least one rule");
    } else if (name == "unmapped") {
      read_unmapped(value);
    } else if (name == "answer") {
      made_.answer = read_answer(value, of);
    } else if (name == "tests") {
      reader_.each_item(value, of, [&](const DocumentNode& item) { read_test(item); });
    } else if (name != "settings" && name != "each") {
      reader_.unknown_key(key, "", kMembers);
    }
  }

  void read_name(const DocumentNode& node) {
    made_.name = reader_.text(node, "name: ").value_or("");
    if (node.kind == Kind::scalar && !is_name(made_.name)) {
      reader_.add(node, "name: expected a small letter, then up to 39 of a-z, 0-9 and -, got " + shown_text(node.text));
    }
  }

  void read_settings(const DocumentNode& list) {
    reader_.each_item(list, "settings: ", [&](const DocumentNode& item) {
      ConnectorSetting setting;
      reader_.each_entry(item, "settings: ", [&](const DocumentNode& key, const DocumentNode& value) {
        std::string of = "settings: " + key.text + ": ";
        if (key.text == "name") {
          setting.name = reader_.text(value, of).value_or("");
        } else if (key.text == "help") {
          setting.help = reader_.text(value, of).value_or("");
        } else if (key.text == "required") {
          setting.required = reader_.boolean(value, of).value_or(false);
        } else if (key.text == "secret") {
          setting.secret = reader_.boolean(value, of).value_or(false);
        } else {
          reader_.unknown_key(key, "settings: ", {"name", "required", "secret", "help"});
        }
      });
      if (item.kind == Kind::map && setting.name.empty()) reader_.add(item, "settings: `name` is missing");
      if (setting.name.empty()) return;
      if (std::count(names_.settings.begin(), names_.settings.end(), setting.name) > 0) {
        reader_.add(item, "settings: " + shown_text(setting.name) + " stands twice");
      }
      names_.settings.push_back(setting.name);
      made_.settings.push_back(std::move(setting));
    });
  }

  void read_verify(const DocumentNode& node) {
    auto rule = parse_signature_rule(node, mistakes_);
    if (rule) made_.signature = std::move(*rule);
  }

  AnswerRule read_answer(const DocumentNode& node, const std::string& of) {
    AnswerRule answer;
    reader_.each_entry(node, of, [&](const DocumentNode& key, const DocumentNode& value) {
      std::string field = of + key.text + ": ";
      if (key.text == "status") {
        answer.status = static_cast<int>(reader_.number(value, field, 200, 599).value_or(200));
      } else if (key.text == "content_type") {
        answer.content_type = reader_.text(value, field).value_or("");
      } else if (key.text == "body") {
        answer.body = parse_value(reader_, names_, value, field);
      } else if (key.text == "headers") {
        reader_.each_entry(value, field, [&](const DocumentNode& name, const DocumentNode& text) {
          auto parsed = parse_value(reader_, names_, text, field + name.text + ": ");
          if (parsed) answer.headers.push_back({name.text, std::move(*parsed)});
        });
      } else {
        reader_.unknown_key(key, of, {"status", "content_type", "body", "headers"});
      }
    });
    return answer;
  }

  void read_handshake(const DocumentNode& node) {
    const std::string of = "handshake: ";
    HandshakeRule rule;
    bool has_answer = false;
    reader_.each_entry(node, of, [&](const DocumentNode& key, const DocumentNode& value) {
      std::string field = of + key.text + ": ";
      if (key.text == "method") {
        constexpr std::array<const char*, 5> kMethods = {"GET", "HEAD", "POST", "PUT", "OPTIONS"};
        auto found = reader_.word(value, field, {kMethods.begin(), kMethods.end()});
        if (found) rule.method = kMethods[*found];
      } else if (key.text == "when") {
        rule.when = parse_condition(reader_, names_, value, field);
      } else if (key.text == "signed") {
        rule.is_signed = reader_.boolean(value, field).value_or(false);
      } else if (key.text == "answer") {
        has_answer = true;
        rule.answer = read_answer(value, field);
      } else {
        reader_.unknown_key(key, of, {"method", "when", "signed", "answer"});
      }
    });
    if (node.kind != Kind::map) return;
    if (!has_answer) reader_.add(node, of + "`answer` is missing");
    if (member(node, "method") == nullptr && member(node, "when") == nullptr) {
      reader_.add(node, of + "a rule without `method` and `when` would answer every call");
    }
    made_.handshakes.push_back(std::move(rule));
  }

  void read_decode(const DocumentNode& node) {
    reader_.each_entry(node, "decode: ", [&](const DocumentNode& key, const DocumentNode& value) {
      if (key.text == "body") {
        constexpr std::array kForms = {BodyForm::automatic, BodyForm::json, BodyForm::form, BodyForm::xml};
        auto found = reader_.word(value, "decode: body: ", {"auto", "json", "form", "xml"});
        if (found) made_.decode.body = kForms[*found];
      } else if (key.text == "nested") {
        reader_.each_item(value, "decode: nested: ", [&](const DocumentNode& item) { read_nested(item); });
      } else {
        reader_.unknown_key(key, "decode: ", {"body", "nested"});
      }
    });
  }

  void read_nested(const DocumentNode& node) {
    const std::string of = "decode: nested: ";
    NestedRule rule;
    bool has_place = false;
    reader_.each_entry(node, of, [&](const DocumentNode& key, const DocumentNode& value) {
      if (key.text == "at") {
        auto text = reader_.text(value, of + "at: ");
        if (!text) return;
        has_place = true;
        rule.written = *text;
        rule.at = parse_pointer(reader_, value, *text, of + "at: ").value_or(std::vector<std::string>());
      } else if (key.text == "as") {
        reader_.each_item(value, of + "as: ", [&](const DocumentNode& item) {
          constexpr std::array kForms = {NestedForm::urldecode, NestedForm::json, NestedForm::base64};
          auto found = reader_.word(item, of + "as: ", {"urldecode", "json", "base64"});
          if (!found) return;
          if (!rule.as.empty() && rule.as.back() == NestedForm::json) {
            reader_.add(item, of + "as: json can only be the last step");
          }
          rule.as.push_back(kForms[*found]);
        });
      } else {
        reader_.unknown_key(key, of, {"at", "as"});
      }
    });
    if (node.kind != Kind::map) return;
    if (!has_place) reader_.add(node, of + "`at` is missing");
    if (member(node, "as") == nullptr) reader_.add(node, of + "`as` is missing");
    made_.decode.nested.push_back(std::move(rule));
  }

  void read_each(const DocumentNode& node) {
    if (node.kind == Kind::list) {
      reader_.each_item(node, "each: ", [&](const DocumentNode& item) { read_pattern(item); });
      if (node.children.empty()) reader_.add(node, "each: expected at least one pattern");
    } else {
      read_pattern(node);
    }
  }

  void read_pattern(const DocumentNode& node) {
    auto text = reader_.text(node, "each: ");
    if (!text) return;
    auto steps = parse_pointer(reader_, node, *text, "each: ");
    if (!steps) return;
    ElementPattern pattern;
    size_t stars = 0;
    for (std::string& step : *steps) {
      bool every = step == "*";
      if (every) ++stars;
      pattern.steps.push_back({every, std::move(step)});
    }
    names_.has_outer = names_.has_outer || stars > 1;
    made_.each.push_back(std::move(pattern));
  }

  void read_identifiers(const DocumentNode& node, const std::string& of, std::vector<IdentifierRule>& out) {
    reader_.each_item(node, of, [&](const DocumentNode& item) {
      IdentifierRule rule;
      bool has_value = false;
      reader_.each_entry(item, of, [&](const DocumentNode& key, const DocumentNode& value) {
        std::string field = of + key.text + ": ";
        if (key.text == "kind") {
          read_kind(value, field, rule);
        } else if (key.text == "value") {
          auto parsed = parse_value(reader_, names_, value, field);
          has_value = true;
          if (parsed) rule.value = std::move(*parsed);
        } else if (key.text == "scope") {
          rule.scope = parse_value(reader_, names_, value, field);
        } else if (key.text == "trust") {
          rule.claimed = reader_.word(value, field, {"verified", "claimed"}) == 1u;
        } else if (key.text == "when") {
          rule.when = parse_condition(reader_, names_, value, field);
        } else {
          reader_.unknown_key(key, of, {"kind", "value", "scope", "trust", "when"});
        }
      });
      if (item.kind != Kind::map) return;
      if (member(item, "kind") == nullptr) reader_.add(item, of + "`kind` is missing");
      if (!has_value) reader_.add(item, of + "`value` is missing");
      out.push_back(std::move(rule));
    });
  }

  void read_kind(const DocumentNode& node, const std::string& of, IdentifierRule& rule) {
    auto text = reader_.text(node, of);
    if (!text) return;
    auto kind = parse_rule_kind(*text);
    if (!kind) {
      std::string message = of + "unknown kind " + shown_text(*text);
      if (auto near = nearest_kind(*text)) message += ", did you mean \"" + *near + "\"?";
      return reader_.add(node, message);
    }
    if (has_platforms(kind->family) && kind->platform.empty()) {
      return reader_.add(node, of + "expected a platform, as in " + kind_name(*kind) + "/name");
    }
    rule.kind = kind_name(*kind);
    bool scope_names_platform =
        kind->family == IdentifierFamily::marketplace_buyer || kind->family == IdentifierFamily::social_id;
    if (scope_names_platform) rule.scope_prefix = kind->platform + ":";
    rule.is_user_id = kind->family == IdentifierFamily::user_id;
  }

  static std::optional<std::string> nearest_kind(const std::string& text) {
    return nearest_word(text, known_kind_names());
  }

  void read_event(const DocumentNode& node) {
    const std::string of = "event: ";
    EventRule rule;
    rule.line = node.line;
    reader_.each_entry(node, of, [&](const DocumentNode& key, const DocumentNode& value) {
      std::string field = of + key.text + ": ";
      if (key.text == "when") {
        rule.when = parse_condition(reader_, names_, value, field);
      } else if (key.text == "continue") {
        rule.continues = reader_.boolean(value, field).value_or(false);
      } else if (key.text == "emit") {
        read_emit(value, rule);
      } else {
        reader_.unknown_key(key, of, {"when", "emit", "continue"});
      }
    });
    if (node.kind != Kind::map) return;
    const DocumentNode* emit = member(node, "emit");
    if (emit == nullptr) {
      reader_.add(node, of + "`emit` is missing");
    } else if (rule.continues && !member(*emit, "message_id")) {
      reader_.add(*emit, of + "a rule with `continue` needs a message_id of its own: two events of one id are one");
    }
    bool always = member(node, "when") == nullptr && !rule.continues;
    if (always_ != nullptr) {
      reader_.add(node, of + "never reached: the rule of line " + std::to_string(always_->line) + " takes everything");
    } else if (always) {
      always_ = &node;
    }
    made_.events.push_back(std::move(rule));
  }

  void read_emit(const DocumentNode& node, EventRule& rule) {
    const std::string of = "emit: ";
    bool type_known = true;
    reader_.each_entry(node, of, [&](const DocumentNode& key, const DocumentNode& value) {
      std::string field = of + key.text + ": ";
      if (key.text == "type") {
        constexpr std::array kTypes = {EmitType::track, EmitType::identify, EmitType::merge, EmitType::privacy_erase,
                                       EmitType::privacy_access};
        auto found = reader_.word(value, field, {"track", "identify", "merge", "privacy_erase", "privacy_access"});
        type_known = found.has_value();
        if (found) rule.type = kTypes[*found];
      } else if (key.text == "name") {
        rule.name = parse_value(reader_, names_, value, field);
      } else if (key.text == "time") {
        rule.time = parse_value(reader_, names_, value, field);
      } else if (key.text == "message_id") {
        rule.message_id = parse_value(reader_, names_, value, field);
      } else if (key.text == "channel") {
        rule.channel = parse_value(reader_, names_, value, field);
      } else if (key.text == "properties") {
        rule.properties = read_object(value, field);
      } else if (key.text == "traits") {
        rule.traits = read_object(value, field);
      } else if (key.text == "context") {
        rule.context = read_context(value, field);
      } else if (key.text == "identifiers") {
        read_identifiers(value, field, rule.identifiers);
      } else {
        reader_.unknown_key(
            key, of,
            {"type", "name", "time", "message_id", "properties", "traits", "context", "channel", "identifiers"});
      }
    });
    if (node.kind != Kind::map) return;
    bool named = member(node, "name") != nullptr;
    if (type_known && rule.type == EmitType::track && !named) reader_.add(node, of + "a track needs a `name`");
    bool nameless = rule.type == EmitType::identify || rule.type == EmitType::merge;
    if (nameless && named) reader_.add(*member(node, "name"), of + "name: only a track has a name");
  }

  /// Members, or a reference to an object that is copied, or the first of several: no member's value is a list.
  std::optional<Value> read_object(const DocumentNode& node, const std::string& of) {
    const DocumentNode* candidates = node.kind == Kind::map ? member(node, "first_of") : nullptr;
    bool is_choice = candidates != nullptr && candidates->kind == Kind::list && node.children.size() == 2;
    if (node.kind == Kind::scalar || is_choice) return parse_value(reader_, names_, node, of);
    return parse_members(reader_, names_, node, of);
  }

  std::optional<Value> read_context(const DocumentNode& node, const std::string& of) {
    auto parsed = parse_members(reader_, names_, node, of);
    if (!parsed) return std::nullopt;
    for (const char* own : {"externalId", "externalIds", "webhook"}) {
      if (member(node, own) != nullptr) {
        reader_.add(node, of + std::string(own) + " is written by the mapping itself; see `identifiers`");
      }
    }
    return parsed;
  }

  void read_unmapped(const DocumentNode& node) {
    reader_.each_entry(node, "unmapped: ", [&](const DocumentNode& key, const DocumentNode& value) {
      std::string field = "unmapped: " + key.text + ": ";
      if (key.text == "name") {
        made_.unmapped.name = parse_value(reader_, names_, value, field);
      } else if (key.text == "time") {
        made_.unmapped.time = parse_value(reader_, names_, value, field);
      } else {
        reader_.unknown_key(key, "unmapped: ", {"name", "time"});
      }
    });
  }

  // -- tests ----------------------------------------------------------------------------------------------------------

  using Pairs = std::vector<std::pair<std::string, std::string>>;

  void read_test(const DocumentNode& node) {
    ConnectorTest test;
    test.line = node.line;
    reader_.each_entry(node, "tests: ", [&](const DocumentNode& key, const DocumentNode& value) {
      if (key.text == "name") {
        test.name = reader_.text(value, "tests: name: ").value_or("");
      } else if (key.text == "request") {
        read_request(value, test);
      } else if (key.text == "config") {
        read_pairs(value, "tests: config: ", test.config);
      } else if (key.text == "expect") {
        read_expectation(value);
        test.expect = value;
      } else {
        reader_.unknown_key(key, "tests: ", {"name", "request", "config", "expect"});
      }
    });
    if (node.kind != Kind::map) return;
    for (const char* needed : {"name", "request", "expect"}) {
      if (member(node, needed) == nullptr) reader_.add(node, "tests: `" + std::string(needed) + "` is missing");
    }
    made_.tests.push_back(std::move(test));
  }

  void read_request(const DocumentNode& node, ConnectorTest& test) {
    const std::string of = "tests: request: ";
    bool json = false;
    reader_.each_entry(node, of, [&](const DocumentNode& key, const DocumentNode& value) {
      if (key.text == "method") {
        test.method = reader_.text(value, of + "method: ").value_or("POST");
      } else if (key.text == "query") {
        read_pairs(value, of + "query: ", test.query);
      } else if (key.text == "headers") {
        read_pairs(value, of + "headers: ", test.headers);
      } else if (key.text == "body") {
        json = value.kind != Kind::scalar;
        if (json) {
          append_node_json(test.body, value);
        } else {
          test.body = value.text;
        }
      } else {
        reader_.unknown_key(key, of, {"method", "query", "headers", "body"});
      }
    });
    for (auto& [name, value] : test.headers) name = lower_case(name);
    bool typed = std::any_of(test.headers.begin(), test.headers.end(),
                             [](const auto& header) { return header.first == "content-type"; });
    if (json && !typed) test.headers.emplace_back("content-type", "application/json");
  }

  void read_pairs(const DocumentNode& node, const std::string& of, Pairs& out) {
    reader_.each_entry(node, of, [&](const DocumentNode& key, const DocumentNode& value) {
      if (auto text = reader_.text(value, of + key.text + ": ")) out.emplace_back(key.text, *text);
    });
  }

  void read_expectation(const DocumentNode& node) {
    const std::string of = "tests: expect: ";
    reader_.each_entry(node, of, [&](const DocumentNode& key, const DocumentNode& value) {
      if (key.text == "answer") {
        read_expected(value, of + "answer: ", {"status", "content_type", "body"});
      } else if (key.text == "events") {
        reader_.each_item(value, of + "events: ", [&](const DocumentNode& item) {
          read_expected(
              item, of + "events: ",
              {"type", "name", "message_id", "time", "properties", "traits", "context", "channel", "identifiers"});
          const DocumentNode* identifiers = item.kind == Kind::map ? member(item, "identifiers") : nullptr;
          if (identifiers == nullptr) return;
          reader_.each_item(*identifiers, of + "identifiers: ", [&](const DocumentNode& identifier) {
            read_expected(identifier, of + "identifiers: ", {"kind", "value", "scope", "trust"});
          });
        });
      } else {
        reader_.unknown_key(key, of, {"answer", "events"});
      }
    });
  }

  void read_expected(const DocumentNode& node, const std::string& of, const std::vector<std::string>& known) {
    reader_.each_entry(node, of, [&](const DocumentNode& key, const DocumentNode&) {
      if (std::find(known.begin(), known.end(), key.text) == known.end()) reader_.unknown_key(key, of, known);
    });
  }

  std::vector<DocumentMistake>& mistakes_;
  NodeReader reader_;
  ValueNames names_;
  Connector made_;
  const DocumentNode* always_ = nullptr;
};

}  // namespace

std::variant<Connector, std::vector<DocumentMistake>> parse_connector(std::string_view text) {
  auto document = parse_document(text, Aliases::copied);
  if (auto mistake = std::get_if<DocumentMistake>(&document)) return std::vector{*mistake};
  std::vector<DocumentMistake> mistakes;
  Connector connector = ConnectorReader(mistakes).read(std::get<DocumentNode>(document));
  if (mistakes.empty()) return connector;
  std::stable_sort(mistakes.begin(), mistakes.end(), [](const DocumentMistake& a, const DocumentMistake& b) {
    return std::pair(a.line, a.column) < std::pair(b.line, b.column);
  });
  return mistakes;
}

}  // namespace tributary
