// What properties of an event may hold: a compiled JSON Schema, checked on the parsed event without a second parse.
#pragma once

#include <cstdint>
#include <limits>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/ingest/json_index.h"

namespace tributary {

/// Types that a value may have: bits. Source: JSON Schema draft 7, validation, section 6.1.1.
struct SchemaTypes {
  static constexpr uint8_t kObject = 1;
  static constexpr uint8_t kArray = 2;
  static constexpr uint8_t kString = 4;
  static constexpr uint8_t kNumber = 8;
  static constexpr uint8_t kInteger = 16;  // without a fraction: 1.0 and 1e2 are integers
  static constexpr uint8_t kBoolean = 32;
  static constexpr uint8_t kNull = 64;
};
std::optional<uint8_t> parse_schema_type(std::string_view word);

/// Checked, not only noted. `date_time` has an offset (RFC 3339), `uri` a scheme.
enum class TextFormat : uint8_t { none, date_time, date, email, uri, uuid };
std::optional<TextFormat> parse_text_format(std::string_view word);

/// A regular expression, found anywhere in a text. RE2: time linear in the text, because events of a public key are
/// matched too; so no look-around and no back-references. Thread: any.
class TextPattern {
 public:
  /// Errors, with what RE2 says: invalid; overloaded for one that would come to more than 8 MiB.
  static Result<std::shared_ptr<const TextPattern>> compile(std::string_view pattern);
  ~TextPattern();
  bool found_in(std::string_view text) const;
  /// Instructions of the machine: what compiling it took, and how much memory it may come to.
  size_t size() const;

 private:
  TextPattern();
  struct Machine;
  std::unique_ptr<const Machine> machine_;
};

/// A value of `enum` or `const`: text, number, boolean or null.
struct SchemaConstant {
  JsonKind kind = JsonKind::null;
  std::string text;  // of a string decoded, of anything else as JSON
  double number = 0;
};

struct NamedSchema;

/// One schema. Numbers are compared as 64-bit floating point, and `multiple_of` to nine digits; lengths count code
/// points. What is not set constrains nothing. Immutable once compiled; thread: any.
struct PropertySchema {
  static constexpr size_t kUnlimited = std::numeric_limits<size_t>::max();

  bool never = false;  // the schema `false`
  uint8_t types = 0;   // SchemaTypes; 0: any
  bool has_choice = false;
  std::vector<SchemaConstant> choice;  // of enum and const
  std::optional<double> minimum, maximum, exclusive_minimum, exclusive_maximum, multiple_of;
  size_t length_min = 0, length_max = kUnlimited;
  std::shared_ptr<const TextPattern> pattern;
  TextFormat format = TextFormat::none;
  size_t items_min = 0, items_max = kUnlimited;
  std::unique_ptr<PropertySchema> items;
  size_t members_min = 0, members_max = kUnlimited;
  std::vector<std::string> required;
  std::vector<NamedSchema> members;  // sorted by name
  std::unique_ptr<PropertySchema> other_members;
  std::vector<PropertySchema> all_of, any_of, one_of;
  std::unique_ptr<PropertySchema> none_of;  // `not`
  std::unique_ptr<PropertySchema> when, then, otherwise;
};

struct NamedSchema {
  std::string name;
  PropertySchema schema;
};

/// One thing in which properties differ from their schema.
struct SchemaFault {
  std::string member;   // the property in which it lies; empty when it is about all of them
  std::string path;     // JSON Pointer below the properties: `/products/0/price`. Source: RFC 6901
  std::string message;  // `must be number`; at most 64 escaped bytes of input
};

/// The faults of an event's properties: of each that has any at least one, and those about all of them. Absent ones and
/// null are an empty object. Stops at kSchemaFaultsMax.
std::vector<SchemaFault> check_schema(const PropertySchema& schema, const JsonValue& properties);

constexpr size_t kSchemaFaultsMax = 1000;

}  // namespace tributary
