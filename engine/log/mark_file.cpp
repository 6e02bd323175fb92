#include "engine/log/mark_file.h"

#include <fcntl.h>

#include <algorithm>

#include "engine/base/crc32c.h"
#include "engine/base/log_line.h"
#include "engine/base/test_bug.h"
#include "engine/log/little_endian.h"
#include "engine/log/record_format.h"

namespace tributary {
namespace {

constexpr std::string_view kMagic = "TRIBMARK";
constexpr size_t kFileBytes = 4096;
constexpr size_t kSlotBytes = 64;
constexpr size_t kSlotOffsets[] = {0, 2048};

std::string encode_slot(const MarkState& state) {
  std::string slot(kSlotBytes, '\0');
  std::memcpy(slot.data(), kMagic.data(), kMagic.size());
  put_le<uint64_t>(slot.data() + 8, state.generation);
  put_le<uint64_t>(slot.data() + 16, state.lsn.value());
  put_le<uint64_t>(slot.data() + 24, state.epoch);
  put_le<uint64_t>(slot.data() + 32, state.first.value());
  std::memcpy(slot.data() + 40, state.store_id.data(), kStoreIdBytes);
  put_le<uint32_t>(slot.data() + 60, masked_crc(crc32c({slot.data(), 60})));
  return slot;
}

std::optional<MarkState> decode_slot(std::string_view slot) {
  if (slot.size() < kSlotBytes || slot.substr(0, 8) != kMagic) return std::nullopt;
  if (get_le<uint32_t>(slot.data() + 60) != masked_crc(crc32c(slot.substr(0, 60)))) return std::nullopt;
  MarkState state;
  state.generation = get_le<uint64_t>(slot.data() + 8);
  state.lsn = Lsn{get_le<uint64_t>(slot.data() + 16)};
  state.epoch = get_le<uint64_t>(slot.data() + 24);
  state.first = Lsn{get_le<uint64_t>(slot.data() + 32)};
  state.store_id.assign(slot.data() + 40, kStoreIdBytes);
  return state;
}

bool all_zero(std::string_view bytes) { return bytes.find_first_not_of('\0') == std::string_view::npos; }

}  // namespace

Result<std::optional<MarkState>> read_mark(const std::string& directory) {
  if (test_bug("no_mark")) return std::optional<MarkState>{};
  std::string path = directory + "/" + std::string(kMarkFileName);
  auto file = open_file(path, O_RDONLY);
  if (!file && file.error().code == ErrorCode::not_found) return std::optional<MarkState>{};
  if (!file) return file.error();
  auto bytes = read_at(file->get(), 0, kFileBytes, path);
  if (!bytes) return bytes.error();
  bytes->resize(kFileBytes, '\0');
  std::optional<MarkState> newest;
  for (size_t offset : kSlotOffsets) {
    std::string_view slot = std::string_view(*bytes).substr(offset, kSlotBytes);
    auto state = decode_slot(slot);
    if (!state && !all_zero(slot)) {
      log_line(LogLevel::warn, "a slot of the acked mark is torn or damaged; the other one counts",
               {{"file", path}, {"offset", static_cast<int64_t>(offset)}});
    }
    if (state && (!newest || state->generation > newest->generation)) newest = state;
  }
  if (!newest) return Error{ErrorCode::corrupt, "reading " + path + ": no valid slot at offset 0 or 2048"};
  return newest;
}

MarkFile::MarkFile(std::string path, FileHandle file, MarkState state, FileOps& files)
    : path_(std::move(path)), file_(std::move(file)), files_(files), state_(std::move(state)) {}

Result<std::unique_ptr<MarkFile>> MarkFile::open(const std::string& directory, const MarkState& state, FileOps& files) {
  std::string path = directory + "/" + std::string(kMarkFileName);
  auto file = open_file(path, O_RDWR);
  if (!file && file.error().code != ErrorCode::not_found) return file.error();
  if (!file) {
    // Both slots' blocks are written before the name appears, so that later writes need no new block.
    std::string temporary = path + ".tmp";
    file = open_file(temporary, O_RDWR | O_CREAT | O_TRUNC);
    if (!file) return file.error();
    std::string content = encode_slot(state);
    content.resize(kFileBytes, '\0');
    auto written = write_at(files, file->get(), 0, content, temporary);
    if (!written) return written.error();
    TRIBUTARY_TRY(sync_data(files, file->get(), temporary));
    TRIBUTARY_TRY(rename_file(files, temporary, path));
    TRIBUTARY_TRY(sync_directory(files, directory));
  }
  std::unique_ptr<MarkFile> mark(new MarkFile(path, std::move(*file), state, files));
  TRIBUTARY_TRY(mark->write(state));
  return mark;
}

Result<void> MarkFile::advance(Lsn lsn, uint64_t epoch) {
  std::lock_guard lock(mutex_);
  MarkState state = state_;
  if (lsn <= state.lsn) return {};
  state.lsn = lsn;
  state.epoch = epoch;
  return write(std::move(state));
}

Result<void> MarkFile::keep_from(Lsn first) {
  std::lock_guard lock(mutex_);
  MarkState state = state_;
  state.first = std::max(state.first, first);
  return write(std::move(state));
}

Result<void> MarkFile::write(MarkState state) {
  if (test_bug("no_mark")) return {};
  ++state.generation;
  auto written = write_at(files_, file_.get(), kSlotOffsets[state.generation % 2], encode_slot(state), path_);
  if (!written) return written.error();
  TRIBUTARY_TRY(sync_data(files_, file_.get(), path_));
  state_ = std::move(state);
  return {};
}

}  // namespace tributary
