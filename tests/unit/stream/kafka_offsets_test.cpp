#include "connectors/stream/kafka_offsets.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

const KafkaPartition kOrders{"orders", 3};
using Bounds = std::pair<int64_t, int64_t>;

TEST(KafkaOffsets, NamesOfStreams) {
  EXPECT_EQ(kafka_stream_name(kOrders), "orders/3");
  EXPECT_EQ(kafka_partition_of("orders/3"), kOrders);
  for (const char* wrong :
       {"", "orders", "/3", "orders/", "orders/x", "orders/3x", "orders/-1", "orders/99999999999"}) {
    EXPECT_EQ(kafka_partition_of(wrong), std::nullopt) << wrong;
  }
}

TEST(KafkaOffsets, ThePartitionBeginsAtTheNewerOffset) {
  EXPECT_EQ(choose_kafka_start(std::nullopt, std::nullopt, std::nullopt).offset, std::nullopt);
  EXPECT_EQ(choose_kafka_start(5, std::nullopt, std::nullopt).offset, 5);
  EXPECT_EQ(choose_kafka_start(5, 5, Bounds(0, 9)).offset, 5);
  EXPECT_EQ(choose_kafka_start(5, 3, Bounds(0, 9)).offset, 5);
  EXPECT_EQ(choose_kafka_start(5, 9, Bounds(0, 9)).offset, 9);
  EXPECT_EQ(choose_kafka_start(std::nullopt, 7, Bounds(0, 9)).offset, std::nullopt);  // perhaps another cluster
}

TEST(KafkaOffsets, WhatIsStoredCountsOnlyInsideThePartition) {
  for (int64_t stored : {10, 3}) {
    KafkaStart start = choose_kafka_start(2, stored, Bounds(4, 9));
    EXPECT_EQ(start.offset, 2);
    EXPECT_TRUE(start.recreated);
  }
  KafkaStart unasked = choose_kafka_start(2, 8, std::nullopt);
  EXPECT_EQ(unasked.offset, 2);
  EXPECT_FALSE(unasked.recreated);
}

TEST(KafkaOffsets, AnAcknowledgementIsCommittedOnce) {
  KafkaOffsets offsets;
  offsets.assign(kOrders, 5, 5);
  EXPECT_FALSE(offsets.has_uncommitted());
  offsets.acknowledge(kOrders, offsets.assignment_of(kOrders), 9);
  auto taken = offsets.take_uncommitted();
  ASSERT_EQ(taken.size(), 1u);
  EXPECT_EQ(taken[0].next, 9);
  EXPECT_TRUE(offsets.take_uncommitted().empty());
  EXPECT_TRUE(offsets.has_unanswered());
  offsets.committed(kOrders, 9, true);
  EXPECT_FALSE(offsets.has_unanswered());
}

TEST(KafkaOffsets, WhatWasStoredAndNotCommittedIsCommitted) {
  KafkaOffsets offsets;
  offsets.assign(kOrders, 9, 5);
  EXPECT_TRUE(offsets.has_uncommitted());
}

TEST(KafkaOffsets, AFailedCommitIsMadeAgainUnlessANewerOneIsUnderWay) {
  KafkaOffsets offsets;
  offsets.assign(kOrders, 5, 5);
  uint64_t assignment = offsets.assignment_of(kOrders);
  offsets.acknowledge(kOrders, assignment, 7);
  offsets.take_uncommitted();
  offsets.committed(kOrders, 7, false);
  EXPECT_TRUE(offsets.has_uncommitted());
  offsets.take_uncommitted();
  offsets.acknowledge(kOrders, assignment, 8);
  offsets.take_uncommitted();
  offsets.committed(kOrders, 7, false);
  EXPECT_FALSE(offsets.has_uncommitted());
}

TEST(KafkaOffsets, WhatAnEarlierAssignmentAcknowledgesIsNotCommitted) {
  KafkaOffsets offsets;
  offsets.assign(kOrders, 5, 5);
  uint64_t earlier = offsets.assignment_of(kOrders);
  offsets.revoke(kOrders);
  offsets.acknowledge(kOrders, earlier, 9);
  EXPECT_EQ(offsets.assignment_of(kOrders), 0u);
  offsets.assign(kOrders, 20, 20);
  offsets.acknowledge(kOrders, earlier, 9);
  EXPECT_FALSE(offsets.has_uncommitted());
  EXPECT_TRUE(offsets.holds(kOrders));
}

}  // namespace
}  // namespace tributary
