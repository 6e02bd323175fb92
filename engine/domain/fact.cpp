#include "engine/domain/fact.h"

#include "engine/base/hash_bytes.h"

namespace tributary {

Hash128 fact_subject(const KeyedHash& index_key, FactKind kind, std::string_view subject_text) {
  std::string subject = "fact";
  subject += '\0';
  subject += static_cast<char>(kind);
  subject += subject_text;
  return index_key(subject);
}

void write(const FactSaid& fact, ByteWriter& out) {
  out.u8(static_cast<uint8_t>(fact.kind));
  out.u8(fact.act);
  out.u8(static_cast<uint8_t>(fact.trust));
  out.raw(fact.subject.view());
  out.text(fact.subject_text);
  out.varint(fact.values.size());
  for (const FactSaid::Value& value : fact.values) {
    out.u8(value.field);
    out.text(value.text);
  }
}

RecordFact read_fact_statement(ByteReader& in) {
  RecordFact fact;
  fact.kind = static_cast<FactKind>(in.u8());
  fact.act = in.u8();
  fact.trust = static_cast<Trust>(in.u8());
  fact.subject = read_hash(in);
  fact.subject_text = in.text();
  for (uint64_t values = in.varint(); values > 0 && in.ok(); --values) {
    uint8_t field = in.u8();
    fact.values.push_back({field, in.text()});
  }
  return fact;
}

}  // namespace tributary
