// A store that stalls or fails in the middle of a group.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/fold/fold.h"
#include "tests/model/universe.h"
#include "tests/unit/fold/stalling_store.h"

namespace tributary::model {
namespace {

const KeyedHash kKey(std::string(32, 's'));

class FoldOnAStallingStore : public testing::Test {
 protected:
  FoldOnAStallingStore() { EXPECT_TRUE(fold_.open()); }

  // Folds one event of "A" as a group of its own.
  Result<void> apply(uint64_t lsn) {
    EventSketch sketch{.ids = {{"user_id", "A"}}, .message_id = "m" + std::to_string(lsn)};
    std::string payload;
    encode_event(make_event(sketch, kKey), kKey, payload);
    std::vector<RecordView> records = {
        {Lsn{lsn}, RecordKind::event, WorkspaceId{1}, PartitionId{0}, Timestamp{kBaseMicros}, payload}};
    return fold_.apply(records, outcomes_);
  }

  StallingStore store_;
  Metrics metrics_;
  Fold fold_{store_, {}, metrics_};
  std::vector<ItemOutcome> outcomes_;
};

TEST_F(FoldOnAStallingStore, GroupBecomesVisibleOnceItCommits) {
  ASSERT_TRUE(apply(1));
  store_.stall(3);
  auto stalled = apply(2);
  for (int i = 0; i < 2; ++i) {
    ASSERT_FALSE(stalled);
    EXPECT_EQ(stalled.error().code, ErrorCode::overloaded);
    EXPECT_EQ(fold_.applied().lsn, Lsn{1});
    EXPECT_EQ(store_.applied()->lsn, Lsn{1});
    stalled = fold_.commit();
  }
  ASSERT_FALSE(stalled);
  ASSERT_TRUE(fold_.commit());
  EXPECT_EQ(fold_.applied().lsn, Lsn{2});
  EXPECT_EQ(store_.applied()->lsn, Lsn{2});
  EXPECT_EQ(store_.applied()->customers, 1u);
  EXPECT_THAT(outcomes_, testing::ElementsAre(ItemOutcome::accepted));
  ASSERT_TRUE(apply(3));
  ASSERT_TRUE(apply(3 + 1));
  EXPECT_EQ(store_.applied()->identifiers, 1u);
}

TEST_F(FoldOnAStallingStore, FailureLeavesTheStoreAtTheGroupBefore) {
  ASSERT_TRUE(apply(1));
  store_.fail();
  auto failed = apply(2);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, ErrorCode::io);
  EXPECT_EQ(fold_.applied().lsn, Lsn{1});
  EXPECT_EQ(store_.applied()->lsn, Lsn{1});
}

}  // namespace
}  // namespace tributary::model
