#include "connectors/webhook/evaluation.h"

#include <re2/re2.h>

#include <algorithm>

#include "connectors/webhook/digests.h"
#include "connectors/webhook/json_pointer.h"
#include "connectors/webhook/mapping_functions.h"
#include "connectors/webhook/node_reader.h"
#include "engine/base/decimal.h"
#include "engine/base/json_out.h"
#include "engine/base/keyed_hash.h"
#include "engine/base/money.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"

namespace tributary {
namespace {

using Form = Value::Form;

/// Members and elements looked at for one delivery: a tenth of a second.
constexpr size_t kStepsMax = 20'000'000;
/// Of a text that is read, hashed or copied: looking at one more element costs as much.
constexpr size_t kBytesPerStep = 8;
constexpr size_t kKeptTextBytes = 64 << 10;
constexpr size_t kKeptTexts = 256;

bool is_blank_text(std::string_view text) { return trim(text, kJsonSpace).empty(); }

/// True for JSON that says nothing: `""` and `" "`.
bool is_blank_json(std::string_view json) {
  return json.size() >= 2 && json.front() == '"' && is_blank_text(json.substr(1, json.size() - 2));
}

void append_found(std::string& out, const Found& found) {
  if (found.kind == Found::Kind::text) {
    append_json_string(out, found.bytes);
  } else {
    out += found.bytes;
  }
}

Found::Kind kind_of(Value::ConstantKind kind) {
  switch (kind) {
    case Value::ConstantKind::text:
      return Found::Kind::text;
    case Value::ConstantKind::number:
      return Found::Kind::number;
    case Value::ConstantKind::boolean:
      return Found::Kind::boolean;
    case Value::ConstantKind::json:
      break;
  }
  return Found::Kind::json;
}

/// Texts compare exactly, numbers by value, and a number equals the text of the same digits.
bool same(const Found& a, const Found& b) {
  if (a.missing() || b.missing()) return false;
  if (a.bytes == b.bytes) return true;
  return a.kind == Found::Kind::number && b.kind == Found::Kind::number && same_number(a.bytes, b.bytes);
}

/// The reference a function works on; null when there is none.
const Reference* working_reference(const Value& value) {
  if (value.form == Form::reference) return &value.reference;
  return value.of.empty() ? nullptr : working_reference(value.of[0]);
}

}  // namespace

bool Found::blank() const { return missing() || (kind == Kind::text && is_blank_text(bytes)); }

void Evaluation::begin(const WebhookDelivery& delivery, JsonValue root, size_t out_bytes_max) {
  delivery_ = &delivery;
  root_ = root;
  out_bytes_max_ = out_bytes_max;
  steps_ = 0;
  exhausted_ = false;
  received_at_ = format_iso8601(delivery.received_at);
  if (made_.size() > kKeptTexts) made_.clear();
  begin_element();
}

void Evaluation::begin_element() {
  made_used_ = 0;
  fault_.clear();
  fault_at_ = {};
}

bool Evaluation::spend(size_t steps) {
  steps_ += steps;
  if (steps_ > kStepsMax) {
    exhausted_ = true;
    if (fault_.empty()) fault_ = "mapping this delivery takes too many steps";
  }
  return !exhausted_;
}

/// The same for bytes: one text may be read for every element.
bool Evaluation::spend_bytes(size_t bytes) { return spend(bytes / kBytesPerStep); }

bool Evaluation::fits(const std::string& out) {
  if (out.size() > out_bytes_max_) {
    exhausted_ = true;
    if (fault_.empty()) fault_ = "the events would take more than " + std::to_string(out_bytes_max_) + " bytes";
  }
  return !exhausted_;
}

std::string& Evaluation::fresh() {
  if (made_used_ == made_.size()) made_.emplace_back();
  std::string& text = made_[made_used_++];
  if (text.capacity() > kKeptTextBytes) text = {};
  text.clear();
  return text;
}

void Evaluation::fail(const Value& value, const Scope& scope, std::string message) {
  if (!fault_.empty()) return;
  const Reference* reference = working_reference(value);
  bool has_name = reference != nullptr && !reference->written.empty();
  fault_ = has_name ? reference->written + ": " + message : std::move(message);
  if (reference != nullptr && reference->is_in_document()) fault_at_ = locate_reference(*reference, scope);
}

// -- references -------------------------------------------------------------------------------------------------------

/// Bytes that nobody proved to be UTF-8.
Found Evaluation::foreign(std::string_view bytes) {
  if (!spend_bytes(bytes.size())) return {};
  if (is_utf8(bytes)) return text(bytes);
  return text(fresh() = valid_utf8(bytes));
}

JsonValue Evaluation::locate_reference(const Reference& reference, const Scope& scope) {
  JsonValue from = reference.root == ReferenceRoot::document ? root_
                   : reference.root == ReferenceRoot::outer  ? scope.outer
                                                             : scope.element;
  return locate_names(from, reference.steps);
}

JsonValue Evaluation::locate_names(const JsonValue& from, const std::vector<std::string>& names) {
  size_t steps = 0;
  JsonValue place = value_at(from, names, steps);
  if (!spend(steps) || place.is(JsonKind::absent) || place.is(JsonKind::null)) return {};
  return place;
}

Found Evaluation::read(const JsonValue& value) {
  switch (value.kind()) {
    case JsonKind::absent:
    case JsonKind::null:
      return {};
    case JsonKind::string: {
      if (!spend_bytes(value.raw().size())) return {};
      std::string& scratch = fresh();
      std::string_view bytes = value.text(scratch);
      if (bytes.data() != scratch.data()) --made_used_;
      return text(bytes);
    }
    case JsonKind::number:
      return {Found::Kind::number, value.raw()};
    case JsonKind::boolean:
      return {Found::Kind::boolean, value.raw()};
    case JsonKind::object:
    case JsonKind::array:
      break;
  }
  return {Found::Kind::json, value.raw()};
}

Found Evaluation::read_reference(const Reference& reference, const Scope& scope) {
  const HttpRequest& request = delivery_->request;
  switch (reference.root) {
    case ReferenceRoot::element:
    case ReferenceRoot::document:
    case ReferenceRoot::outer:
      return read(locate_reference(reference, scope));
    case ReferenceRoot::header:
      return request.has_header(reference.name) ? foreign(request.header(reference.name)) : Found{};
    case ReferenceRoot::query:
      return request.has_parameter(reference.name) ? foreign(request.parameter(reference.name)) : Found{};
    case ReferenceRoot::config: {
      const std::string* setting = delivery_->settings.find(reference.name);
      return setting != nullptr ? text(*setting) : Found{};
    }
    case ReferenceRoot::body:
      return foreign(delivery_->body);
    case ReferenceRoot::received_at:
      return text(received_at_);
    case ReferenceRoot::source:
      break;
  }
  return text(delivery_->source_id);
}

JsonValue Evaluation::locate(const Value& value, const Scope& scope) {
  if (value.form == Form::reference) {
    return value.reference.is_in_document() ? locate_reference(value.reference, scope) : JsonValue{};
  }
  if (value.form == Form::first_of) {
    for (const Value& candidate : value.of) {
      JsonValue place = locate(candidate, scope);
      if (!place.is(JsonKind::absent) && !read(place).blank()) return place;
    }
  }
  if (value.form == Form::find) {
    if (auto inner = find(value, scope)) return locate(value.of[2], *inner);
  }
  return value.form == Form::at ? locate_at(value, scope) : JsonValue{};
}

JsonValue Evaluation::locate_at(const Value& value, const Scope& scope) {
  Found pointer = read(value.of[0], scope);
  if (pointer.blank()) return {};
  auto names = pointer_names(pointer.bytes);
  if (names) return locate_names(scope.element, *names);
  fail(value, scope, "expected a JSON Pointer such as /customer/id, got " + shown_text(pointer.bytes));
  return {};
}

// -- functions --------------------------------------------------------------------------------------------------------

Found Evaluation::read(const Value& value, const Scope& scope) {
  switch (value.form) {
    case Form::reference:
      return read_reference(value.reference, scope);
    case Form::constant:
      return {kind_of(value.constant), value.text};
    case Form::first_of:
      for (const Value& candidate : value.of) {
        Found found = read(candidate, scope);
        if (!found.blank()) return found;
      }
      return {};
    case Form::concat:
      return read_concat(value, scope);
    case Form::text: {
      Found found = read(value.of[0], scope);
      return found.missing() || found.kind == Found::Kind::json ? Found{} : text(found.bytes);
    }
    case Form::number:
      return read_number(value, scope);
    case Form::sum:
      return read_sum(value, scope);
    case Form::timestamp:
      return read_timestamp(value, scope);
    case Form::find: {
      auto inner = find(value, scope);
      return inner ? read(value.of[2], *inner) : Found{};
    }
    case Form::at:
      return read(locate_at(value, scope));
    case Form::lookup:
      return read_lookup(value, scope);
    case Form::strip_prefix:
    case Form::add_prefix:
      return read_prefixed(value, scope);
    case Form::sha256:
    case Form::hmac_sha256:
      return read_digest(value, scope);
    case Form::map:
    case Form::object:
      break;
  }
  return read_built(value, scope);
}

Found Evaluation::read_built(const Value& value, const Scope& scope) {
  std::string& out = fresh();
  if (!write(value, scope, out)) return {};
  return {Found::Kind::json, out};
}

Found Evaluation::read_concat(const Value& value, const Scope& scope) {
  std::string& out = fresh();
  for (const Value& part : value.of) {
    Found found = read(part, scope);
    if (found.missing() || found.kind == Found::Kind::json || found.bytes.empty()) return {};
    out += found.bytes;
    if (!fits(out)) return {};
  }
  return text(out);
}

Found Evaluation::read_number(const Value& value, const Scope& scope) {
  Found found = read(value.of[0], scope);
  if (found.blank()) return {};
  bool has_currency = value.of.size() > 1;
  if (found.kind == Found::Kind::number && !has_currency) return found;
  std::optional<std::string> number;
  if (found.kind == Found::Kind::number || found.kind == Found::Kind::text) {
    if (has_currency) {
      Found currency = read(value.of[1], scope);
      auto digits = minor_unit_digits(currency.bytes);
      if (currency.blank() || !digits) {
        fail(value.of[1], scope, "expected an ISO 4217 currency, got " + shown_text(currency.bytes));
        return {};
      }
      number = shifted_number(found.bytes, *digits);
    } else {
      number = decimal_number(found.bytes);
    }
  }
  if (!number) {
    fail(value, scope, "expected a decimal, got " + shown_text(found.bytes));
    return {};
  }
  return {Found::Kind::number, fresh() = std::move(*number)};
}

Found Evaluation::read_sum(const Value& value, const Scope& scope) {
  std::optional<Decimal> sum;
  bool good = true;
  for_each_of(locate(value.of[0], scope), [&](const JsonValue& element) {
    size_t used = made_used_;
    if (!good || !spend(1)) return;
    Scope inner{element, scope.outer};
    Found found = read(value.of[1], inner);
    if (found.blank()) return;
    auto term = parse_decimal(trim(found.bytes, kJsonSpace));
    auto next = term && sum ? add(*sum, *term) : term;
    if (next) {
      sum = next;
    } else {
      good = false;
      fail(value.of[1], inner, "expected a decimal to add, got " + shown_text(found.bytes));
    }
    made_used_ = used;
  });
  if (!good || !sum) return {};
  return {Found::Kind::number, fresh() = to_text(*sum)};
}

Found Evaluation::read_timestamp(const Value& value, const Scope& scope) {
  Found found = read(value.of[0], scope);
  if (found.blank()) return {};
  bool scalar = found.kind == Found::Kind::text || found.kind == Found::Kind::number;
  auto time = scalar ? instant_of(found.bytes, value.unit, value.zone) : std::nullopt;
  if (!time) {
    fail(value, scope, "expected a point in time, got " + shown_text(found.bytes));
    return {};
  }
  return text(fresh() = format_iso8601(*time));
}

Found Evaluation::read_lookup(const Value& value, const Scope& scope) {
  Found found = read(value.of[0], scope);
  if (!found.missing()) {
    for (const auto& [name, entry] : value.members) {
      if (found.bytes == name) return read(entry, scope);
    }
  }
  return value.of.size() > 1 ? read(value.of[1], scope) : Found{};
}

Found Evaluation::read_prefixed(const Value& value, const Scope& scope) {
  Found found = read(value.of[0], scope);
  if (found.blank() || found.kind == Found::Kind::json) return {};
  bool has_prefix = found.bytes.starts_with(value.text);
  if (value.form == Form::strip_prefix) return text(has_prefix ? found.bytes.substr(value.text.size()) : found.bytes);
  if (has_prefix) return text(found.bytes);
  std::string& out = fresh();
  out = value.text;
  out += found.bytes;
  return text(out);
}

Found Evaluation::read_digest(const Value& value, const Scope& scope) {
  if (value.form == Form::hmac_sha256) {
    Found key = read(value.of[0], scope), message = read(value.of[1], scope);
    if (key.missing() || message.missing()) return {};
    return text(fresh() = hex_text(hmac_digest(HashKind::sha256, key.bytes, message.bytes)));
  }
  std::string all;
  for (const Value& part : value.of) {
    all += read(part, scope).bytes;
    all += '\0';
    if (!fits(all) || !spend_bytes(all.size())) return {};
  }
  return text(fresh() = hex_text(sha256(all)));
}

std::optional<Scope> Evaluation::find(const Value& value, const Scope& scope) {
  std::optional<Scope> match;
  for_each_of(locate(value.of[0], scope), [&](const JsonValue& element) {
    if (match || !spend(1)) return;
    size_t used = made_used_;
    Scope inner{element, scope.outer};
    Found found = read(value.of[1], inner);
    for (size_t i = 3; i < value.of.size() && !match; ++i) {
      if (same(found, read(value.of[i], scope))) match = inner;
    }
    made_used_ = used;
  });
  return match;
}

// -- JSON -------------------------------------------------------------------------------------------------------------

bool Evaluation::write(const Value& value, const Scope& scope, std::string& out) {
  if (!fits(out)) return false;
  switch (value.form) {
    case Form::reference: {
      if (!value.reference.is_in_document()) break;
      JsonValue place = locate_reference(value.reference, scope);
      if (!spend_bytes(place.raw().size())) return false;
      out += place.raw();
      return !place.is(JsonKind::absent);
    }
    case Form::constant:
      out += value.json;
      return true;
    case Form::first_of:
      return write_first_of(value, scope, out);
    case Form::map:
      return write_map(value, scope, out);
    case Form::object:
      return write_object(value, scope, out);
    case Form::find: {
      auto inner = find(value, scope);
      return inner && write(value.of[2], *inner, out);
    }
    case Form::at: {
      JsonValue place = locate_at(value, scope);
      if (!spend_bytes(place.raw().size())) return false;
      out += place.raw();
      return !place.is(JsonKind::absent);
    }
    default:
      break;
  }
  size_t used = made_used_;
  Found found = read(value, scope);
  if (!found.missing()) append_found(out, found);
  made_used_ = used;
  return !found.missing();
}

bool Evaluation::write_first_of(const Value& value, const Scope& scope, std::string& out) {
  size_t begin = out.size();
  for (const Value& candidate : value.of) {
    // An escape may be a blank too, and only a reference writes foreign escapes.
    if (candidate.form == Form::reference && read(candidate, scope).blank()) continue;
    if (write(candidate, scope, out) && !is_blank_json(std::string_view(out).substr(begin))) return true;
    out.resize(begin);
  }
  return false;
}

bool Evaluation::write_map(const Value& value, const Scope& scope, std::string& out) {
  JsonValue over = locate(value.of[0], scope);
  if (!over.is(JsonKind::array) && !over.is(JsonKind::object)) return false;
  out += '[';
  for_each_of(over, [&](const JsonValue& element) {
    if (!spend(1) || !fits(out)) return;
    size_t begin = out.size();
    if (out.back() != '[') out += ',';
    if (!write_object(value, Scope{element, scope.outer}, out)) out.resize(begin);
  });
  out += ']';
  return true;
}

bool Evaluation::write_object(const Value& value, const Scope& scope, std::string& out) {
  size_t begin = out.size();
  out += '{';
  for (const auto& [name, member] : value.members) {
    size_t before = out.size();
    if (before > begin + 1) out += ',';
    append_json_string(out, name);
    out += ':';
    if (!write(member, scope, out)) out.resize(before);
  }
  if (out.size() == begin + 1) {
    out.resize(begin);
    return false;
  }
  out += '}';
  return true;
}

// -- conditions -------------------------------------------------------------------------------------------------------

bool Evaluation::holds(const Condition& condition, const Scope& scope) {
  switch (condition.form) {
    case Condition::Form::equals:
      return same(read(condition.of[0], scope), read(condition.of[1], scope));
    case Condition::Form::in: {
      Found found = read(condition.of[0], scope);
      return std::any_of(condition.of.begin() + 1, condition.of.end(),
                         [&](const Value& candidate) { return same(found, read(candidate, scope)); });
    }
    case Condition::Form::prefix: {
      Found found = read(condition.of[0], scope), prefix = read(condition.of[1], scope);
      return !found.missing() && !prefix.missing() && found.bytes.starts_with(prefix.bytes);
    }
    case Condition::Form::matches: {
      Found found = read(condition.of[0], scope);
      return !found.missing() && spend(found.bytes.size()) && re2::RE2::PartialMatch(found.bytes, *condition.pattern);
    }
    case Condition::Form::exists:
      return !read(condition.of[0], scope).missing();
    case Condition::Form::empty: {
      JsonValue place = locate(condition.of[0], scope);
      return (place.is(JsonKind::array) || place.is(JsonKind::object)) && place.size() == 0;
    }
    case Condition::Form::same_secret: {
      Found found = read(condition.of[0], scope), secret = read(condition.of[1], scope);
      return !found.missing() && !secret.blank() && equal_in_constant_time(found.bytes, secret.bytes);
    }
    case Condition::Form::negation:
      return !holds(condition.conditions[0], scope);
    case Condition::Form::all:
      return std::all_of(condition.conditions.begin(), condition.conditions.end(),
                         [&](const Condition& one) { return holds(one, scope); });
    case Condition::Form::any:
      break;
  }
  return std::any_of(condition.conditions.begin(), condition.conditions.end(),
                     [&](const Condition& one) { return holds(one, scope); });
}

}  // namespace tributary
