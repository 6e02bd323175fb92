// The properties of one event as a reader of facts asks for them: what cannot be read is left out and noted.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "engine/base/time.h"
#include "engine/domain/event.h"
#include "engine/domain/source.h"
#include "engine/ingest/json_index.h"
#include "engine/ingest/vocabulary.h"

namespace tributary {

/// Lifetime: of the call that reads the event.
class FactProperties {
 public:
  FactProperties(const JsonValue& properties, const Source& source, uint8_t& flags)
      : properties_(properties), source_(source), flags_(flags) {}

  /// Trimmed; empty when it is missing, a place-holder, no text or number, or longer than `bytes_max`.
  std::string text(std::string_view name, size_t bytes_max) const { return text_of(find(name), bytes_max); }
  /// Of a value below a property.
  std::string text_of(const JsonValue& value, size_t bytes_max) const;
  /// The code of one of the terms; empty when it is missing, or is none of them.
  std::string code(std::string_view name, std::span<const Term> terms) const;
  /// A decimal number, to_text(); empty when it is missing or none.
  std::string number(std::string_view name) const;
  std::optional<bool> truth(std::string_view name) const;
  /// A number of -1 to 1, or `negative`, `neutral`, `positive`, as text of a number; empty when it is missing or none.
  std::string sentiment(std::string_view name) const;
  /// The value itself, the last of its name; missing when it is not there.
  JsonValue find(std::string_view name) const;

  /// Who says it.
  const Source& source() const { return source_; }

  /// Notes that the event lacks what its name needs: no fact is made of it.
  void note_missing() const { flags_ |= EventFlags::kPropertyMissing; }
  void note_wrong() const { flags_ |= EventFlags::kPropertyWrong; }

 private:
  const JsonValue& properties_;
  const Source& source_;
  uint8_t& flags_;
};

/// Collects values of one fact; empty ones are none. Numbers of fields in rising order.
class FactValues {
 public:
  template <class Field>
  FactValues& add(Field field, std::string text) {
    if (!text.empty()) values_.push_back({static_cast<uint8_t>(field), std::move(text)});
    return *this;
  }
  std::vector<FactSaid::Value> take() { return std::move(values_); }

 private:
  std::vector<FactSaid::Value> values_;
};

}  // namespace tributary
