#include "engine/domain/assertion.h"

#include <tuple>

#include "engine/base/hash_bytes.h"

namespace tributary {
namespace {

constexpr uint8_t kDecisionPayloadVersion = 1;
constexpr uint8_t kCutKeeps = 0;  // what was before stays; 1 is reserved for erasing it

// Greatest state of a subject.
uint8_t last_state_of(AssertionSubject subject) {
  switch (subject) {
    case AssertionSubject::cut:
      return kCutKeeps;
    case AssertionSubject::evidence:
      return static_cast<uint8_t>(EvidenceState::retracted);
    default:
      return 2;
  }
}

uint8_t state_of(const Assertion& assertion) {
  switch (assertion.subject) {
    case AssertionSubject::pair:
      return static_cast<uint8_t>(assertion.pair);
    case AssertionSubject::evidence:
      return static_cast<uint8_t>(assertion.evidence_state);
    case AssertionSubject::hub:
      return static_cast<uint8_t>(assertion.hub);
    case AssertionSubject::cut:
      return kCutKeeps;
  }
  return 0;
}

}  // namespace

bool holds_over(const Decision& newer, const Decision& older) {
  return std::tie(newer.at, newer.id) > std::tie(older.at, older.id);
}

void encode_assertion(const Assertion& assertion, std::string& payload) {
  ByteWriter out(payload);
  out.u8(kDecisionPayloadVersion);
  out.u8(static_cast<uint8_t>(assertion.subject));
  out.u8(state_of(assertion));
  out.raw(assertion.evidence.view());
  write(assertion.decision, out);
  out.varint(assertion.identifiers.size());
  for (const AssertedIdentifier& each : assertion.identifiers) {
    out.u8(static_cast<uint8_t>(each.identifier.kind().family));
    out.raw(each.hash.view());
    out.text(each.identifier.kind().platform);
    out.text(each.identifier.value());
  }
  if (assertion.subject == AssertionSubject::cut) out.i64(assertion.cut_at.micros);
}

void encode_rule_set_change(const RuleSetChange& change, std::string& payload) {
  ByteWriter out(payload);
  out.u8(kDecisionPayloadVersion);
  out.u32(change.based_on);
  write(change.decision, out);
  out.raw(change.rules);
}

Result<Assertion> decode_assertion(std::string_view payload) {
  ByteReader in(payload);
  if (in.u8() != kDecisionPayloadVersion) return Error{ErrorCode::corrupt, "assertion record has an unknown version"};
  Assertion assertion;
  assertion.subject = static_cast<AssertionSubject>(in.u8());
  uint8_t state = in.u8();
  bool known = assertion.subject >= AssertionSubject::pair && assertion.subject <= AssertionSubject::cut;
  if (!known || state > last_state_of(assertion.subject))
    return Error{ErrorCode::corrupt, "assertion record has an unknown subject or state"};
  assertion.pair = static_cast<PairState>(assertion.subject == AssertionSubject::pair ? state : 0);
  assertion.evidence_state = static_cast<EvidenceState>(assertion.subject == AssertionSubject::evidence ? state : 0);
  assertion.hub = static_cast<HubState>(assertion.subject == AssertionSubject::hub ? state : 0);
  assertion.evidence = read_hash(in);
  assertion.decision = read_decision(in);
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    auto family = static_cast<IdentifierFamily>(in.u8());
    Hash128 hash = read_hash(in);
    std::string platform(in.text());
    std::string value(in.text());
    assertion.identifiers.push_back(
        {hash, Identifier::from_normalised({family, std::move(platform)}, std::move(value))});
  }
  if (assertion.subject == AssertionSubject::cut) assertion.cut_at = Timestamp{in.i64()};
  if (!in.ok()) return Error{ErrorCode::corrupt, "assertion record is cut short"};
  return assertion;
}

Result<RuleSetChange> decode_rule_set_change(std::string_view payload) {
  ByteReader in(payload);
  if (in.u8() != kDecisionPayloadVersion) return Error{ErrorCode::corrupt, "rule-set record has an unknown version"};
  RuleSetChange change;
  change.based_on = in.u32();
  change.decision = read_decision(in);
  change.rules = in.rest();
  if (!in.ok()) return Error{ErrorCode::corrupt, "rule-set record is cut short"};
  return change;
}

void write(const Decision& decision, ByteWriter& out) {
  out.i64(decision.at.micros);
  out.text(decision.id);
  out.text(decision.author);
  out.text(decision.reason);
}

Decision read_decision(ByteReader& in) {
  Decision decision;
  decision.at = Timestamp{in.i64()};
  decision.id = in.text();
  decision.author = in.text();
  decision.reason = in.text();
  return decision;
}

}  // namespace tributary
