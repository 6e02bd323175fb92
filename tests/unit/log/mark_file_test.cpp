#include "engine/log/mark_file.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/unit/log/support.h"

namespace tributary {
namespace {

using namespace testing;

class MarkFileTest : public ::testing::Test {
 protected:
  std::unique_ptr<MarkFile> open(MarkState state) {
    state.store_id = "0123456789abcdef";
    auto mark = MarkFile::open(scratch_.path(), state, system_file_ops());
    EXPECT_TRUE(mark) << mark.error().message;
    return std::move(*mark);
  }
  std::string path() const { return scratch_.path() + "/mark"; }
  Lsn stored() const {
    auto state = read_mark(scratch_.path());
    EXPECT_TRUE(state && *state);
    return (*state)->lsn;
  }
  ScratchDirectory scratch_;
};

TEST_F(MarkFileTest, IsAbsentInANewDirectory) {
  auto state = read_mark(scratch_.path());
  ASSERT_TRUE(state);
  EXPECT_FALSE(*state);
}

TEST_F(MarkFileTest, KeepsWhatItWasTold) {
  auto mark = open({});
  ASSERT_TRUE(mark->advance(Lsn{17}, 4));
  ASSERT_TRUE(mark->keep_from(Lsn{9}));
  auto state = read_mark(scratch_.path());
  ASSERT_TRUE(state && *state);
  EXPECT_EQ((*state)->lsn, Lsn{17});
  EXPECT_EQ((*state)->epoch, 4u);
  EXPECT_EQ((*state)->first, Lsn{9});
  EXPECT_EQ((*state)->store_id, "0123456789abcdef");
  EXPECT_EQ(std::filesystem::file_size(path()), 4096u);
}

TEST_F(MarkFileTest, NeverFalls) {
  auto mark = open({});
  ASSERT_TRUE(mark->advance(Lsn{17}, 4));
  ASSERT_TRUE(mark->advance(Lsn{16}, 4));
  EXPECT_EQ(stored(), Lsn{17});
}

TEST_F(MarkFileTest, ATornSlotLeavesTheOther) {
  auto mark = open({});
  ASSERT_TRUE(mark->advance(Lsn{17}, 4));
  std::string before = read_file(path());
  ASSERT_TRUE(mark->advance(Lsn{18}, 4));
  std::string after = read_file(path());
  size_t changed = 0;
  while (before[changed] == after[changed]) ++changed;
  // Any prefix of the new slot over the old content: the write before it counts, or the new one where it is complete.
  for (size_t torn = changed; torn < changed / 2048 * 2048 + 64; ++torn) {
    std::string content = before;
    content.replace(changed, torn - changed, after, changed, torn - changed);
    write_file(path(), content);
    EXPECT_EQ(stored(), Lsn{17}) << torn;
  }
}

TEST_F(MarkFileTest, BothSlotsDamagedIsCorrupt) {
  auto mark = open({});
  ASSERT_TRUE(mark->advance(Lsn{17}, 4));
  flip_bit(path(), 16);
  flip_bit(path(), 2048 + 16);
  auto state = read_mark(scratch_.path());
  ASSERT_FALSE(state);
  EXPECT_EQ(state.error().code, ErrorCode::corrupt);
  EXPECT_NE(state.error().message.find(path()), std::string::npos);
}

TEST_F(MarkFileTest, AnEmptiedFileIsCorrupt) {
  open({});
  for (const std::string& content : {std::string(), std::string(4096, '\0')}) {
    write_file(path(), content);
    auto state = read_mark(scratch_.path());
    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().code, ErrorCode::corrupt);
  }
}

TEST_F(MarkFileTest, SlotsAreWrittenInTurnAcrossRestarts) {
  for (uint64_t lsn = 1; lsn < 6; ++lsn) {
    auto before = read_mark(scratch_.path());
    ASSERT_TRUE(before);
    MarkState state = *before ? **before : MarkState{};
    state.lsn = Lsn{lsn};
    open(state);
    EXPECT_EQ(stored(), Lsn{lsn});
  }
}

}  // namespace
}  // namespace tributary
