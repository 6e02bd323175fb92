// The rules by which links become customers. A value: no files, no clock.
#pragma once

#include <cstdint>

#include "engine/domain/identifier.h"

namespace tributary {

/// When a link that only somebody untrusted vouches for may join two sides that both hold a strong identifier.
enum class ClaimsPolicy : uint8_t {
  fill = 1,     // unless both sides hold a verified strong identifier
  guarded = 2,  // only while no side holds a verified strong identifier
  strict = 3,   // never
};

struct KindRule {
  uint8_t rank = 9;        // decides the home of an evidence; frozen: never changes
  uint16_t priority = 50;  // small = strong evidence of a person; decides the centre and the order of links
  bool weak = false;       // names a device or a browser
  uint32_t limit = 5;      // most identifiers of this kind in one customer; 0: no limit
};

/// The active rules of a workspace.
struct RuleSet {
  uint32_t version = 1;
  ClaimsPolicy claims = ClaimsPolicy::fill;

  KindRule rule(KindCode kind) const;
};

/// The rank alone: the same for every rule set and every version.
uint8_t home_rank(KindCode kind);

}  // namespace tributary
