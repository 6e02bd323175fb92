#pragma once

#include <memory>
#include <string>

#include "engine/base/result.h"

namespace tributary {

/// Keeps two processes from one data directory: an exclusive lock on `<data_dir>/LOCK`, which the kernel lets go of
/// when the process ends, however it ends. The file holds the owner's process id for the message to the second one.
class DirectoryLock {
 public:
  /// Makes the directory when it is absent. Errors: unavailable "locked by pid N"; io.
  static Result<std::unique_ptr<DirectoryLock>> take(const std::string& data_dir);
  ~DirectoryLock();
  DirectoryLock(const DirectoryLock&) = delete;
  DirectoryLock& operator=(const DirectoryLock&) = delete;

 private:
  explicit DirectoryLock(int fd) : fd_(fd) {}
  int fd_;
};

}  // namespace tributary
