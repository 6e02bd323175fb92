#include "connectors/bulk/mapping_file.h"

#include <re2/re2.h>
#include <yaml-cpp/yaml.h>

#include <algorithm>
#include <charconv>
#include <fstream>
#include <iterator>
#include <map>
#include <set>

#include "connectors/document/one_document.h"

namespace tributary {
namespace {

constexpr int kDepthMax = 16;
constexpr size_t kFixedColumnMax = 1 << 16;

/// Collects mistakes with their place in the file.
class Mistakes {
 public:
  explicit Mistakes(std::string_view file) : file_(file) {}
  void add(const YAML::Mark& mark, const std::string& message) {
    list_.push_back(file_ + ":" + std::to_string(mark.line + 1) + ":" + std::to_string(mark.column + 1) + ": " +
                    message);
  }
  void add(const YAML::Node& node, const std::string& message) { add(node.Mark(), message); }
  std::vector<std::string> take() { return std::move(list_); }
  bool empty() const { return list_.empty(); }

 private:
  std::string file_;
  std::vector<std::string> list_;
};

/// A map of the file whose every key must be asked for: what nobody asked for is a mistake.
class StrictMap {
 public:
  StrictMap(const YAML::Node& node, Mistakes& mistakes) : node_(node), mistakes_(mistakes) {
    if (!node.IsMap()) {
      mistakes.add(node, "expected a map");
      return;
    }
    for (const auto& entry : node) {
      if (!entry.first.IsScalar()) {
        mistakes.add(entry.first, "a key must be a word");
      } else if (!entries_.emplace(entry.first.Scalar(), std::pair(entry.first, entry.second)).second) {
        mistakes.add(entry.first, "key \"" + entry.first.Scalar() + "\" stands twice");
      }
    }
  }
  ~StrictMap() {
    for (const auto& [key, entry] : entries_) {
      if (asked_.contains(key)) continue;
      std::string known;
      for (const std::string& name : asked_) known += " " + name;
      mistakes_.add(entry.first, "unknown key \"" + key + "\"; known:" + known);
    }
  }
  StrictMap(const StrictMap&) = delete;
  StrictMap& operator=(const StrictMap&) = delete;

  const YAML::Node* find(const std::string& key) {
    asked_.insert(key);
    auto entry = entries_.find(key);
    return entry == entries_.end() ? nullptr : &entry->second.second;
  }
  const YAML::Node* need(const std::string& key) {
    const YAML::Node* found = find(key);
    if (!found) mistakes_.add(node_, "missing key \"" + key + "\"");
    return found;
  }
  const YAML::Node& node() const { return node_; }

 private:
  const YAML::Node& node_;
  Mistakes& mistakes_;
  std::map<std::string, std::pair<YAML::Node, YAML::Node>> entries_;
  std::set<std::string> asked_;
};

class MappingReader {
 public:
  explicit MappingReader(std::string_view file) : mistakes_(file) {}
  Mistakes& mistakes() { return mistakes_; }

  Mapping read(const YAML::Node& root) {
    Mapping mapping;
    StrictMap map(root, mistakes_);
    mapping.name = read_name(map);
    read_shape(map, mapping.shape);
    if (const auto* node = map.find("kind")) mapping.records = read_kind(*node);
    if (mapping.records) {
      read_record(map, mapping);
      return mapping;
    }
    if (const auto* node = map.find("group_by")) mapping.group_by = read_columns(*node);
    if (const auto* node = map.find("message_id")) mapping.message_id = read_message_id(*node);
    if (const auto* node = map.find("channel")) mapping.channel = read_text(*node);
    read_identifiers(map, mapping);
    if (const auto* node = map.need("time")) mapping.time = read_time(*node);
    if (const auto* node = map.need("events")) read_events(*node, mapping.events);
    return mapping;
  }

 private:
  std::string read_text(const YAML::Node& node) {
    if (node.IsScalar()) return node.Scalar();
    mistakes_.add(node, "expected text");
    return {};
  }

  bool read_bool(const YAML::Node& node) {
    std::string text = read_text(node);
    if (text != "true" && text != "false") mistakes_.add(node, "expected true or false");
    return text == "true";
  }

  size_t read_number(const YAML::Node& node, size_t least, size_t most) {
    std::string text = read_text(node);
    size_t number = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    bool canonical = text.size() < 2 || text[0] != '0';
    if (error == std::errc{} && end == text.data() + text.size() && canonical && number >= least && number <= most) {
      return number;
    }
    mistakes_.add(node, "expected a number from " + std::to_string(least) + " to " + std::to_string(most));
    return least;
  }

  std::string read_name(StrictMap& map) {
    const auto* node = map.need("name");
    std::string name = node ? read_text(*node) : "x";
    bool good = !name.empty() && name.size() <= 40 && std::all_of(name.begin(), name.end(), [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_';
    });
    if (!good && node) mistakes_.add(*node, "a mapping's name is 1 to 40 of a-z, 0-9 and _");
    return name;
  }

  bool read_kind(const YAML::Node& node) {
    std::string kind = read_text(node);
    if (kind != "records" && kind != "events") mistakes_.add(node, "unknown kind; known: events records");
    return kind == "records";
  }

  void read_record(StrictMap& map, Mapping& mapping) {
    if (mapping.shape.format == TableFormat::fixed) mistakes_.add(map.node(), "records stand in tables with a header");
    if (const auto* node = map.need("fields")) mapping.fields = read_object(*node);
    mapping.traits.kind = ValueKind::object;
    if (const auto* node = map.find("traits")) mapping.traits = read_object(*node);
  }

  // -- the table ------------------------------------------------------------------------------------------------------

  void read_shape(StrictMap& map, TableShape& shape) {
    if (const auto* node = map.need("format")) shape.format = read_format(*node);
    if (const auto* node = map.find("header")) shape.header = read_bool(*node);
    if (const auto* node = map.find("trim")) shape.trim = read_bool(*node);
    if (const auto* node = map.find("formula_guard")) shape.formula_guard = read_bool(*node);
    if (const auto* node = map.find("skip_rows")) shape.skip_rows = read_number(*node, 0, 1'000'000);
    if (const auto* node = map.find("delimiter")) shape.delimiter = read_character(*node);
    if (const auto* node = map.find("quote")) shape.quote = read_character(*node);
    if (shape.delimiter == shape.quote) mistakes_.add(map.node(), "delimiter and quote are the same character");
    if (const auto* node = map.find("encoding")) {
      auto encoding = parse_text_encoding(read_text(*node));
      if (!encoding) mistakes_.add(*node, "unknown encoding; known: utf-8 latin-1 windows-1252 gbk gb18030");
      shape.encoding = encoding.value_or(TextEncoding::utf8);
    }
    const auto* columns = map.find("columns");
    if (columns) read_table_columns(*columns, shape);
    if (!columns && (!shape.header || shape.format == TableFormat::fixed)) {
      mistakes_.add(map.node(), "missing key \"columns\": without a header the columns need names");
    }
  }

  TableFormat read_format(const YAML::Node& node) {
    std::string text = read_text(node);
    if (text == "csv") return TableFormat::csv;
    if (text == "whitespace") return TableFormat::whitespace;
    if (text == "fixed") return TableFormat::fixed;
    mistakes_.add(node, "unknown format; known: csv whitespace fixed");
    return TableFormat::csv;
  }

  char read_character(const YAML::Node& node) {
    std::string text = read_text(node);
    bool good = text.size() == 1 && text[0] != '\n' && text[0] != '\r' && static_cast<unsigned char>(text[0]) < 0x80;
    if (!good) mistakes_.add(node, "expected one ASCII character");
    return good ? text[0] : '\x01';
  }

  void read_table_columns(const YAML::Node& node, TableShape& shape) {
    std::set<std::string> names;
    if (!node.IsSequence() || node.size() == 0) {
      mistakes_.add(node, "expected a list of columns");
      return;
    }
    for (const auto& item : node) {
      std::string name;
      if (shape.format == TableFormat::fixed) {
        shape.fixed.push_back(read_fixed_column(item));
        name = shape.fixed.back().name;
      } else {
        name = shape.columns.emplace_back(read_text(item));
      }
      if (!names.insert(name).second) mistakes_.add(item, "column \"" + name + "\" stands twice");
    }
  }

  FixedColumn read_fixed_column(const YAML::Node& node) {
    FixedColumn column;
    StrictMap map(node, mistakes_);
    if (const auto* name = map.need("name")) column.name = read_text(*name);
    if (const auto* from = map.need("from")) column.from = read_number(*from, 1, kFixedColumnMax);
    if (const auto* to = map.need("to")) column.to = read_number(*to, 1, kFixedColumnMax);
    if (column.to < column.from) mistakes_.add(node, "`to` stands before `from`");
    return column;
  }

  ColumnRef read_column(const YAML::Node& node) { return ColumnRef{read_text(node), node.Mark().line + 1, 0}; }

  std::vector<ColumnRef> read_columns(const YAML::Node& node) {
    std::vector<ColumnRef> columns;
    if (node.IsScalar()) {
      columns.push_back(read_column(node));
    } else if (node.IsSequence() && node.size() > 0) {
      for (const auto& item : node) columns.push_back(read_column(item));
    } else {
      mistakes_.add(node, "expected a column or a list of columns");
    }
    return columns;
  }

  std::vector<ColumnRef> read_message_id(const YAML::Node& node) {
    if (node.IsScalar() && node.Scalar() == "line") return {};
    return read_columns(node);
  }

  // -- values ---------------------------------------------------------------------------------------------------------

  /// "guest-{InvoiceNo}"; {{ and }} stand for braces.
  std::vector<RowTemplatePart> read_template(const YAML::Node& node) {
    std::string text = read_text(node);
    std::vector<RowTemplatePart> parts;
    std::string literal;
    for (size_t i = 0; i < text.size(); ++i) {
      bool brace = text[i] == '{' || text[i] == '}';
      if (!brace || (i + 1 < text.size() && text[i + 1] == text[i])) {
        literal += text[i];
        if (brace) ++i;
        continue;
      }
      size_t end = text[i] == '{' ? text.find('}', i) : std::string::npos;
      if (end == std::string::npos || end == i + 1) {
        mistakes_.add(node, "a template's braces do not match; write {{ or }} for a brace itself");
        return parts;
      }
      if (!literal.empty()) parts.push_back(RowTemplatePart{std::exchange(literal, {}), std::nullopt});
      parts.push_back(RowTemplatePart{{}, ColumnRef{text.substr(i + 1, end - i - 1), node.Mark().line + 1, 0}});
      i = end;
    }
    if (!literal.empty()) parts.push_back(RowTemplatePart{literal, std::nullopt});
    return parts;
  }

  ValueSpec read_value(const YAML::Node& node, int depth = 0) {
    ValueSpec value;
    if (depth > kDepthMax) {
      mistakes_.add(node, "values are nested too deep");
    } else if (node.IsScalar()) {
      value.parts = read_template(node);
    } else {
      read_value_map(node, depth, value);
    }
    return value;
  }

  void read_value_map(const YAML::Node& node, int depth, ValueSpec& value) {
    StrictMap map(node, mistakes_);
    if (!node.IsMap()) return;
    int kinds = 0;
    auto take = [&](const char* key) {
      const YAML::Node* found = map.find(key);
      if (found) ++kinds;
      return found;
    };
    if (const auto* column = take("column")) value.parts.push_back(RowTemplatePart{{}, read_column(*column)});
    if (const auto* text = take("template")) value.parts = read_template(*text);
    if (const auto* sum = take("sum")) {
      value.kind = ValueKind::sum;
      value.type = ValueType::decimal;
      value.factors = read_columns(*sum);
    }
    if (const auto* count = take("count")) {
      value.kind = ValueKind::count;
      if (read_text(*count) != "rows") mistakes_.add(*count, "only rows can be counted");
    }
    if (const auto* line = take("line")) {
      value.kind = ValueKind::line;
      if (read_text(*line) != "number") mistakes_.add(*line, "of a line there is its number");
    }
    if (const auto* object = take("object")) read_members(*object, depth, ValueKind::object, value);
    if (const auto* rows = take("each_row")) read_members(*rows, depth, ValueKind::each_row, value);
    if (kinds != 1) mistakes_.add(node, "a value has exactly one of: column template sum count line object each_row");
    read_value_options(map, value);
  }

  void read_members(const YAML::Node& node, int depth, ValueKind kind, ValueSpec& value) {
    value.kind = kind;
    value.members = read_members_of(node, depth);
  }

  std::vector<MemberSpec> read_members_of(const YAML::Node& node, int depth) {
    std::vector<MemberSpec> members;
    std::set<std::string> names;
    if (!node.IsMap()) {
      mistakes_.add(node, "expected a map of names and values");
      return members;
    }
    for (const auto& entry : node) {
      std::string name = read_text(entry.first);
      if (!names.insert(name).second) mistakes_.add(entry.first, "key \"" + name + "\" stands twice");
      members.push_back({std::move(name), read_value(entry.second, depth + 1)});
    }
    return members;
  }

  void read_value_options(StrictMap& map, ValueSpec& value) {
    bool text = value.kind == ValueKind::text;
    if (const auto* node = map.find("type")) {
      value.type = read_type(*node);
      if (!text) mistakes_.add(*node, "only a column or a template has a type");
    }
    if (const auto* node = map.find("strip_prefix")) value.strip_prefix = read_text(*node);
    if (const auto* node = map.find("strip_suffix")) value.strip_suffix = read_text(*node);
    if (const auto* node = map.find("required")) value.required = read_bool(*node);
    if (const auto* node = map.find("values")) read_words(*node, value);
    if (const auto* node = map.find("negate")) {
      value.negate = read_bool(*node);
      if (value.type != ValueType::decimal) mistakes_.add(*node, "only a decimal or a sum can be negated");
    }
    const auto* format = map.find("format");
    const auto* zone = map.find("zone");
    if (value.type == ValueType::date && !format && !zone) return;
    if (value.type != ValueType::time && value.type != ValueType::date) {
      if (format || zone)
        mistakes_.add(format ? *format : *zone, "only a value of type time or date has a format and a zone");
      return;
    }
    auto date = DateFormat::make(format ? read_text(*format) : "iso8601", zone ? read_text(*zone) : "UTC");
    if (date) {
      value.date = *date;
    } else {
      mistakes_.add(format ? *format : map.node(), date.error().message);
    }
  }

  /// Words of the file, and what is written for them.
  void read_words(const YAML::Node& node, ValueSpec& value) {
    if (!node.IsMap()) mistakes_.add(node, "expected a map of words of the file and values");
    if (value.kind != ValueKind::text || value.type != ValueType::text) mistakes_.add(node, "only text has values");
    if (!node.IsMap()) return;
    for (const auto& entry : node) value.values.emplace_back(read_text(entry.first), read_text(entry.second));
  }

  ValueType read_type(const YAML::Node& node) {
    static const std::map<std::string, ValueType> types = {
        {"text", ValueType::text},       {"integer", ValueType::integer}, {"decimal", ValueType::decimal},
        {"boolean", ValueType::boolean}, {"time", ValueType::time},       {"date", ValueType::date}};
    auto found = types.find(read_text(node));
    if (found != types.end()) return found->second;
    mistakes_.add(node, "unknown type; known: text integer decimal boolean time date");
    return ValueType::text;
  }

  /// The event's own time: {column, format, zone}, always there.
  ValueSpec read_time(const YAML::Node& node) {
    ValueSpec value;
    StrictMap map(node, mistakes_);
    value.type = ValueType::time;
    value.required = true;
    const auto* column = map.need("column");
    if (column) value.parts.push_back(RowTemplatePart{{}, read_column(*column)});
    const auto* format = map.need("format");
    const auto* zone = map.find("zone");
    auto date = DateFormat::make(format ? read_text(*format) : "iso8601", zone ? read_text(*zone) : "UTC");
    if (date) {
      value.date = *date;
    } else {
      mistakes_.add(format ? *format : node, date.error().message);
    }
    return value;
  }

  // -- identifiers and events -----------------------------------------------------------------------------------------

  std::optional<ValueSpec> read_identifier(StrictMap& map, const char* key) {
    const auto* node = map.find(key);
    if (!node) return std::nullopt;
    ValueSpec value = read_value(*node);
    if (value.kind != ValueKind::text || value.type != ValueType::text) {
      mistakes_.add(*node, "an identifier is text: a template or a column");
    }
    return value;
  }

  void read_identifiers(StrictMap& map, Mapping& mapping) {
    mapping.user_id = read_identifier(map, "user_id");
    mapping.anonymous_id = read_identifier(map, "anonymous_id");
    mapping.guest_id = read_identifier(map, "guest_id");
    if (const auto* node = map.find("external_ids")) {
      if (!node->IsSequence()) mistakes_.add(*node, "expected a list of {type, value}");
      for (const auto& item : *node) {
        StrictMap id(item, mistakes_);
        ExternalIdSpec spec;
        if (const auto* type = id.need("type")) spec.type = read_text(*type);
        if (id.need("value")) spec.value = read_identifier(id, "value").value();
        mapping.external_ids.push_back(std::move(spec));
      }
    }
    if (!mapping.user_id && !mapping.anonymous_id && !mapping.guest_id && mapping.external_ids.empty()) {
      mistakes_.add(map.node(), "an event needs a user_id, anonymous_id, guest_id or one of external_ids");
    }
  }

  void read_events(const YAML::Node& node, std::vector<EventSpec>& events) {
    if (!node.IsSequence() || node.size() == 0) {
      mistakes_.add(node, "expected a list of events");
      return;
    }
    for (const auto& item : node) {
      if (!events.empty() && events.back().when.empty()) {
        mistakes_.add(item, "never reached: the event before it has no condition");
      }
      events.push_back(read_event(item));
    }
  }

  EventSpec read_event(const YAML::Node& node) {
    EventSpec event;
    StrictMap map(node, mistakes_);
    if (const auto* type = map.find("type")) event.type = read_text(*type);
    static const std::set<std::string> types = {"track", "identify", "page", "screen"};
    if (!types.contains(event.type)) mistakes_.add(node, "unknown event type; known: track identify page screen");
    const auto* name = event.type == "track" ? map.need("name") : map.find("name");
    if (name) event.name = read_value(*name);
    if (event.name && event.type == "identify") mistakes_.add(*name, "an identify event has no name");
    if (const auto* when = map.find("when")) read_conditions(*when, event.when);
    if (const auto* properties = map.find("properties")) event.properties = read_object(*properties);
    if (const auto* traits = map.find("traits")) event.traits = read_object(*traits);
    return event;
  }

  ValueSpec read_object(const YAML::Node& node) {
    ValueSpec value;
    read_members(node, 0, ValueKind::object, value);
    return value;
  }

  void read_conditions(const YAML::Node& node, std::vector<RowCondition>& conditions) {
    if (node.IsMap()) {
      conditions.push_back(read_condition(node));
      return;
    }
    if (!node.IsSequence() || node.size() == 0) mistakes_.add(node, "expected a condition or a list of conditions");
    for (const auto& item : node) conditions.push_back(read_condition(item));
  }

  RowCondition read_condition(const YAML::Node& node) {
    RowCondition condition;
    StrictMap map(node, mistakes_);
    if (const auto* column = map.need("column")) condition.column = read_column(*column);
    int tests = 0;
    auto take = [&](const char* key, ConditionTest test) {
      const YAML::Node* found = map.find(key);
      if (found) condition.test = test;
      if (found) ++tests;
      return found;
    };
    if (const auto* text = take("equals", ConditionTest::equals)) condition.text = read_text(*text);
    if (const auto* text = take("starts_with", ConditionTest::starts_with)) condition.text = read_text(*text);
    if (const auto* wanted = take("empty", ConditionTest::empty)) condition.empty = read_bool(*wanted);
    if (const auto* pattern = take("matches", ConditionTest::matches)) condition.pattern = read_pattern(*pattern);
    if (tests != 1) mistakes_.add(node, "a condition has exactly one of: equals starts_with empty matches");
    return condition;
  }

  std::shared_ptr<const re2::RE2> read_pattern(const YAML::Node& node) {
    RE2::Options options;
    options.set_log_errors(false);
    auto pattern = std::make_shared<const re2::RE2>(read_text(node), options);
    if (!pattern->ok()) mistakes_.add(node, "bad pattern: " + pattern->error());
    return pattern;
  }

  Mistakes mistakes_;
};

}  // namespace

std::variant<Mapping, std::vector<std::string>> parse_mapping(std::string_view yaml, std::string_view file_name) {
  MappingReader reader(file_name);
  try {
    YAML::Node document = YAML::Load(std::string(yaml));
    if (document.IsNull() || find_second_document(yaml)) {
      return std::vector{std::string(file_name) + ": expected one YAML document"};
    }
    Mapping mapping = reader.read(document);
    if (reader.mistakes().empty()) return mapping;
  } catch (const YAML::Exception& error) {
    reader.mistakes().add(error.mark, error.msg);
  }
  return reader.mistakes().take();
}

std::variant<Mapping, std::vector<std::string>> load_mapping(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::vector{"opening " + path + ": cannot be read"};
  return parse_mapping(std::string(std::istreambuf_iterator<char>(file), {}), path);
}

}  // namespace tributary
