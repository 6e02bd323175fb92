#include "engine/store/directory_lock.h"

#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>

namespace tributary {

Result<std::unique_ptr<DirectoryLock>> DirectoryLock::take(const std::string& data_dir) {
  std::error_code error;
  std::filesystem::create_directories(data_dir, error);
  if (error) return Error{ErrorCode::io, "making " + data_dir + ": " + error.message()};
  std::string path = data_dir + "/LOCK";
  int fd = ::open(path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (fd < 0) return errno_error("opening " + path, errno);
  if (::flock(fd, LOCK_EX | LOCK_NB) != 0) {
    char owner[32] = {};
    ssize_t bytes = ::pread(fd, owner, sizeof owner - 1, 0);
    ::close(fd);
    std::string pid = bytes > 0 ? std::string(owner, static_cast<size_t>(bytes)) : "unknown";
    return Error{ErrorCode::unavailable, "opening " + data_dir + ": locked by pid " + pid + ", which has it open"};
  }
  std::string pid = std::to_string(::getpid());
  if (::ftruncate(fd, 0) != 0 || ::pwrite(fd, pid.data(), pid.size(), 0) < 0) {
    int number = errno;
    ::close(fd);
    return errno_error("writing " + path, number);
  }
  return std::unique_ptr<DirectoryLock>(new DirectoryLock(fd));
}

DirectoryLock::~DirectoryLock() { ::close(fd_); }

}  // namespace tributary
