// Which containers belong together: disjoint sets of their roots.
#pragma once

#include <map>
#include <vector>

#include "engine/identity/container.h"

namespace tributary {

/// Every root is alone until it is united with another. A set is named after its smallest root.
class RootSets {
 public:
  void unite(const Hash128& a, const Hash128& b);
  /// The name of a root's set.
  Hash128 find(const Hash128& root);
  /// The sets of several roots by their names, each sorted.
  std::map<Hash128, std::vector<Hash128>> sets();

 private:
  std::map<Hash128, Hash128> parents_;  // a smaller root of the set, by root; none for the smallest
};

}  // namespace tributary
