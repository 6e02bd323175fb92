// Facts as tests write them down.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "engine/base/crc32c.h"
#include "engine/profile/fact.h"

namespace tributary {

inline Hash128 subject_named(std::string_view text) {
  Hash128 hash;
  hash.bytes[0] = 1;
  for (size_t i = 0; i < 4; ++i) hash.bytes[15 - i] = static_cast<uint8_t>(crc32c(text) >> (8 * i));
  return hash;
}

/// Verified, received when it was said. Named by its message id, which also decides ties.
template <class Act, class Field>
Fact make_fact(FactKind kind, Act act, std::string subject, int64_t at_micros, std::string message_id,
               std::vector<std::pair<Field, std::string>> values) {
  Fact fact;
  fact.kind = kind;
  fact.act = static_cast<uint8_t>(act);
  fact.subject = subject_named(subject);
  fact.message = subject_named(message_id);
  fact.at = fact.received_at = Timestamp{at_micros};
  fact.trust = Trust::verified;
  fact.subject_text = std::move(subject);
  fact.source = "crm";
  fact.message_id = std::move(message_id);
  for (auto& [field, text] : values) fact.values.push_back({static_cast<uint8_t>(field), std::move(text)});
  return fact;
}

}  // namespace tributary
