#include "engine/store/directory_lock.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <fstream>

#include "tests/model/temp_directory.h"

namespace tributary {
namespace {

TEST(DirectoryLock, SecondTakerLearnsTheFirstOnesPid) {
  model::TempDirectory temp;
  auto first = DirectoryLock::take(temp.path());
  ASSERT_TRUE(first);
  auto second = DirectoryLock::take(temp.path());
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::unavailable);
  EXPECT_EQ(second.error().message,
            "opening " + temp.path() + ": locked by pid " + std::to_string(::getpid()) + ", which has it open");
}

TEST(DirectoryLock, IsFreeAgainAfterwards) {
  model::TempDirectory temp;
  ASSERT_TRUE(DirectoryLock::take(temp.path()));
  EXPECT_TRUE(DirectoryLock::take(temp.path()));
}

TEST(DirectoryLock, MakesTheDirectory) {
  model::TempDirectory temp;
  ASSERT_TRUE(DirectoryLock::take(temp.path() + "/a/b"));
  struct stat file{};
  ASSERT_EQ(::stat((temp.path() + "/a/b/LOCK").c_str(), &file), 0);
  EXPECT_EQ(file.st_mode & 0777, 0600u);
}

TEST(DirectoryLock, DiesWithItsProcess) {
  model::TempDirectory temp;
  int ready[2];
  ASSERT_EQ(::pipe(ready), 0);
  pid_t child = fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    auto lock = DirectoryLock::take(temp.path());
    if (::write(ready[1], "x", 1) != 1) _exit(1);
    while (true) ::pause();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  auto locked = DirectoryLock::take(temp.path());
  ASSERT_FALSE(locked);
  EXPECT_THAT(locked.error().message, testing::HasSubstr("pid " + std::to_string(child)));
  ASSERT_EQ(::kill(child, SIGKILL), 0);
  ASSERT_EQ(::waitpid(child, nullptr, 0), child);
  EXPECT_TRUE(DirectoryLock::take(temp.path()));
  ::close(ready[0]);
  ::close(ready[1]);
}

TEST(DirectoryLock, PlaceThatIsNoDirectoryIsAnIoError) {
  model::TempDirectory temp;
  std::ofstream(temp.path() + "/file") << "x";
  auto lock = DirectoryLock::take(temp.path() + "/file");
  ASSERT_FALSE(lock);
  EXPECT_EQ(lock.error().code, ErrorCode::io);
}

}  // namespace
}  // namespace tributary
