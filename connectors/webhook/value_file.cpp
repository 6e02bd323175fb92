#include "connectors/webhook/value_file.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>

#include "connectors/webhook/json_pointer.h"
#include "engine/base/ascii.h"

namespace tributary {
namespace {

using Kind = DocumentNode::Kind;
using Form = Value::Form;

constexpr int64_t kPatternMemoryMax = 1 << 20;

struct FunctionName {
  std::string_view word;
  Form form;
};
constexpr std::array kFunctions = {
    FunctionName{"const", Form::constant},
    FunctionName{"first_of", Form::first_of},
    FunctionName{"concat", Form::concat},
    FunctionName{"text", Form::text},
    FunctionName{"number", Form::number},
    FunctionName{"sum", Form::sum},
    FunctionName{"timestamp", Form::timestamp},
    FunctionName{"map", Form::map},
    FunctionName{"find", Form::find},
    FunctionName{"at", Form::at},
    FunctionName{"object", Form::object},
    FunctionName{"lookup", Form::lookup},
    FunctionName{"strip_prefix", Form::strip_prefix},
    FunctionName{"add_prefix", Form::add_prefix},
    FunctionName{"sha256", Form::sha256},
    FunctionName{"hmac_sha256", Form::hmac_sha256},
};

struct ConditionName {
  std::string_view word;
  Condition::Form form;
};
constexpr std::array kConditions = {
    ConditionName{"equals", Condition::Form::equals},
    ConditionName{"in", Condition::Form::in},
    ConditionName{"prefix", Condition::Form::prefix},
    ConditionName{"matches", Condition::Form::matches},
    ConditionName{"exists", Condition::Form::exists},
    ConditionName{"empty", Condition::Form::empty},
    ConditionName{"same_secret", Condition::Form::same_secret},
    ConditionName{"not", Condition::Form::negation},
    ConditionName{"all", Condition::Form::all},
    ConditionName{"any", Condition::Form::any},
};

template <class Names>
std::vector<std::string> words_of(const Names& names) {
  std::vector<std::string> words;
  words.reserve(names.size());
  for (const auto& name : names) words.emplace_back(name.word);
  return words;
}

bool lies_in_document(const Value& value) {
  if (value.form == Form::reference) return value.reference.is_in_document();
  if (value.form == Form::first_of) return std::all_of(value.of.begin(), value.of.end(), lies_in_document);
  if (value.form == Form::find) return lies_in_document(value.of[2]);
  return value.form == Form::at;
}

class ValueReader {
 public:
  ValueReader(NodeReader& reader, const ValueNames& names) : reader_(reader), names_(names) {}

  std::optional<Value> value(const DocumentNode& node, const std::string& of) {
    if (node.kind == Kind::scalar) return scalar(node, of);
    if (node.kind == Kind::map && node.children.size() == 2 && node.children[0].kind == Kind::scalar) {
      return function(node.children[0], node.children[1], of);
    }
    reader_.add(node, of + "expected a reference, a plain value or a map with one function" +
                          (node.kind == Kind::map ? "; members are written {object: {...}}" : ""));
    return std::nullopt;
  }

  std::optional<Condition> condition(const DocumentNode& node, const std::string& of) {
    if (node.kind != Kind::map || node.children.size() != 2 || node.children[0].kind != Kind::scalar) {
      reader_.add(node, of + "expected a map with one condition");
      return std::nullopt;
    }
    const DocumentNode& key = node.children[0];
    for (const ConditionName& name : kConditions) {
      if (name.word == key.text) return condition_of(name.form, node.children[1], of + key.text + ": ");
    }
    reader_.unknown_word(key, of, words_of(kConditions));
    return std::nullopt;
  }

  std::optional<Value> object(const DocumentNode& node, const std::string& of) {
    Value made;
    made.form = Form::object;
    if (!members(node, of, made.members)) return std::nullopt;
    return made;
  }

 private:
  // -- references and constants ---------------------------------------------------------------------------------------

  std::optional<Value> scalar(const DocumentNode& node, const std::string& of) {
    const std::string& text = node.text;
    if (text.empty() || text[0] == '/' || text[0] == '$') return reference(node, of);
    return constant(node);
  }

  static Value constant(const DocumentNode& node) {
    Value made;
    made.form = Form::constant;
    append_node_json(made.json, node);
    made.text = node.kind == Kind::scalar ? node.text : made.json;
    char first = made.json[0];
    made.constant = first == '"'                   ? Value::ConstantKind::text
                    : first == '{' || first == '[' ? Value::ConstantKind::json
                    : first == 't' || first == 'f' ? Value::ConstantKind::boolean
                                                   : Value::ConstantKind::number;
    return made;
  }

  std::optional<Value> reference(const DocumentNode& node, const std::string& of) {
    Value made;
    made.form = Form::reference;
    made.reference.written = node.text;
    bool known =
        node.text.starts_with('$') ? special(node, of, made.reference) : steps(node, node.text, of, made.reference);
    if (!known) return std::nullopt;
    return made;
  }

  bool steps(const DocumentNode& node, std::string_view pointer, const std::string& of, Reference& reference) {
    auto parsed = parse_pointer(reader_, node, pointer, of);
    if (parsed) reference.steps = std::move(*parsed);
    return parsed.has_value();
  }

  bool special(const DocumentNode& node, const std::string& of, Reference& reference) {
    std::string_view text = node.text;
    size_t slash = std::min(text.find('/'), text.size());
    std::string_view word = text.substr(0, slash), rest = text.substr(slash);
    if (word == "$root" || word == "$outer") {
      reference.root = word == "$root" ? ReferenceRoot::document : ReferenceRoot::outer;
      if (reference.root == ReferenceRoot::outer && !names_.has_outer) {
        reader_.add(node, of + "$outer needs an `each` with two `*`");
        return false;
      }
      return steps(node, rest, of, reference);
    }
    if (word == "$header" || word == "$query" || word == "$config") return named(node, word, rest, of, reference);
    if (rest.empty() && (word == "$body" || word == "$received_at" || word == "$source")) {
      reference.root = word == "$body"          ? ReferenceRoot::body
                       : word == "$received_at" ? ReferenceRoot::received_at
                                                : ReferenceRoot::source;
      return true;
    }
    DocumentNode shown = node;
    shown.text = word;
    reader_.unknown_word(rest.empty() || word != "$body" ? shown : node, of,
                         {"$root", "$outer", "$header", "$query", "$config", "$body", "$received_at", "$source"});
    return false;
  }

  bool named(const DocumentNode& node, std::string_view word, std::string_view rest, const std::string& of,
             Reference& reference) {
    if (rest.size() < 2) {
      reader_.add(node, of + "expected a name as in " + std::string(word) + "/name");
      return false;
    }
    reference.name = rest.substr(1);
    if (word == "$query") {
      reference.root = ReferenceRoot::query;
    } else if (word == "$header") {
      reference.root = ReferenceRoot::header;
      reference.name = ascii_lowered(reference.name);
    } else {
      reference.root = ReferenceRoot::config;
      return is_setting(node, reference.name, of);
    }
    return true;
  }

  bool is_setting(const DocumentNode& node, const std::string& name, const std::string& of) {
    if (std::find(names_.settings.begin(), names_.settings.end(), name) != names_.settings.end()) return true;
    DocumentNode shown = node;
    shown.text = name;
    if (names_.settings.empty()) {
      reader_.add(node, of + "$config/" + name + " is not among `settings`");
    } else {
      reader_.unknown_word(shown, of + "$config: ", names_.settings);
    }
    return false;
  }

  // -- functions ------------------------------------------------------------------------------------------------------

  std::optional<Value> function(const DocumentNode& key, const DocumentNode& node, const std::string& of) {
    for (const FunctionName& name : kFunctions) {
      if (name.word != key.text) continue;
      if (name.form == Form::constant) {
        if (node.kind != Kind::null) return constant(node);
        reader_.add(node, of + "const: a value is missing; quote the word null");
        return std::nullopt;
      }
      Value made;
      made.form = name.form;
      if (!arguments(made, node, of + key.text + ": ")) return std::nullopt;
      return made;
    }
    std::string message = of + "unknown function " + shown_text(key.text);
    reader_.unknown_word(key, message + "; ", words_of(kFunctions));
    return std::nullopt;
  }

  bool arguments(Value& made, const DocumentNode& node, const std::string& of) {
    switch (made.form) {
      case Form::first_of:
      case Form::concat:
      case Form::sha256:
        return list(node, of, made.of);
      case Form::text:
      case Form::at:
        return append(node, of, made.of);
      case Form::number:
        if (node.kind == Kind::map && is_function(node)) return append(node, of, made.of);
        if (node.kind == Kind::map) return named_arguments(made, node, of, {"of", "minor_units_of"}, 1);
        return append(node, of, made.of);
      case Form::sum:
        return named_arguments(made, node, of, {"over", "of"}, 2) && place(made.of[0], node, of + "over: ");
      case Form::timestamp:
        return timestamp(made, node, of);
      case Form::map:
        return map(made, node, of);
      case Form::find:
        return find(made, node, of);
      case Form::object:
        return members(node, of, made.members);
      case Form::lookup:
        return lookup(made, node, of);
      case Form::strip_prefix:
      case Form::add_prefix:
        return prefixed(made, node, of);
      case Form::hmac_sha256:
        return named_arguments(made, node, of, {"key", "of"}, 2);
      case Form::reference:
      case Form::constant:
        break;
    }
    return false;
  }

  static bool is_function(const DocumentNode& node) {
    if (node.children.size() != 2) return false;
    return std::any_of(kFunctions.begin(), kFunctions.end(),
                       [&](const FunctionName& name) { return name.word == node.children[0].text; });
  }

  bool append(const DocumentNode& node, const std::string& of, std::vector<Value>& out) {
    auto parsed = value(node, of);
    if (parsed) out.push_back(std::move(*parsed));
    return parsed.has_value();
  }

  bool list(const DocumentNode& node, const std::string& of, std::vector<Value>& out) {
    bool good = true;
    reader_.each_item(node, of, [&](const DocumentNode& item) { good = append(item, of, out) && good; });
    if (node.kind == Kind::list && node.children.empty()) reader_.add(node, of + "expected at least one value");
    return good && !out.empty();
  }

  /// Values by name, in the order of `words`; those behind the first `needed` may be missing.
  bool named_arguments(Value& made, const DocumentNode& node, const std::string& of,
                       const std::vector<std::string>& words, size_t needed) {
    return named_nodes(node, of, words, needed, [&](const std::string& word, const DocumentNode& argument) {
      return append(argument, of + word + ": ", made.of);
    });
  }

  /// Calls `read(word, node)` for the arguments that are there, in the order of `words`.
  template <class Read>
  bool named_nodes(const DocumentNode& node, const std::string& of, const std::vector<std::string>& words,
                   size_t needed, Read read) {
    std::vector<const DocumentNode*> found(words.size());
    size_t before = 0;
    bool good = node.kind == Kind::map;
    reader_.each_entry(node, of, [&](const DocumentNode& key, const DocumentNode& argument) {
      auto word = std::find(words.begin(), words.end(), key.text);
      if (word != words.end()) {
        found[static_cast<size_t>(word - words.begin())] = &argument;
        ++before;
      } else {
        reader_.unknown_key(key, of, words);
        good = false;
      }
    });
    if (node.kind == Kind::map && before * 2 != node.children.size()) good = false;
    for (size_t i = 0; i < words.size(); ++i) {
      if (found[i] != nullptr) {
        good = read(words[i], *found[i]) && good;
      } else if (i < needed && node.kind == Kind::map) {
        reader_.add(node, of + "`" + words[i] + "` is missing");
        good = false;
      }
    }
    return good;
  }

  bool place(const Value& value, const DocumentNode& node, const std::string& of) {
    if (lies_in_document(value)) return true;
    reader_.add(node, of + "expected a place in the document");
    return false;
  }

  bool members(const DocumentNode& node, const std::string& of, std::vector<NamedValue>& out) {
    bool good = node.kind == Kind::map;
    reader_.each_entry(node, of, [&](const DocumentNode& key, const DocumentNode& member) {
      auto parsed = value(member, of + key.text + ": ");
      if (parsed) out.push_back({key.text, std::move(*parsed)});
      good = good && parsed;
    });
    return good && out.size() * 2 == node.children.size();
  }

  bool timestamp(Value& made, const DocumentNode& node, const std::string& of) {
    return named_nodes(node, of, {"of", "as", "zone"}, 1, [&](const std::string& word, const DocumentNode& argument) {
      if (word == "of") return append(argument, of, made.of);
      if (word == "as") {
        constexpr std::array kUnits = {TimeUnit::iso8601, TimeUnit::seconds, TimeUnit::millis, TimeUnit::automatic};
        auto found = reader_.word(argument, of + "as: ", {"iso8601", "s", "ms", "auto"});
        if (found) made.unit = kUnits[*found];
        return found.has_value();
      }
      auto zone = reader_.text(argument, of + "zone: ");
      if (!zone) return false;
      auto format = DateFormat::make("iso8601", *zone);
      if (!format) {
        reader_.add(argument, of + format.error().message + ", got " + shown_text(*zone));
        return false;
      }
      made.zone = std::move(*format);
      return true;
    });
  }

  bool map(Value& made, const DocumentNode& node, const std::string& of) {
    return named_nodes(node, of, {"over", "to"}, 2, [&](const std::string& word, const DocumentNode& argument) {
      if (word == "to") return members(argument, of, made.members);
      return append(argument, of, made.of) && place(made.of[0], argument, of + "over: ");
    });
  }

  bool find(Value& made, const DocumentNode& node, const std::string& of) {
    return named_nodes(node, of, {"in", "where", "take", "equals"}, 4,
                       [&](const std::string& word, const DocumentNode& argument) {
                         if (word == "equals" && argument.kind == Kind::list) return list(argument, of, made.of);
                         if (!append(argument, of + word + ": ", made.of)) return false;
                         return word != "in" || place(made.of[0], argument, of + "in: ");
                       });
  }

  bool lookup(Value& made, const DocumentNode& node, const std::string& of) {
    return named_nodes(node, of, {"of", "in", "else"}, 2, [&](const std::string& word, const DocumentNode& argument) {
      return word == "in" ? members(argument, of, made.members) : append(argument, of, made.of);
    });
  }

  bool prefixed(Value& made, const DocumentNode& node, const std::string& of) {
    return named_nodes(node, of, {"of", "prefix"}, 2, [&](const std::string& word, const DocumentNode& argument) {
      if (word == "of") return append(argument, of, made.of);
      auto prefix = reader_.text(argument, of + "prefix: ");
      if (prefix) made.text = *prefix;
      return prefix.has_value();
    });
  }

  // -- conditions -----------------------------------------------------------------------------------------------------

  std::optional<Condition> condition_of(Condition::Form form, const DocumentNode& node, const std::string& of) {
    Condition made;
    made.form = form;
    bool good = false;
    switch (form) {
      case Condition::Form::equals:
      case Condition::Form::prefix:
      case Condition::Form::same_secret:
        good = pair(node, of) && append(node.children[0], of, made.of) && append(node.children[1], of, made.of);
        if (good && form == Condition::Form::same_secret) good = compares_setting(made, node, of);
        break;
      case Condition::Form::in:
        good = pair(node, of) && append(node.children[0], of, made.of) && list(node.children[1], of, made.of);
        break;
      case Condition::Form::matches:
        good = pair(node, of) && append(node.children[0], of, made.of) && pattern(node.children[1], of, made);
        break;
      case Condition::Form::exists:
        good = append(node, of, made.of);
        break;
      case Condition::Form::empty:
        good = append(node, of, made.of) && place(made.of[0], node, of);
        break;
      case Condition::Form::negation:
        good = add_condition(node, of, made);
        break;
      case Condition::Form::all:
      case Condition::Form::any:
        good = true;
        reader_.each_item(node, of, [&](const DocumentNode& item) { good = add_condition(item, of, made) && good; });
        if (node.kind == Kind::list && node.children.empty()) reader_.add(node, of + "expected at least one condition");
        good = good && !made.conditions.empty();
    }
    if (!good) return std::nullopt;
    return made;
  }

  bool pair(const DocumentNode& node, const std::string& of) {
    if (node.kind == Kind::list && node.children.size() == 2) return true;
    reader_.add(node, of + "expected a list of two");
    return false;
  }

  bool compares_setting(const Condition& made, const DocumentNode& node, const std::string& of) {
    if (made.of[1].form == Form::reference && made.of[1].reference.root == ReferenceRoot::config) return true;
    reader_.add(node.children[1], of + "expected $config/name: a secret stands in no file");
    return false;
  }

  bool add_condition(const DocumentNode& node, const std::string& of, Condition& made) {
    auto parsed = condition(node, of);
    if (parsed) made.conditions.push_back(std::move(*parsed));
    return parsed.has_value();
  }

  bool pattern(const DocumentNode& node, const std::string& of, Condition& made) {
    auto text = reader_.text(node, of);
    if (!text) return false;
    re2::RE2::Options options;
    options.set_log_errors(false);
    options.set_max_mem(kPatternMemoryMax);
    made.pattern = std::make_shared<const re2::RE2>(*text, options);
    if (made.pattern->ok()) return true;
    reader_.add(node, of + shown_text(*text) + ": " + made.pattern->error());
    return false;
  }

  NodeReader& reader_;
  const ValueNames& names_;
};

}  // namespace

std::optional<Value> parse_value(NodeReader& reader, const ValueNames& names, const DocumentNode& node,
                                 const std::string& of) {
  return ValueReader(reader, names).value(node, of);
}

std::optional<Condition> parse_condition(NodeReader& reader, const ValueNames& names, const DocumentNode& node,
                                         const std::string& of) {
  return ValueReader(reader, names).condition(node, of);
}

std::optional<Value> parse_members(NodeReader& reader, const ValueNames& names, const DocumentNode& node,
                                   const std::string& of) {
  return ValueReader(reader, names).object(node, of);
}

std::optional<std::vector<std::string>> parse_pointer(NodeReader& reader, const DocumentNode& node,
                                                      std::string_view pointer, const std::string& of) {
  auto names = pointer_names(pointer);
  if (names) return names;
  if (pointer[0] != '/') {
    reader.add(node, of + "a JSON Pointer begins with /, got " + shown_text(pointer));
  } else {
    reader.add(node, of + "in a JSON Pointer ~ is written ~0 and / inside a name ~1, got " + shown_text(pointer));
  }
  return std::nullopt;
}

}  // namespace tributary
