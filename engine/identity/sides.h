// Disjoint sets of identifiers while customers are computed, with what the rules look at.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <vector>

#include "engine/identity/container.h"

namespace tributary {

/// First-seen times of the members of a kind that a window limits, sorted.
struct SeenTimes {
  KindCode kind = 0;
  std::vector<int64_t> micros;
};

struct Side {
  boost::container::small_vector<ContainerSummary::KindCount, 4> kinds;
  std::vector<SeenTimes> windowed;
  uint32_t strong = 0;
  uint32_t verified_strong = 0;

  uint32_t count(KindCode kind) const;
  const std::vector<int64_t>* times(KindCode kind) const;
};

/// Most of these sorted times in one window [t, t + length).
uint32_t fullest_window(const std::vector<int64_t>& times, int64_t length);
std::vector<int64_t> merged_times(const std::vector<int64_t>& a, const std::vector<int64_t>& b);

class Sides {
 public:
  /// Every member alone. `first_seen` by member index.
  Sides(const Container& container, const std::vector<Timestamp>& first_seen, const RuleSet& rules);

  /// The set's representative.
  uint32_t find(uint32_t member);
  const Side& side(uint32_t representative) const { return sides_[representative]; }
  void unite(uint32_t a, uint32_t b);

 private:
  std::vector<uint32_t> parent_;
  std::vector<Side> sides_;
};

}  // namespace tributary
