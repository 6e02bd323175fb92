#include "engine/profile/fact.h"

#include <algorithm>
#include <tuple>

#include "engine/base/bytes.h"

namespace tributary {
namespace {

constexpr uint8_t kFactVersion = 1;
constexpr uint64_t kValuesReserved = 64;  // at most, before they are read: the row may be damaged

}  // namespace

std::string_view Fact::text_of(uint8_t field) const {
  for (const FactValue& value : values) {
    if (value.field == field) return value.text;
  }
  return {};
}

bool told_before(const Fact& a, const Fact& b) { return a.trust != b.trust ? a.trust < b.trust : said_before(a, b); }

bool said_before(const Fact& a, const Fact& b) {
  return std::tie(a.at, a.message_id, a.source) < std::tie(b.at, b.message_id, b.source);
}

std::span<const Fact> facts_of(const std::vector<Fact>& facts, FactKind kind) {
  auto found = std::ranges::equal_range(facts, kind, {}, &Fact::kind);
  return {found.begin(), found.end()};
}

Fact fact_of(const EventView& event, Timestamp received_at, size_t i) {
  const RecordFact& said = event.facts[i];
  Fact fact;
  fact.kind = said.kind;
  fact.act = said.act;
  fact.subject = said.subject;
  fact.message = event.message_hash;
  fact.at = event.occurred_at;
  fact.received_at = received_at;
  fact.trust = said.trust;
  fact.subject_text = said.subject_text;
  fact.source = event.source;
  fact.message_id = event.message_id;
  fact.values.reserve(said.values.size());
  for (const RecordFact::Value& value : said.values) fact.values.push_back({value.field, std::string(value.text)});
  return fact;
}

Fact fact_of(const WorkspaceFact& said, const Hash128& message, Timestamp received_at) {
  Fact fact;
  fact.kind = said.fact.kind;
  fact.act = said.fact.act;
  fact.subject = said.fact.subject;
  fact.message = message;
  fact.at = said.decision.at;
  fact.received_at = received_at;
  fact.trust = said.fact.trust;
  fact.subject_text = said.fact.subject_text;
  fact.source = said.decision.author;
  fact.message_id = said.decision.id;
  fact.values.reserve(said.fact.values.size());
  for (const FactSaid::Value& value : said.fact.values) fact.values.push_back({value.field, value.text});
  return fact;
}

void encode_fact(const Fact& fact, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kFactVersion);
  out.u8(fact.act);
  out.u8(static_cast<uint8_t>(fact.trust));
  out.i64(fact.received_at.micros);
  out.text(fact.subject_text);
  out.text(fact.source);
  out.text(fact.message_id);
  out.varint(fact.values.size());
  for (const FactValue& value : fact.values) {
    out.u8(value.field);
    out.text(value.text);
  }
}

Result<void> decode_fact(std::string_view bytes, Fact& fact) {
  ByteReader in(bytes);
  if (in.u8() != kFactVersion) return Error{ErrorCode::corrupt, "fact has an unknown version"};
  fact.act = in.u8();
  fact.trust = static_cast<Trust>(in.u8());
  fact.received_at = Timestamp{in.i64()};
  fact.subject_text = in.text();
  fact.source = in.text();
  fact.message_id = in.text();
  fact.values.clear();
  uint64_t values = in.varint();
  fact.values.reserve(std::min(values, kValuesReserved));
  for (uint64_t n = values; n > 0 && in.ok(); --n) {
    uint8_t field = in.u8();
    fact.values.push_back({field, std::string(in.text())});
  }
  if (!in.ok() || !in.at_end()) return Error{ErrorCode::corrupt, "fact is cut short"};
  return {};
}

}  // namespace tributary
