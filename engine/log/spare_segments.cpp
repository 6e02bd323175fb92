#include "engine/log/spare_segments.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>

namespace tributary {
namespace {

constexpr size_t kPieceBytes = 1u << 20;
// Synced every few pieces: one large flush would stand in the way of the log's own syncs for long.
constexpr uint64_t kSyncEveryBytes = 4u << 20;

}  // namespace

SpareSegments::SpareSegments(std::string directory, uint64_t segment_bytes, size_t wanted, FileOps& files)
    : directory_(std::move(directory)), segment_bytes_(segment_bytes), wanted_(wanted), files_(files) {}

Result<void> SpareSegments::adopt() {
  std::error_code error;
  for (auto entry = std::filesystem::directory_iterator(directory_, error);
       !error && entry != std::filesystem::directory_iterator(); entry.increment(error)) {
    std::string path = entry->path().string();
    bool spare = path.ends_with(".spare");
    if (!spare && !path.ends_with(".tmp")) continue;
    std::error_code ignored;
    bool usable = spare && entry->file_size(ignored) == segment_bytes_ && ready_.size() < wanted_;
    if (usable) ready_.push_back(path);
    if (!usable) ::unlink(path.c_str());
    std::string name = entry->path().filename().string();
    if (spare)
      last_number_ = std::max<uint64_t>(last_number_, std::strtoull(name.c_str() + sizeof("spare"), nullptr, 10));
  }
  if (error) return errno_error("listing " + directory_, error.value());
  return {};
}

std::optional<std::string> SpareSegments::take() {
  std::lock_guard lock(mutex_);
  if (ready_.empty()) return std::nullopt;
  std::string path = std::move(ready_.front());
  ready_.pop_front();
  return path;
}

size_t SpareSegments::missing() const {
  std::lock_guard lock(mutex_);
  return wanted_ > ready_.size() ? wanted_ - ready_.size() : 0;
}

Result<void> SpareSegments::make(const std::atomic<bool>& stop) {
  return zero_and_keep(directory_ + "/spare.tmp", stop);
}

Result<void> SpareSegments::recycle(const std::string& path, const std::atomic<bool>& stop) {
  std::string temporary = directory_ + "/spare.tmp";
  TRIBUTARY_TRY(rename_file(files_, path, temporary));
  return zero_and_keep(temporary, stop);
}

Result<void> SpareSegments::zero_and_keep(const std::string& temporary, const std::atomic<bool>& stop) {
  auto file = open_file(temporary, O_RDWR | O_CREAT);
  if (!file) return file.error();
  auto fill = [&]() -> Result<void> {
    if (::ftruncate(file->get(), static_cast<off_t>(segment_bytes_)) != 0)
      return errno_error("sizing " + temporary, errno);
    const std::string zeroes(kPieceBytes, '\0');
    for (uint64_t offset = 0; offset < segment_bytes_; offset += zeroes.size()) {
      if (stop) return Error{ErrorCode::stopping, "prewriting " + temporary};
      size_t bytes = std::min<uint64_t>(zeroes.size(), segment_bytes_ - offset);
      auto written = write_at(files_, file->get(), offset, std::string_view(zeroes).substr(0, bytes), temporary);
      if (!written) return written.error();
      bool sync_now = (offset + bytes) % kSyncEveryBytes == 0 || offset + bytes == segment_bytes_;
      if (sync_now) TRIBUTARY_TRY(sync_data(files_, file->get(), temporary));
    }
    return {};
  };
  auto filled = fill();
  std::string path = directory_ + "/spare-" + std::to_string(++last_number_) + ".spare";
  if (filled) filled = rename_file(files_, temporary, path);
  if (filled) filled = sync_directory(files_, directory_);
  if (!filled) {
    ::unlink(temporary.c_str());
    return filled.error();
  }
  std::lock_guard lock(mutex_);
  ready_.push_back(path);
  return {};
}

}  // namespace tributary
