#include "engine/ingest/property_schema.h"

#include <re2/re2.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <utility>

#include "engine/base/time.h"
#include "engine/ingest/json_text.h"
#include "engine/ingest/normalise_email.h"
#include "engine/ingest/text_fold.h"

namespace tributary {
namespace {

constexpr int64_t kPatternMemoryMax = 8 << 20;
/// How far a quotient may be from a whole number, as a share of it: 19.99 is a multiple of 0.01, though not in binary.
constexpr double kMultipleTolerance = 1e-9;

struct TypeWord {
  std::string_view word;
  uint8_t bit;
};
constexpr std::array<TypeWord, 7> kTypeWords = {{{"object", SchemaTypes::kObject},
                                                 {"array", SchemaTypes::kArray},
                                                 {"string", SchemaTypes::kString},
                                                 {"number", SchemaTypes::kNumber},
                                                 {"integer", SchemaTypes::kInteger},
                                                 {"boolean", SchemaTypes::kBoolean},
                                                 {"null", SchemaTypes::kNull}}};

struct FormatWord {
  std::string_view word;
  TextFormat format;
};
constexpr std::array<FormatWord, 5> kFormatWords = {{{"date-time", TextFormat::date_time},
                                                     {"date", TextFormat::date},
                                                     {"email", TextFormat::email},
                                                     {"uri", TextFormat::uri},
                                                     {"uuid", TextFormat::uuid}}};

/// Beyond the range of a double it is infinite.
double schema_number(std::string_view text) {
  double number = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc::result_out_of_range) return number;
  bool tiny = text.find("e-") != std::string_view::npos || text.find("E-") != std::string_view::npos;
  if (tiny) return 0;
  return text.starts_with('-') ? -HUGE_VAL : HUGE_VAL;
}

bool is_whole(double number) { return std::isinf(number) || std::floor(number) == number; }

uint8_t types_of(const JsonValue& value, double number) {
  switch (value.kind()) {
    case JsonKind::object:
    case JsonKind::absent:  // no properties
      return SchemaTypes::kObject;
    case JsonKind::array:
      return SchemaTypes::kArray;
    case JsonKind::string:
      return SchemaTypes::kString;
    case JsonKind::number:
      return SchemaTypes::kNumber | (is_whole(number) ? SchemaTypes::kInteger : 0);
    case JsonKind::boolean:
      return SchemaTypes::kBoolean;
    case JsonKind::null:
      break;
  }
  return SchemaTypes::kNull;
}

std::string type_list(uint8_t types) {
  std::string list;
  for (const TypeWord& row : kTypeWords) {
    if ((types & row.bit) == 0) continue;
    if (!list.empty()) list += " or ";
    list += row.word;
  }
  return list;
}

bool is_date_time(std::string_view text) {
  constexpr size_t kShortest = std::string_view("2026-11-21T10:00:00Z").size();
  if (text.size() < kShortest || ascii_lower(text[10]) != 't' || !parse_iso8601(text)) return false;
  char sign = text[text.size() - 6];
  return ascii_lower(text.back()) == 'z' || ((sign == '+' || sign == '-') && text[text.size() - 3] == ':');
}

bool is_uri(std::string_view text) {
  size_t colon = text.find(':');
  if (colon == std::string_view::npos || colon == 0 || !is_ascii_letter(text[0])) return false;
  bool scheme = std::all_of(text.begin(), text.begin() + static_cast<ptrdiff_t>(colon),
                            [](char c) { return is_ascii_alphanumeric(c) || c == '+' || c == '-' || c == '.'; });
  return scheme && colon + 1 < text.size() && is_visible_ascii(text);
}

bool is_uuid(std::string_view text) {
  if (text.size() != 36) return false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = ascii_lower(text[i]);
    bool dash = i == 8 || i == 13 || i == 18 || i == 23;
    if (dash ? c != '-' : !(is_ascii_digit(c) || (c >= 'a' && c <= 'f'))) return false;
  }
  return true;
}

bool has_format(std::string_view text, TextFormat format) {
  switch (format) {
    case TextFormat::none:
      return true;
    case TextFormat::date_time:
      return is_date_time(text);
    case TextFormat::date:
      return text.size() == 10 && parse_iso8601(text).has_value();
    case TextFormat::email:
      return normalise_email(text).value.has_value();
    case TextFormat::uri:
      return is_uri(text);
    case TextFormat::uuid:
      return is_uuid(text);
  }
  return true;
}

std::string format_name(TextFormat format) {
  for (const FormatWord& row : kFormatWords) {
    if (row.format == format) return std::string(row.word);
  }
  return {};
}

size_t code_points(std::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) { return (c & 0xC0) != 0x80; }));
}

std::string shown_number(double number) {
  std::array<char, 32> buffer;
  auto [end, error] = std::to_chars(buffer.data(), buffer.data() + buffer.size(), number);
  return {buffer.data(), end};
}

/// Where a value stands, on the stack of the check.
struct SchemaPlace {
  const SchemaPlace* around = nullptr;  // null: the properties themselves
  std::string_view member;
  size_t index = 0;
  bool in_list = false;
};

std::string pointer_of(const SchemaPlace& place) {
  if (place.around == nullptr) return {};
  std::string pointer = pointer_of(*place.around) + '/';
  if (place.in_list) return pointer + std::to_string(place.index);
  for (char c : place.member) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
  return pointer;
}

std::string_view outermost_member(const SchemaPlace& place) {
  const SchemaPlace* at = &place;
  if (at->around == nullptr) return {};
  while (at->around->around != nullptr) at = at->around;
  return at->member;
}

class SchemaCheck {
 public:
  /// `only_whether`: stops at the first fault and words nothing.
  explicit SchemaCheck(bool only_whether) : only_whether_(only_whether) {}

  void check(const PropertySchema& schema, const JsonValue& value, const SchemaPlace& place) {
    if (enough(place)) return;
    if (schema.never) return add(place, "is not planned");
    double number = value.is(JsonKind::number) ? schema_number(value.raw()) : 0;
    if (schema.types != 0 && (schema.types & types_of(value, number)) == 0) {
      return add(place, "must be " + type_list(schema.types));
    }
    if (schema.has_choice && !is_chosen(schema, value, number)) add(place, "is none of the allowed values");
    switch (value.kind()) {
      case JsonKind::object:
      case JsonKind::absent:
        check_object(schema, value, place);
        break;
      case JsonKind::array:
        check_list(schema, value, place);
        break;
      case JsonKind::string:
        check_text(schema, value, place);
        break;
      case JsonKind::number:
        check_number(schema, number, place);
        break;
      case JsonKind::boolean:
      case JsonKind::null:
        break;
    }
    check_combined(schema, value, place);
  }

  std::vector<SchemaFault> take() { return std::move(faults_); }

 private:
  bool enough(const SchemaPlace& place) const {
    if (only_whether_ || faults_.size() >= kSchemaFaultsMax) return !faults_.empty();
    return place.around != nullptr && !faults_.empty() && faults_.back().member == outermost_member(place) &&
           !faults_.back().member.empty();
  }

  void add(const SchemaPlace& place, std::string message) {
    if (only_whether_) {
      if (faults_.empty()) faults_.emplace_back();
      return;
    }
    if (enough(place)) return;
    faults_.push_back({std::string(outermost_member(place)), pointer_of(place), std::move(message)});
  }

  static bool holds(const PropertySchema& schema, const JsonValue& value) {
    SchemaCheck trial(true);
    trial.check(schema, value, SchemaPlace{});
    return trial.faults_.empty();
  }

  static bool is_chosen(const PropertySchema& schema, const JsonValue& value, double number) {
    std::string scratch;
    return std::any_of(schema.choice.begin(), schema.choice.end(), [&](const SchemaConstant& constant) {
      if (constant.kind != value.kind()) return false;
      return constant.kind == JsonKind::number ? constant.number == number : constant.text == value.text(scratch);
    });
  }

  void check_number(const PropertySchema& schema, double number, const SchemaPlace& place) {
    auto bound = [&](const std::optional<double>& limit, bool kept, const char* words) {
      if (limit && !kept) add(place, words + shown_number(*limit));
    };
    bound(schema.minimum, number >= schema.minimum.value_or(0), "must be at least ");
    bound(schema.maximum, number <= schema.maximum.value_or(0), "must be at most ");
    bound(schema.exclusive_minimum, number > schema.exclusive_minimum.value_or(0), "must be more than ");
    bound(schema.exclusive_maximum, number < schema.exclusive_maximum.value_or(0), "must be less than ");
    if (!schema.multiple_of) return;
    double quotient = number / *schema.multiple_of;
    double away = std::fabs(quotient - std::round(quotient));
    bool multiple = std::isfinite(quotient) && away <= kMultipleTolerance * std::max(1.0, std::fabs(quotient));
    bound(schema.multiple_of, multiple, "must be a multiple of ");
  }

  void check_text(const PropertySchema& schema, const JsonValue& value, const SchemaPlace& place) {
    bool measured = schema.length_min > 0 || schema.length_max != PropertySchema::kUnlimited;
    if (!measured && !schema.pattern && schema.format == TextFormat::none) return;
    std::string scratch;
    std::string_view text = value.text(scratch);
    if (measured) check_count(code_points(text), schema.length_min, schema.length_max, "characters", place);
    if (schema.pattern && !schema.pattern->found_in(text)) add(place, "does not have the pattern");
    if (!has_format(text, schema.format)) add(place, "must have the format " + format_name(schema.format));
  }

  void check_count(size_t count, size_t min, size_t max, const char* what, const SchemaPlace& place) {
    if (count < min) add(place, "must have at least " + std::to_string(min) + " " + what);
    if (count > max) add(place, "must have at most " + std::to_string(max) + " " + what);
  }

  void check_list(const PropertySchema& schema, const JsonValue& value, const SchemaPlace& place) {
    bool measured = schema.items_min > 0 || schema.items_max != PropertySchema::kUnlimited;
    if (measured) check_count(value.size(), schema.items_min, schema.items_max, "items", place);
    if (!schema.items) return;
    size_t index = 0;
    for_each_element(value, [&](const JsonValue& element) {
      check(*schema.items, element, SchemaPlace{&place, {}, index++, true});
    });
  }

  void check_object(const PropertySchema& schema, const JsonValue& value, const SchemaPlace& place) {
    bool measured = schema.members_min > 0 || schema.members_max != PropertySchema::kUnlimited;
    if (measured) check_count(value.size(), schema.members_min, schema.members_max, "members", place);
    for (const std::string& name : schema.required) {
      if (find_member(value, name).is(JsonKind::absent)) add(place, "must have " + quoted_for_message(name));
    }
    if (schema.members.empty() && !schema.other_members) return;
    for_each_member(value, [&](const JsonValue& key, const JsonValue& member) {
      std::string scratch;
      std::string_view name = key.text(scratch);
      auto known = std::lower_bound(schema.members.begin(), schema.members.end(), name,
                                    [](const NamedSchema& a, std::string_view b) { return a.name < b; });
      bool listed = known != schema.members.end() && known->name == name;
      const PropertySchema* of_member = listed ? &known->schema : schema.other_members.get();
      if (of_member != nullptr) check(*of_member, member, SchemaPlace{&place, name});
    });
  }

  void check_combined(const PropertySchema& schema, const JsonValue& value, const SchemaPlace& place) {
    auto kept = [&](const PropertySchema& part) { return holds(part, value); };
    for (const PropertySchema& part : schema.all_of) check(part, value, place);
    if (!schema.any_of.empty() && std::none_of(schema.any_of.begin(), schema.any_of.end(), kept)) {
      add(place, "is as none of anyOf has it");
    }
    if (!schema.one_of.empty() && std::count_if(schema.one_of.begin(), schema.one_of.end(), kept) != 1) {
      add(place, "is not as exactly one of oneOf has it");
    }
    if (schema.none_of && kept(*schema.none_of)) add(place, "is as it must not be");
    if (!schema.when) return;
    const auto& then = kept(*schema.when) ? schema.then : schema.otherwise;
    if (then) check(*then, value, place);
  }

  const bool only_whether_;
  std::vector<SchemaFault> faults_;
};

}  // namespace

struct TextPattern::Machine {
  Machine(std::string_view pattern, const re2::RE2::Options& options)
      : expression(re2::StringPiece(pattern.data(), pattern.size()), options) {}
  re2::RE2 expression;
};

TextPattern::TextPattern() = default;
TextPattern::~TextPattern() = default;

Result<std::shared_ptr<const TextPattern>> TextPattern::compile(std::string_view pattern) {
  re2::RE2::Options options;
  options.set_log_errors(false);
  options.set_max_mem(kPatternMemoryMax);
  auto machine = std::make_unique<const Machine>(pattern, options);
  if (!machine->expression.ok()) {
    bool too_large = machine->expression.error_code() == re2::RE2::ErrorPatternTooLarge;
    return Error{too_large ? ErrorCode::overloaded : ErrorCode::invalid, machine->expression.error()};
  }
  std::shared_ptr<TextPattern> compiled(new TextPattern);
  compiled->machine_ = std::move(machine);
  return std::shared_ptr<const TextPattern>(std::move(compiled));
}

bool TextPattern::found_in(std::string_view text) const {
  return re2::RE2::PartialMatch(re2::StringPiece(text.data(), text.size()), machine_->expression);
}

size_t TextPattern::size() const { return static_cast<size_t>(std::max(0, machine_->expression.ProgramSize())); }

std::optional<uint8_t> parse_schema_type(std::string_view word) {
  for (const TypeWord& row : kTypeWords) {
    if (row.word == word) return row.bit;
  }
  return std::nullopt;
}

std::optional<TextFormat> parse_text_format(std::string_view word) {
  for (const FormatWord& row : kFormatWords) {
    if (row.word == word) return row.format;
  }
  return std::nullopt;
}

std::vector<SchemaFault> check_schema(const PropertySchema& schema, const JsonValue& properties) {
  SchemaCheck check(false);
  check.check(schema, properties.is(JsonKind::null) ? JsonValue{} : properties, SchemaPlace{});
  return check.take();
}

}  // namespace tributary
