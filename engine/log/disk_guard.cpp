#include "engine/log/disk_guard.h"

#include <fcntl.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "engine/base/log_line.h"
#include "engine/base/test_bug.h"

namespace tributary {
namespace {

constexpr uint64_t kLowBytesDefault = 512ull << 20;
constexpr uint64_t kLowShareOfDisk = 50;  // 1/50 = 2 %

uint64_t resume_mark(uint64_t low) { return low + low / 10; }

}  // namespace

Result<DiskSpace> ask_disk_space(const std::string& directory) {
  struct statvfs info{};
  if (::statvfs(directory.c_str(), &info) != 0) return errno_error("asking for free space of " + directory, errno);
  return DiskSpace{info.f_bavail * info.f_frsize, info.f_blocks * info.f_frsize, info.f_favail, info.f_files};
}

DiskGuard::DiskGuard(Options options, Metrics& metrics, AskSpace ask)
    : options_(std::move(options)), metrics_(metrics), ask_(std::move(ask)), low_bytes_(options_.low_bytes) {}

std::string DiskGuard::ballast_path() const { return options_.directory + "/ballast"; }

Result<void> DiskGuard::start() {
  auto space = ask_(options_.directory);
  if (!space) return space.error();
  if (low_bytes_ == 0) low_bytes_ = std::max(kLowBytesDefault, space->total_bytes / kLowShareOfDisk);
  if (test_bug("no_disk_guard")) return {};
  has_ballast_ = ::access(ballast_path().c_str(), F_OK) == 0;
  uint64_t needed = low_bytes_ / 2;
  if (space->free_bytes < needed && has_ballast_) {
    release_ballast();
    space = ask_(options_.directory);
    if (!space) return space.error();
  }
  bool inodes_out = space->total_inodes != 0 && space->free_inodes < options_.low_inodes / 2;
  if (space->free_bytes < needed || inodes_out) {
    return Error{ErrorCode::disk_full, "starting in " + options_.directory + ": " + std::to_string(space->free_bytes) +
                                           " bytes and " + std::to_string(space->free_inodes) +
                                           " inodes free, needed " + std::to_string(needed) + " and " +
                                           std::to_string(options_.low_inodes / 2)};
  }
  check();
  return {};
}

void DiskGuard::check() {
  if (test_bug("no_disk_guard")) return;
  auto space = ask_(options_.directory);
  if (!space) {
    // Not knowing is no reason to refuse; a failing disk shows itself at the next write.
    log_line(LogLevel::warn, "free disk space is unknown", {{"error", space.error().message}});
    return;
  }
  metrics_.disk_free_bytes.set(static_cast<double>(space->free_bytes));
  bool has_inode_limit = space->total_inodes != 0;
  bool is_low = space->free_bytes < low_bytes_ || (has_inode_limit && space->free_inodes < options_.low_inodes);
  // The missing ballast counts as used, so that giving it up never looks like space that returned.
  uint64_t reserved = has_ballast_ ? 0 : options_.ballast_bytes;
  bool is_enough = space->free_bytes >= resume_mark(low_bytes_) + reserved &&
                   (!has_inode_limit || space->free_inodes >= resume_mark(options_.low_inodes));
  if (is_low && !low_.exchange(true)) {
    log_line(LogLevel::error, "disk is nearly full: events are refused until space returns",
             {{"directory", options_.directory},
              {"free_bytes", static_cast<int64_t>(space->free_bytes)},
              {"free_inodes", static_cast<int64_t>(space->free_inodes)},
              {"low_bytes", static_cast<int64_t>(low_bytes_)}});
  }
  if (space->free_bytes < low_bytes_ / 2 && has_ballast_) release_ballast();
  if (!is_enough) return;
  if (low_.exchange(false)) log_line(LogLevel::info, "disk has space again: events are accepted");
  if (!has_ballast_) make_ballast();
}

void DiskGuard::release_ballast() {
  ::unlink(ballast_path().c_str());
  has_ballast_ = false;
  log_line(LogLevel::warn, "ballast file given up for space", {{"file", ballast_path()}});
}

void DiskGuard::make_ballast() {
  if (options_.ballast_bytes == 0) return;
  auto file = open_file(ballast_path(), O_RDWR | O_CREAT);
  if (!file) return;
  // Real blocks, not a sparse file: otherwise deleting it would free nothing.
  int failure = ::posix_fallocate(file->get(), 0, static_cast<off_t>(options_.ballast_bytes));
  has_ballast_ = failure == 0;
  if (has_ballast_) return;
  ::unlink(ballast_path().c_str());
  log_line(LogLevel::warn, "ballast file could not be made", {{"error", errno_error("fallocate", failure).message}});
}

}  // namespace tributary
