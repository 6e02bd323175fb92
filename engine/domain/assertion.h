// Decisions about identity: what a person, or a caller with the right, says of identifiers and evidence. Records of the
// log like any event, so that replay finds them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/domain/identifier.h"

namespace tributary {

/// Whether two identifiers are one person. Stored: never renumber.
enum class PairState : uint8_t { none = 0, must = 1, cannot = 2 };
/// Retracted evidence was false: it links nothing, and its events leave every profile until it is live again. Stored.
enum class EvidenceState : uint8_t { live = 0, retracted = 1 };
/// Whether an identifier is shared: decided by the thresholds, always (quarantine), or never (release). Stored.
enum class HubState : uint8_t { automatic = 0, always = 1, never = 2 };

/// Stored: never renumber.
enum class AssertionSubject : uint8_t { pair = 1, evidence = 2, hub = 3, cut = 4 };

/// Who decided, when and why. Of two decisions about one subject the one with the greater (at, id) holds.
struct Decision {
  Timestamp at;
  std::string id;  // 1..64 bytes
  std::string author;
  std::string reason;
};

/// Whether `newer` takes the place of `older`; the same decision does not.
bool holds_over(const Decision& newer, const Decision& older);

struct AssertedIdentifier {
  Hash128 hash;
  Identifier identifier;
};

/// One decision. Of the states only the subject's own counts. A cut has none: what changed hands once did so for good,
/// so decisions about it do not take each other's place but add up.
struct Assertion {
  AssertionSubject subject = AssertionSubject::pair;
  PairState pair = PairState::none;
  EvidenceState evidence_state = EvidenceState::live;
  HubState hub = HubState::automatic;
  Timestamp cut_at;  // of a cut: in events after this time the identifier is another one
  // Two of a pair, one of a hub or a cut; of evidence one or more of its members.
  std::vector<AssertedIdentifier> identifiers;
  Hash128 evidence;  // of subject evidence
  Decision decision;
};

/// A whole set of rules to take the place of the active one.
struct RuleSetChange {
  uint32_t based_on = 0;  // the version its author saw; the change is refused when another one is active
  Decision decision;
  std::string rules;  // as encode_rules() makes it
};

/// Payload layouts, version 1 (integers big-endian, text = varint length + bytes):
///
///   assertion: u8 version | u8 subject | u8 state | 16 evidence | decision |
///              varint n { u8 family | 16 hash | text platform | text value } | of a cut: i64 cut_at
///   rule set:  u8 version | u32 based_on | decision | rest: rules
///   decision:  i64 at | text id | text author | text reason
void encode_assertion(const Assertion& assertion, std::string& payload);
void encode_rule_set_change(const RuleSetChange& change, std::string& payload);

/// Errors: corrupt for an unknown version, subject or state, or a cut payload.
Result<Assertion> decode_assertion(std::string_view payload);
Result<RuleSetChange> decode_rule_set_change(std::string_view payload);

/// The part of a layout that is a decision, as above; rows of the state hold it as well.
void write(const Decision& decision, ByteWriter& out);
/// What is missing is empty and leaves `in` not ok().
Decision read_decision(ByteReader& in);

}  // namespace tributary
