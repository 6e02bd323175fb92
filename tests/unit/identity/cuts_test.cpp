#include "engine/identity/cuts.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

Hash128 hash(uint8_t number) {
  Hash128 made;
  made.bytes[0] = number;
  return made;
}

const Hash128 kPhone = hash(1);

Hash128 since(int64_t time) { return generation_hash(kPhone, Timestamp{time}); }

Cuts cut_at(std::initializer_list<int64_t> times) {
  Cuts cuts;
  for (int64_t time : times) cuts.add(kPhone, Timestamp{time});
  return cuts;
}

TEST(Cuts, DivideTimeBehindTheirOwn) {
  Cuts cuts = cut_at({20, 10, 20});
  EXPECT_EQ(cuts.at(kPhone, Timestamp{10}), kPhone);
  EXPECT_EQ(cuts.at(kPhone, Timestamp{11}), since(10));
  EXPECT_EQ(cuts.at(kPhone, Timestamp{20}), since(10));
  EXPECT_EQ(cuts.at(kPhone, Timestamp{21}), since(20));
  EXPECT_EQ(cuts.right_after(kPhone, Timestamp{9}), kPhone);
  EXPECT_EQ(cuts.right_after(kPhone, Timestamp{10}), since(10));
  EXPECT_EQ(cuts.newest(kPhone), since(20));
  EXPECT_EQ(cuts.all_of(kPhone), (std::vector<Hash128>{kPhone, since(10), since(20)}));
}

TEST(Cuts, ConcernWhatWasCutAndWhatTheyMade) {
  Cuts cuts = cut_at({10});
  EXPECT_TRUE(cuts.concern(kPhone));
  EXPECT_TRUE(cuts.concern(since(10)));
  EXPECT_FALSE(cuts.concern(hash(2)));
  EXPECT_EQ(cuts.origin(since(10)), kPhone);
  EXPECT_EQ(cuts.origin(kPhone), kPhone);
  EXPECT_EQ(cuts.newest(hash(2)), hash(2));
}

EventView event_at(int64_t time) {
  EventView event;
  event.occurred_at = Timestamp{time};
  event.evidence = hash(9);
  for (uint8_t number : {1, 2}) event.identifiers.push_back({hash(number), Trust::claimed, {}, {}, {}});
  return event;
}

TEST(Cuts, NameTheIdentifiersOfAnEventByItsTime) {
  Cuts cuts = cut_at({10});
  EventView before = event_at(10), after = event_at(11), later = event_at(12);
  for (EventView* event : {&before, &after, &later}) cuts.apply_to(*event);
  EXPECT_EQ(before.evidence, hash(9));
  EXPECT_EQ(before.identifiers[0].hash, kPhone);
  EXPECT_NE(after.evidence, hash(9));
  EXPECT_EQ(after.evidence, later.evidence);
  ASSERT_EQ(after.identifiers.size(), 2u);
  EXPECT_LT(after.identifiers[0].hash, after.identifiers[1].hash);
  EXPECT_TRUE(after.identifiers[0].hash == since(10) || after.identifiers[1].hash == since(10));
}

}  // namespace
}  // namespace tributary
