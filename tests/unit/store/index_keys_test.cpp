#include "engine/store/index_keys.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <set>
#include <thread>

#include "tests/model/temp_directory.h"

namespace tributary {
namespace {

using model::TempDirectory;

TEST(IndexKeys, AreMadeOnceAndStayTheSame) {
  TempDirectory temp;
  Hash128 first = (*IndexKeys::open(temp.path(), false))->of(WorkspaceId{1})("ann@example.com");
  auto again = IndexKeys::open(temp.path(), true);
  ASSERT_TRUE(again);
  EXPECT_EQ((*again)->of(WorkspaceId{1})("ann@example.com"), first);
  EXPECT_EQ((*again)->of(WorkspaceId{1})("ann@example.com"), first) << "the second look-up of a workspace";
}

TEST(IndexKeys, DifferPerWorkspaceDirectoryAndPurpose) {
  TempDirectory temp, other;
  auto keys = *IndexKeys::open(temp.path(), false);
  auto others = *IndexKeys::open(other.path(), false);
  std::set<Hash128> hashes = {keys->of(WorkspaceId{1})("x"), keys->of(WorkspaceId{2})("x"), keys->cursor_key()("x"),
                              others->of(WorkspaceId{1})("x")};
  EXPECT_EQ(hashes.size(), 4u);
}

TEST(IndexKeys, FileIsPrivate) {
  TempDirectory temp;
  ASSERT_TRUE(IndexKeys::open(temp.path(), false));
  struct stat file{};
  ASSERT_EQ(::stat((temp.path() + "/index.key").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
  EXPECT_EQ(file.st_size, 36);
}

TEST(IndexKeys, MissingBesideALogIsCorrupt) {
  TempDirectory temp;
  auto keys = IndexKeys::open(temp.path(), true);
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().code, ErrorCode::corrupt);
  EXPECT_THAT(keys.error().message, testing::HasSubstr("index.key"));
  EXPECT_FALSE(std::filesystem::exists(temp.path() + "/index.key"));
}

TEST(IndexKeys, EveryFlippedBitIsCorrupt) {
  TempDirectory temp;
  ASSERT_TRUE(IndexKeys::open(temp.path(), false));
  std::string path = temp.path() + "/index.key";
  std::ifstream file(path, std::ios::binary);
  const std::string whole((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  for (size_t bit = 0; bit < whole.size() * 8; ++bit) {
    std::string damaged = whole;
    damaged[bit / 8] = static_cast<char>(damaged[bit / 8] ^ (1 << (bit % 8)));
    std::ofstream(path, std::ios::binary | std::ios::trunc) << damaged;
    auto keys = IndexKeys::open(temp.path(), true);
    ASSERT_FALSE(keys) << "bit " << bit;
    EXPECT_EQ(keys.error().code, ErrorCode::corrupt);
    EXPECT_THAT(keys.error().message, testing::HasSubstr(path));
  }
}

TEST(IndexKeys, OfAnotherSizeIsCorrupt) {
  TempDirectory temp;
  std::ofstream(temp.path() + "/index.key") << std::string(31, 'k');
  auto keys = IndexKeys::open(temp.path(), true);
  ASSERT_FALSE(keys);
  EXPECT_EQ(keys.error().code, ErrorCode::corrupt);
}

TEST(IndexKeys, ThreadsThatMeetANewWorkspaceAgree) {
  TempDirectory temp;
  auto keys = *IndexKeys::open(temp.path(), false);
  std::vector<Hash128> seen(8);
  std::vector<std::thread> threads;
  for (size_t i = 0; i < seen.size(); ++i) {
    threads.emplace_back([&, i] {
      for (uint32_t workspace = 0; workspace < 100; ++workspace) seen[i] = keys->of(WorkspaceId{workspace})("x");
    });
  }
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(std::set<Hash128>(seen.begin(), seen.end()).size(), 1u);
}

}  // namespace
}  // namespace tributary
