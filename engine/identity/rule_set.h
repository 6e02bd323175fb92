// The active rules, made quick to ask: by which links become customers. A value: no files, no clock.
#pragma once

#include <cstdint>
#include <memory>
#include <string_view>

#include "engine/identity/rules.h"

namespace tributary {

/// Compiled rules of one workspace with their version. Copies are cheap and share what was compiled.
///
/// Thread: const methods are safe from any thread.
class RuleSet {
 public:
  /// The default rules, version 1.
  RuleSet();
  /// Rules without mistakes_of(); others are our own fault.
  RuleSet(uint32_t version, const Rules& rules);

  uint32_t version() const { return version_; }
  const Rules& rules() const;
  ClaimsPolicy claims() const;
  const KindRule& rule(KindCode kind) const;

  /// The most identifiers of kind `met` that one of kind `kind` may meet; one more makes it a hub. 0: no threshold; two
  /// identifiers of one kind never have one.
  uint32_t hub_threshold(KindCode kind, KindCode met) const;
  /// The smallest threshold anybody has for this kind, 0 for none: a container with no more of them holds no hub.
  uint32_t least_hub_threshold(KindCode met) const;

  bool blocks_anything() const;
  bool blocked(const IdentifierKind& kind, std::string_view value) const;

  /// Some kind belongs to whom it was seen with last: links depend on the latest event of their evidence.
  bool has_newest() const;

 private:
  struct Compiled;
  uint32_t version_;
  std::shared_ptr<const Compiled> compiled_;
};

/// Rules as encode_rules() made them. Errors: corrupt, also when they have mistakes.
Result<RuleSet> compile_rules(uint32_t version, std::string_view bytes);

/// Decides the home of an evidence: the same for every rule set and every version.
uint8_t home_rank(KindCode kind);

}  // namespace tributary
