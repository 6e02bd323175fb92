#include "engine/identity/root_sets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace tributary {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::Pair;

Hash128 root(uint8_t number) {
  Hash128 hash;
  hash.bytes[15] = number;
  return hash;
}

TEST(RootSets, ARootIsAloneUntilItIsUnited) {
  RootSets sets;
  sets.unite(root(1), root(1));
  EXPECT_EQ(sets.find(root(1)), root(1));
  EXPECT_THAT(sets.sets(), IsEmpty());
}

TEST(RootSets, ASetIsNamedAfterItsSmallestRoot) {
  RootSets sets;
  sets.unite(root(9), root(5));
  sets.unite(root(4), root(8));
  sets.unite(root(7), root(9));
  sets.unite(root(3), root(7));
  sets.unite(root(9), root(3));
  EXPECT_EQ(sets.find(root(9)), root(3));
  EXPECT_EQ(sets.find(root(8)), root(4));
  EXPECT_THAT(sets.sets(), ElementsAre(Pair(root(3), ElementsAre(root(3), root(5), root(7), root(9))),
                                       Pair(root(4), ElementsAre(root(4), root(8)))));
}

}  // namespace
}  // namespace tributary
