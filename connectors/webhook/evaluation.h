// Values and conditions of a connector file, applied to one delivery.
#pragma once

#include <deque>
#include <optional>
#include <string>
#include <string_view>

#include "connectors/webhook/condition.h"
#include "connectors/webhook/delivery.h"
#include "connectors/webhook/value.h"
#include "engine/ingest/json_index.h"

namespace tributary {

/// What a value is, read as a text: of a text its characters, of everything else its JSON.
struct Found {
  enum class Kind : uint8_t { missing, text, number, boolean, json };
  Kind kind = Kind::missing;
  std::string_view bytes;
  bool missing() const { return kind == Kind::missing; }
  /// Neither there nor more than blanks.
  bool blank() const;
};

/// Where pointers begin.
struct Scope {
  JsonValue element, outer;
};

/// Reads values. Owner: one thread. Lifetime of what is found: until the next begin_element(), and of the delivery.
///
/// A function that cannot do its work (a number that is none) leaves a fault, and its value is missing: whoever
/// evaluates asks fault() when an element is done.
class Evaluation {
 public:
  /// `delivery` and the document outlive the evaluation; `out_bytes_max` bounds what write() appends to.
  void begin(const WebhookDelivery& delivery, JsonValue root, size_t out_bytes_max);
  /// Forgets what was found, and the fault.
  void begin_element();

  Found read(const Value& value, const Scope& scope);
  Found read(const JsonValue& value);
  /// The place a value names; absent when it is null or not there, and for values that name none.
  JsonValue locate(const Value& value, const Scope& scope);
  /// Appends JSON, or nothing and returns false when it is missing.
  bool write(const Value& value, const Scope& scope, std::string& out);
  bool holds(const Condition& condition, const Scope& scope);

  /// Empty: none. `fault_at()`: where, absent when it is no place of the document.
  const std::string& fault() const { return fault_; }
  JsonValue fault_at() const { return fault_at_; }
  /// Too much work or output for one delivery: there is no point in going on.
  bool exhausted() const { return exhausted_; }
  /// Counts work done elsewhere. False when there was too much.
  bool spend(size_t steps);

 private:
  Found read_reference(const Reference& reference, const Scope& scope);
  JsonValue locate_reference(const Reference& reference, const Scope& scope);
  Found read_number(const Value& value, const Scope& scope);
  Found read_sum(const Value& value, const Scope& scope);
  Found read_timestamp(const Value& value, const Scope& scope);
  Found read_lookup(const Value& value, const Scope& scope);
  Found read_prefixed(const Value& value, const Scope& scope);
  Found read_concat(const Value& value, const Scope& scope);
  Found read_digest(const Value& value, const Scope& scope);
  Found read_built(const Value& value, const Scope& scope);
  std::optional<Scope> find(const Value& value, const Scope& scope);
  JsonValue locate_at(const Value& value, const Scope& scope);
  bool write_first_of(const Value& value, const Scope& scope, std::string& out);
  bool write_map(const Value& value, const Scope& scope, std::string& out);
  bool write_object(const Value& value, const Scope& scope, std::string& out);

  Found text(std::string_view bytes) const { return {Found::Kind::text, bytes}; }
  Found foreign(std::string_view bytes);
  std::string& fresh();
  void fail(const Value& value, const Scope& scope, std::string message);
  bool spend_bytes(size_t bytes);
  bool fits(const std::string& out);

  const WebhookDelivery* delivery_ = nullptr;
  JsonValue root_;
  size_t out_bytes_max_ = 0;
  size_t steps_ = 0;
  bool exhausted_ = false;
  std::string fault_;
  JsonValue fault_at_;
  std::string received_at_;
  std::deque<std::string> made_;  // texts that no document holds; stay where they are
  size_t made_used_ = 0;
};

/// Calls on_element for each element of an array. A single object stands for an array of one: XML knows no arrays.
template <class OnElement>
void for_each_of(const JsonValue& place, OnElement on_element) {
  if (place.is(JsonKind::object)) return on_element(place);
  for_each_element(place, on_element);
}

}  // namespace tributary
