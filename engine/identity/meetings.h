// Which identifiers one identifier met: what makes it a hub.
#pragma once

#include <optional>
#include <utility>
#include <vector>

#include "engine/identity/container.h"
#include "engine/identity/cuts.h"

namespace tributary {

/// The distinct identifiers that one identifier met, by kind. Grows only.
class Meetings {
 public:
  /// `cuts` must outlive it.
  Meetings(const Hash128& of, const Cuts& cuts) : of_(of), cuts_(cuts) {}

  /// Counts the other members of the evidence that are not blocked, if it names the identifier. `container` is where
  /// the evidence lives. Retracted evidence counts as well; generations of one identifier count as one.
  void add(const Evidence& evidence, const Container& container);

  struct Crossing {
    KindCode met = 0;
    Hash128 example;  // one of those that were met
    uint32_t count = 0;
    uint32_t threshold = 0;
  };
  /// The threshold that was crossed; of several that of the smallest kind code. Nothing: it is no hub.
  std::optional<Crossing> crossing(KindCode kind, const RuleSet& rules);

 private:
  Hash128 of_;
  const Cuts& cuts_;
  std::vector<std::pair<KindCode, Hash128>> met_;
};

/// True when some member of this kind may have met too many within the container: a cheap test before counting.
bool may_be_hub(KindCode kind, const ContainerSummary& summary, const RuleSet& rules);

}  // namespace tributary
