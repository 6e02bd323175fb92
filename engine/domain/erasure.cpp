#include "engine/domain/erasure.h"

#include "engine/base/hash_bytes.h"

namespace tributary {
namespace {

constexpr uint8_t kErasurePayloadVersion = 1;
constexpr uint8_t kErase = 1;
constexpr uint8_t kLift = 2;

Erasure read_erasure(ByteReader& in) {
  Erasure erasure;
  erasure.customer = read_hash(in);
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    Hash128 said = read_hash(in);
    erasure.identifiers.push_back({said, read_hash(in)});
  }
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) erasure.evidence.push_back(read_hash(in));
  return erasure;
}

}  // namespace

void encode_erasure(const ErasureRecord& record, std::string& payload) {
  ByteWriter out(payload);
  out.u8(kErasurePayloadVersion);
  if (const auto* lift = std::get_if<SuppressionLift>(&record)) {
    out.u8(kLift);
    write(lift->decision, out);
    out.text(lift->erasure);
    return;
  }
  const auto& erasure = std::get<Erasure>(record);
  out.u8(kErase);
  write(erasure.decision, out);
  out.raw(erasure.customer.view());
  out.varint(erasure.identifiers.size());
  for (const ErasedIdentifier& each : erasure.identifiers) {
    out.raw(each.said.view());
    out.raw(each.id.view());
  }
  out.varint(erasure.evidence.size());
  for (const Hash128& each : erasure.evidence) out.raw(each.view());
}

Result<ErasureRecord> decode_erasure(std::string_view payload) {
  ByteReader in(payload);
  if (in.u8() != kErasurePayloadVersion) return Error{ErrorCode::corrupt, "erasure record has an unknown version"};
  uint8_t what = in.u8();
  if (what != kErase && what != kLift) return Error{ErrorCode::corrupt, "erasure record is of an unknown kind"};
  Decision decision = read_decision(in);
  ErasureRecord record;
  if (what == kLift) {
    record = SuppressionLift{std::string(in.text()), std::move(decision)};
  } else {
    Erasure erasure = read_erasure(in);
    erasure.decision = std::move(decision);
    record = std::move(erasure);
  }
  if (!in.ok() || !in.at_end()) return Error{ErrorCode::corrupt, "erasure record is cut short"};
  return record;
}

}  // namespace tributary
