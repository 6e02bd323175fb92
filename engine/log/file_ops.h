// The system calls that decide about durability, behind a seam, and small helpers around descriptors and paths.
#pragma once

#include <sys/types.h>
#include <sys/uio.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/result.h"
#include "engine/base/strong_id.h"

namespace tributary {

/// What the log asks of the operating system when it writes. Tests put a faulty twin in its place.
/// Returns and errno are those of the system calls. Thread: any.
class FileOps {
 public:
  virtual ~FileOps() = default;
  virtual ssize_t pwritev(int fd, const iovec* pieces, int count, off_t offset);
  virtual int fdatasync(int fd);
  virtual int fsync(int fd);
  virtual int rename(const char* from, const char* to);
};

/// The real ones.
FileOps& system_file_ops();

/// Owns one descriptor.
class FileHandle {
 public:
  FileHandle() = default;
  explicit FileHandle(int fd) : fd_(fd) {}
  FileHandle(FileHandle&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  FileHandle& operator=(FileHandle&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~FileHandle();
  int get() const { return fd_; }

 private:
  int fd_ = -1;
};

/// open(2) with O_CLOEXEC and mode 0600. Errors: io, disk_full, with the path; not_found when the file is not there.
Result<FileHandle> open_file(const std::string& path, int flags);

/// Reads up to `bytes` at `offset`; fewer only at the end of the file.
Result<std::string> read_at(int fd, uint64_t offset, size_t bytes, const std::string& path);

/// Writes everything at `offset`, continuing short writes; returns how many of them there were.
Result<int> write_at(FileOps& files, int fd, uint64_t offset, std::string_view bytes, const std::string& path);

Result<void> sync_data(FileOps& files, int fd, const std::string& path);
Result<void> sync_directory(FileOps& files, const std::string& directory);
Result<void> rename_file(FileOps& files, const std::string& from, const std::string& to);
Result<uint64_t> file_size(int fd, const std::string& path);

}  // namespace tributary
