// The rules of identity as people write them and as the log keeps them: whole, without deltas. A value; RuleSet is what
// the algorithm asks.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/domain/identifier.h"

namespace tributary {

/// When a link that only somebody untrusted vouches for may join two sides that both hold a strong identifier. Stored.
enum class ClaimsPolicy : uint8_t {
  fill = 1,     // unless both sides hold a verified strong identifier
  guarded = 2,  // only while no side holds a verified strong identifier
  strict = 3,   // never
};

/// Whose a shared device is, where no threshold makes it nobody's: who was seen on it first, or last. Stored.
enum class OwnerPolicy : uint8_t { oldest = 1, newest = 2 };

/// At most `count` identifiers of a kind in one customer that were first seen within one window of this length.
struct WindowLimit {
  uint32_t count = 0;         // 1..
  int64_t window_micros = 0;  // 1..
  friend bool operator==(const WindowLimit&, const WindowLimit&) = default;
};

struct KindRule {
  uint16_t priority = 50;  // 1..; small = strong evidence of a person; decides the centre and the order of links
  bool weak = false;       // names a device or a browser
  uint32_t limit = 5;      // most identifiers of this kind in one customer; 0: no limit
  std::vector<WindowLimit> windows;
  OwnerPolicy owner = OwnerPolicy::oldest;
  friend bool operator==(const KindRule&, const KindRule&) = default;
};

/// Values that are no identifiers, of one kind or of all. Compared with the normalised value.
struct BlockedValues {
  std::set<std::string> exact;
  std::set<std::string> patterns;  // RE2, unanchored
  friend bool operator==(const BlockedValues&, const BlockedValues&) = default;
};

/// Where a kind is asked for, a family that has platforms may stand without one (`external_id`): it means every
/// platform that is not listed by itself.
struct Rules {
  ClaimsPolicy claims = ClaimsPolicy::fill;
  std::map<IdentifierKind, KindRule> kinds;
  std::map<IdentifierKind, std::map<IdentifierKind, uint32_t>> hubs;  // most identifiers of the other kind; 1..
  BlockedValues blocked;                                              // of every kind
  std::map<IdentifierKind, BlockedValues> blocked_of_kind;
  friend bool operator==(const Rules&, const Rules&) = default;
};

/// What holds where nobody said otherwise: the table of kinds, limits and thresholds. Nothing is blocked but what the
/// edge drops.
Rules default_rules();

/// What is wrong with them, each as one sentence that names the rule ("hubs of email: the threshold for user_id must be
/// at least 1"); nothing when RuleSet accepts them. Limits: 1,000 patterns, 100,000 blocked values; what all patterns
/// together may compile to is limited too.
std::vector<std::string> mistakes_of(const Rules& rules);

/// Why this is no pattern, RE2's words; nothing when it is one.
std::optional<std::string> pattern_mistake(const std::string& pattern);

/// Stable bytes: equal rules have equal bytes. Errors: corrupt for an unknown version or cut bytes.
std::string encode_rules(const Rules& rules);
Result<Rules> decode_rules(std::string_view bytes);

}  // namespace tributary
