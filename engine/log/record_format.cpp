#include "engine/log/record_format.h"

#include <algorithm>
#include <cstdio>

#include "engine/base/check.h"
#include "engine/base/crc32c.h"
#include "engine/log/little_endian.h"

namespace tributary {
namespace {

constexpr size_t kHeaderCrcOffset = kSegmentHeaderBytes - 4;

Error bad_header(const std::string& what) { return {ErrorCode::corrupt, "segment header at offset 0: " + what}; }

}  // namespace

std::string encode_segment_header(const SegmentHeader& header, std::string_view magic) {
  TRIBUTARY_CHECK(header.store_id.size() == kStoreIdBytes);
  std::string bytes(kSegmentHeaderBytes, '\0');
  char* at = bytes.data();
  std::memcpy(at, magic.data(), 8);
  put_le<uint16_t>(at + 8, kLogFormatVersion);
  put_le<uint16_t>(at + 10, kSegmentHeaderBytes);
  put_le<uint32_t>(at + 12, header.segment_bytes);
  std::memcpy(at + 16, header.store_id.data(), kStoreIdBytes);
  put_le<uint64_t>(at + 32, header.epoch);
  put_le<uint64_t>(at + 40, header.base.value());
  put_le<int64_t>(at + 48, header.created_at.micros);
  put_le<uint32_t>(at + 56, header.previous_crc);
  finish_segment_header(bytes);
  return bytes;
}

void finish_segment_header(std::string& bytes) {
  put_le<uint32_t>(bytes.data() + kHeaderCrcOffset, masked_crc(crc32c({bytes.data(), kHeaderCrcOffset})));
}

Result<SegmentHeader> decode_segment_header(std::string_view bytes, std::string_view magic) {
  if (bytes.size() < kSegmentHeaderBytes)
    return bad_header("the file has only " + std::to_string(bytes.size()) + " bytes");
  const char* at = bytes.data();
  if (std::string_view(at, 8) != magic) return bad_header("wrong magic");
  if (get_le<uint32_t>(at + kHeaderCrcOffset) != masked_crc(crc32c(bytes.substr(0, kHeaderCrcOffset)))) {
    return bad_header("wrong checksum");
  }
  // Checked behind the checksum, so that a flipped bit is called damage and not a foreign version.
  auto version = get_le<uint16_t>(at + 8);
  if (version != kLogFormatVersion || get_le<uint16_t>(at + 10) != kSegmentHeaderBytes) {
    return bad_header("format version " + std::to_string(version) + ", this program reads " +
                      std::to_string(kLogFormatVersion));
  }
  SegmentHeader header;
  header.segment_bytes = get_le<uint32_t>(at + 12);
  header.store_id.assign(at + 16, kStoreIdBytes);
  header.epoch = get_le<uint64_t>(at + 32);
  header.base = Lsn{get_le<uint64_t>(at + 40)};
  header.created_at.micros = get_le<int64_t>(at + 48);
  header.previous_crc = get_le<uint32_t>(at + 56);
  return header;
}

uint32_t epoch_seed(uint64_t epoch) {
  char bytes[8];
  put_le(bytes, epoch);
  return crc32c({bytes, sizeof bytes});
}

uint32_t encode_record(char* out, const RecordView& view, uint8_t flags, uint32_t seed) {
  size_t size = view.payload.size();
  put_le<uint32_t>(out + 4, static_cast<uint32_t>(size));
  put_le<uint64_t>(out + 8, view.lsn.value());
  put_le<int64_t>(out + 16, view.received_at.micros);
  put_le<uint32_t>(out + 24, view.workspace.value());
  put_le<uint16_t>(out + 28, view.partition.value());
  out[30] = static_cast<char>(view.kind);
  out[31] = static_cast<char>(flags);
  std::memcpy(out + kRecordHeaderBytes, view.payload.data(), size);
  std::memset(out + kRecordHeaderBytes + size, 0, record_bytes(size) - kRecordHeaderBytes - size);
  uint32_t crc = masked_crc(crc32c({out + 4, kRecordHeaderBytes - 4 + size}, seed));
  put_le<uint32_t>(out, crc);
  return crc;
}

RecordScanner::RecordScanner(std::string_view bytes, uint64_t epoch, Lsn first)
    : bytes_(bytes), seed_(epoch_seed(epoch)), next_lsn_(first) {}

std::optional<uint32_t> RecordScanner::payload_bytes_here() {
  size_t left = bytes_.size() - offset_;
  if (left < kRecordHeaderBytes) {
    stop_ = Stop::incomplete;
    wanted_ = kRecordHeaderBytes;
    return std::nullopt;
  }
  const char* at = bytes_.data() + offset_;
  auto size = get_le<uint32_t>(at + 4);
  if (size == 0 || size > kRecordPayloadMax || get_le<uint64_t>(at + 8) != next_lsn_.value()) {
    stop_ = Stop::damaged;
    return std::nullopt;
  }
  if (left - kRecordHeaderBytes < size) {
    stop_ = Stop::incomplete;
    wanted_ = record_bytes(size);
    return std::nullopt;
  }
  return size;
}

void RecordScanner::advance(uint32_t payload_bytes) {
  // The file may end without the last record's padding.
  offset_ = std::min(offset_ + record_bytes(payload_bytes), bytes_.size());
  next_lsn_ = tributary::next(next_lsn_);
}

bool RecordScanner::skip() {
  auto size = payload_bytes_here();
  if (size) advance(*size);
  return size.has_value();
}

std::optional<StoredRecord> RecordScanner::next() {
  auto size = payload_bytes_here();
  if (!size) return std::nullopt;
  const char* at = bytes_.data() + offset_;
  StoredRecord record;
  record.crc = get_le<uint32_t>(at);
  if (record.crc != masked_crc(crc32c({at + 4, kRecordHeaderBytes - 4 + *size}, seed_))) {
    stop_ = Stop::damaged;
    return std::nullopt;
  }
  record.view.lsn = next_lsn_;
  record.view.received_at.micros = get_le<int64_t>(at + 16);
  record.view.workspace = WorkspaceId{get_le<uint32_t>(at + 24)};
  record.view.partition = PartitionId{get_le<uint16_t>(at + 28)};
  record.view.kind = static_cast<RecordKind>(at[30]);
  record.view.payload = {at + kRecordHeaderBytes, *size};
  record.flags = static_cast<uint8_t>(at[31]);
  record.offset = offset_;
  advance(*size);
  return record;
}

std::string segment_file_name(Lsn base, std::string_view suffix) {
  char digits[32];
  std::snprintf(digits, sizeof digits, "%020llu", static_cast<unsigned long long>(base.value()));
  return std::string(digits) + std::string(suffix);
}

}  // namespace tributary
