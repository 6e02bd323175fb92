// One fact as it is kept: what was said, when, and by whom. A set of them joins by union.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/domain/fact.h"
#include "engine/domain/record.h"
#include "engine/domain/workspace_fact.h"

namespace tributary {

struct FactValue {
  uint8_t field = 0;
  std::string text;
};

struct Fact {
  FactKind kind{};
  uint8_t act = 0;
  Hash128 subject;
  Hash128 message;  // keyed hash of source and message id
  Timestamp at, received_at;
  Trust trust = Trust::claimed;
  std::string subject_text;
  std::string source;
  std::string message_id;
  std::vector<FactValue> values;  // sorted by field, distinct

  /// The value of a field of its kind; empty when it is not there.
  template <class Field>
  std::string_view text(Field field) const {
    return text_of(static_cast<uint8_t>(field));
  }

 private:
  std::string_view text_of(uint8_t field) const;
};

/// Which of two words on one thing counts less: what is verified over what is claimed, then the later one.
bool told_before(const Fact& a, const Fact& b);

/// Time first; what was said at one time in an order that does not depend on arrival.
bool said_before(const Fact& a, const Fact& b);

/// Those of one kind, of facts that are sorted by kind.
std::span<const Fact> facts_of(const std::vector<Fact>& facts, FactKind kind);

/// What was decided about a workspace. Its source is who decided it; `message` names the decision.
Fact fact_of(const WorkspaceFact& said, const Hash128& message, Timestamp received_at);

/// The `i`-th fact of an event.
Fact fact_of(const EventView& event, Timestamp received_at, size_t i);

/// The value of a fact row, version 1: what its key does not tell.
void encode_fact(const Fact& fact, std::string& out);
/// Fills what encode_fact() wrote.
Result<void> decode_fact(std::string_view bytes, Fact& fact);

}  // namespace tributary
