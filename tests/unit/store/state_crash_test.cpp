// What a killed process leaves behind: with the store's own log off, families must still reach the disk as one
// consistent prefix.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "engine/store/state_store.h"
#include "tests/model/temp_directory.h"
#include "tests/unit/store/state_writer.h"

namespace tributary {
namespace {

// Starts the program that commits group after group until it is killed. A process of its own, because the store's
// background threads do not survive a fork.
pid_t start_writer(const std::string& directory) {
  pid_t child = fork();
  if (child == 0) {
    ::execl(TRIBUTARY_STATE_WRITER, TRIBUTARY_STATE_WRITER, directory.c_str(), nullptr);
    _exit(127);
  }
  return child;
}

TEST(StoreCrash, KilledProcessLeavesOneConsistentPrefix) {
  model::TempDirectory temp;
  std::string directory = temp.path() + "/state";
  uint64_t before = 0;
  for (int round = 0; round < 6; ++round) {
    pid_t child = start_writer(directory);
    ASSERT_GE(child, 0);
    std::this_thread::sleep_for(std::chrono::milliseconds(400 + 130 * round));
    ASSERT_EQ(kill(child, SIGKILL), 0);
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFSIGNALED(status)) << "the writer ended by itself with " << WEXITSTATUS(status);

    StoreMemory memory(1 << 20, 8 << 20);
    auto store = StateStore::open({directory, kMicrosPerDay, false}, memory);
    ASSERT_TRUE(store) << store.error().message;
    uint64_t lsn = (*store)->applied()->lsn.value();
    EXPECT_GE(lsn, before) << "what was durable before is gone";
    before = lsn;
    if (lsn == 0) continue;
    for (Family family : kWrittenFamilies) {
      std::string value;
      ASSERT_TRUE(*(*store)->get(family, "last", value)) << family_name(family);
      EXPECT_EQ(value, std::to_string(lsn)) << family_name(family);
      EXPECT_TRUE(*(*store)->get(family, "row " + std::to_string(lsn), value)) << family_name(family);
      EXPECT_FALSE(*(*store)->get(family, "row " + std::to_string(lsn + 1), value)) << family_name(family);
    }
    EXPECT_EQ((*store)->applied()->customers, lsn);
  }
  EXPECT_GT(before, 100u) << "hardly anything was flushed: this test saw nothing";
}

}  // namespace
}  // namespace tributary
