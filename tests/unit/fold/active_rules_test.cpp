// Which containers a sweep visits.
#include "engine/fold/active_rules.h"

#include <gtest/gtest.h>

#include "tests/model/temp_directory.h"

namespace tributary {
namespace {

const WorkspaceId kWorkspace{1};

Hash128 root(uint8_t fill) {
  Hash128 hash;
  hash.bytes.fill(fill);
  return hash;
}

class ActiveRulesTest : public testing::Test {
 protected:
  ActiveRulesTest() {
    auto opened = StateStore::open({temp_.path() + "/state", kMicrosPerDay, false}, memory_);
    if (!opened) throw std::runtime_error(opened.error().message);
    store_ = std::move(*opened);
  }

  void commit(StateBatch& batch) {
    auto committed = store_->commit(batch, AppliedState{Lsn{++lsn_}, Timestamp{}, 0, 0, 0, 0});
    ASSERT_TRUE(committed) << committed.error().message;
  }

  void put_containers(const std::vector<Hash128>& roots) {
    auto batch = store_->make_batch();
    for (const Hash128& each : roots) {
      batch->put(Family::container, container_header_key(kWorkspace, each), "header");
      batch->put(Family::container, container_evidence_key(kWorkspace, each, root(0)), "evidence");
    }
    batch->put(Family::container, container_header_key(WorkspaceId{2}, root(0)), "another workspace");
    commit(*batch);
  }

  void activate(ActiveRules& rules) {
    auto batch = store_->make_batch();
    auto activated = rules.activate(kWorkspace, {}, default_rules(), *batch);
    ASSERT_TRUE(activated) << activated.error().message;
    commit(*batch);
  }

  /// Until there are no more, and not for ever.
  std::vector<Hash128> visit(ActiveRules& rules, size_t at_once, size_t rounds = 10) {
    std::vector<Hash128> visited;
    for (size_t i = 0; i < rounds; ++i) {
      auto roots = rules.next_roots(kWorkspace, at_once);
      if (!roots || roots->empty()) break;
      visited.insert(visited.end(), roots->begin(), roots->end());
    }
    return visited;
  }

  model::TempDirectory temp_;
  StoreMemory memory_{8 << 20, 64 << 20};
  std::unique_ptr<StateStore> store_;
  uint64_t lsn_ = 0;
};

TEST_F(ActiveRulesTest, SweepVisitsEveryContainerOnce) {
  std::vector<Hash128> all{root(0), root(0x7f), root(0xff)};
  put_containers(all);
  for (size_t at_once : {1, 2, 3, 4}) {
    ActiveRules rules(*store_);
    activate(rules);
    EXPECT_EQ(visit(rules, at_once), all) << at_once;
  }
}

TEST_F(ActiveRulesTest, SweepGoesOnWhereARestartInterruptedIt) {
  std::vector<Hash128> all{root(0), root(0x7f), root(0xff)};
  put_containers(all);
  for (size_t before = 1; before <= all.size(); ++before) {
    ActiveRules rules(*store_);
    activate(rules);
    std::vector<Hash128> visited = visit(rules, 1, before);
    auto batch = store_->make_batch();
    rules.put_sweep(kWorkspace, false, *batch);
    commit(*batch);
    ActiveRules restarted(*store_);
    ASSERT_TRUE(restarted.open());
    for (const Hash128& each : visit(restarted, 2)) visited.push_back(each);
    EXPECT_EQ(visited, all) << before;
  }
}

}  // namespace
}  // namespace tributary
