#include "engine/identity/root_sets.h"

#include <algorithm>
#include <utility>

namespace tributary {

void RootSets::unite(const Hash128& a, const Hash128& b) {
  Hash128 x = find(a), y = find(b);
  if (x != y) parents_[std::max(x, y)] = std::min(x, y);
}

Hash128 RootSets::find(const Hash128& root) {
  Hash128 name = root;
  for (auto at = parents_.find(name); at != parents_.end(); at = parents_.find(name)) name = at->second;
  for (Hash128 passed = root; passed != name;) passed = std::exchange(parents_.at(passed), name);
  return name;
}

std::map<Hash128, std::vector<Hash128>> RootSets::sets() {
  std::map<Hash128, std::vector<Hash128>> sets;
  for (const auto& [root, parent] : parents_) {
    Hash128 name = find(root);
    std::vector<Hash128>& set = sets[name];
    if (set.empty()) set.push_back(name);
    set.push_back(root);
  }
  return sets;
}

}  // namespace tributary
