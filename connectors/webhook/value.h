// A value of a connector file: how one member of an event is made of a delivery. Values only; value_file.h reads them,
// evaluation.h applies them.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/date_format.h"

namespace tributary {

enum class ReferenceRoot : uint8_t {
  element,
  document,
  outer,
  header,
  query,
  config,
  body,
  received_at,
  source,
};

/// One place of a delivery.
struct Reference {
  ReferenceRoot root = ReferenceRoot::element;
  std::vector<std::string> steps;  // of a JSON Pointer, decoded
  std::string name;                // of a header (lower-case), a query parameter or a setting
  std::string written;             // as it stands in the file, for messages

  bool is_in_document() const {
    return root == ReferenceRoot::element || root == ReferenceRoot::document || root == ReferenceRoot::outer;
  }
};

/// What a text or number says about a point in time.
enum class TimeUnit : uint8_t { automatic, iso8601, seconds, millis };

struct NamedValue;

struct Value {
  enum class Form : uint8_t {
    reference,
    constant,      // `text` and `json`
    first_of,      // of: the candidates
    concat,        // of: the parts
    text,          // of: [value]
    number,        // of: [value] or [value, currency]
    sum,           // of: [over, value of each element]
    timestamp,     // of: [value], `unit`, `zone`
    map,           // of: [over], `members`
    find,          // of: [in, where, take, equals...]
    at,            // of: [JSON Pointer]
    object,        // `members`
    lookup,        // of: [value] or [value, else], `members` is the table
    strip_prefix,  // of: [value], `text`
    add_prefix,    // of: [value], `text`
    sha256,        // of: the texts
    hmac_sha256,   // of: [key, value]
  };
  enum class ConstantKind : uint8_t { text, number, boolean, json };

  Form form = Form::constant;
  ConstantKind constant = ConstantKind::text;
  TimeUnit unit = TimeUnit::automatic;
  Reference reference;
  std::string text;
  std::string json;
  std::optional<DateFormat> zone;  // of texts without an offset
  std::vector<Value> of;
  std::vector<NamedValue> members;
};

struct NamedValue {
  std::string name;
  Value value;
};

}  // namespace tributary
