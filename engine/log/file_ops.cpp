#include "engine/log/file_ops.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>

#include "engine/base/test_bug.h"

namespace tributary {

ssize_t FileOps::pwritev(int fd, const iovec* pieces, int count, off_t offset) {
  return ::pwritev(fd, pieces, count, offset);
}

int FileOps::fdatasync(int fd) {
  if (test_bug("no_sync")) return 0;
  int result = ::fdatasync(fd);
  while (result != 0 && test_bug("retry_fsync")) result = ::fdatasync(fd);
  return result;
}

int FileOps::fsync(int fd) { return test_bug("no_sync") ? 0 : ::fsync(fd); }

int FileOps::rename(const char* from, const char* to) { return std::rename(from, to); }

FileOps& system_file_ops() {
  static FileOps ops;
  return ops;
}

FileHandle::~FileHandle() {
  if (fd_ >= 0) ::close(fd_);
}

Result<FileHandle> open_file(const std::string& path, int flags) {
  int fd = ::open(path.c_str(), flags | O_CLOEXEC, 0600);
  if (fd >= 0) return FileHandle(fd);
  if (errno == ENOENT) return Error{ErrorCode::not_found, "opening " + path + ": no such file"};
  return errno_error("opening " + path, errno);
}

Result<std::string> read_at(int fd, uint64_t offset, size_t bytes, const std::string& path) {
  std::string buffer(bytes, '\0');
  size_t have = 0;
  while (have < bytes) {
    ssize_t n = ::pread(fd, buffer.data() + have, bytes - have, static_cast<off_t>(offset + have));
    if (n == 0) break;
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return errno_error("reading " + path + " at offset " + std::to_string(offset + have), errno);
    have += static_cast<size_t>(n);
  }
  buffer.resize(have);
  return buffer;
}

Result<int> write_at(FileOps& files, int fd, uint64_t offset, std::string_view bytes, const std::string& path) {
  int short_writes = 0;
  while (!bytes.empty()) {
    iovec piece{const_cast<char*>(bytes.data()), bytes.size()};
    ssize_t n = files.pwritev(fd, &piece, 1, static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    // A write of nothing without an error would loop for ever: the device takes no more.
    if (n <= 0) return errno_error("writing " + path + " at offset " + std::to_string(offset), n < 0 ? errno : ENOSPC);
    if (static_cast<size_t>(n) < bytes.size()) ++short_writes;
    bytes.remove_prefix(static_cast<size_t>(n));
    offset += static_cast<uint64_t>(n);
  }
  return short_writes;
}

Result<void> sync_data(FileOps& files, int fd, const std::string& path) {
  if (files.fdatasync(fd) != 0) return errno_error("syncing " + path, errno);
  return {};
}

Result<void> sync_directory(FileOps& files, const std::string& directory) {
  auto handle = open_file(directory, O_RDONLY | O_DIRECTORY);
  if (!handle) return handle.error();
  if (files.fsync(handle->get()) != 0) return errno_error("syncing directory " + directory, errno);
  return {};
}

Result<void> rename_file(FileOps& files, const std::string& from, const std::string& to) {
  if (files.rename(from.c_str(), to.c_str()) != 0) return errno_error("renaming " + from + " to " + to, errno);
  return {};
}

Result<uint64_t> file_size(int fd, const std::string& path) {
  struct stat info{};
  if (::fstat(fd, &info) != 0) return errno_error("asking for the size of " + path, errno);
  return static_cast<uint64_t>(info.st_size);
}

}  // namespace tributary
