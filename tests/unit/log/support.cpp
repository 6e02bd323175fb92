#include "tests/unit/log/support.h"

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <future>
#include <sstream>
#include <thread>

#include "engine/log/record_format.h"

namespace tributary::testing {

namespace fs = std::filesystem;

ScratchDirectory::ScratchDirectory() {
  std::string name = ::testing::TempDir() + "tributary-log-XXXXXX";
  if (::mkdtemp(name.data()) == nullptr) std::abort();
  path_ = name;
}

ScratchDirectory::~ScratchDirectory() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

SegmentLogOptions small_options(const std::string& directory) {
  SegmentLogOptions options;
  options.directory = directory;
  options.segment_bytes = 1 << 20;
  options.spare_segments = 0;
  options.ballast_bytes = 0;
  options.disk_low_bytes = 1 << 20;
  options.seal = false;
  return options;
}

OpenLog::OpenLog(SegmentLogOptions options, Lsn applied, Log::Sink sink) {
  auto opened = SegmentLog::open(std::move(options), applied, *metrics);
  if (!opened) {
    ADD_FAILURE() << "opening failed: " << opened.error().message;
    std::abort();
  }
  log = std::move(*opened);
  log->start(std::move(sink));
}

Error open_error(SegmentLogOptions options, Lsn applied) {
  Metrics metrics;
  auto opened = SegmentLog::open(std::move(options), applied, metrics);
  return opened ? Error{ErrorCode::overloaded, "it opened"} : opened.error();
}

std::string payload_of(uint64_t n) {
  std::string payload = "record " + std::to_string(n) + " ";
  payload.append(n * 37 % 211, static_cast<char>('a' + n % 26));
  return payload;
}

Record record_of(std::string payload, Timestamp received_at) {
  return {RecordKind::event, WorkspaceId{}, PartitionId{}, received_at, std::move(payload)};
}

Result<Lsn> append(SegmentLog& log, const std::vector<std::string>& payloads) {
  auto answered = std::make_shared<std::promise<Result<Lsn>>>();
  AppendRequest request;
  for (const std::string& payload : payloads) request.records.push_back(record_of(payload));
  request.done = [answered](Result<Lsn> result) { answered->set_value(std::move(result)); };
  auto refused = log.append(std::move(request));
  if (refused) return Error{ErrorCode::overloaded, "refused " + std::to_string(static_cast<int>(*refused))};
  auto future = answered->get_future();
  if (future.wait_for(std::chrono::seconds(20)) != std::future_status::ready) {
    return Error{ErrorCode::overloaded, "no answer within 20 s"};
  }
  return future.get();
}

void append_numbered(SegmentLog& log, uint64_t first, uint64_t count, uint64_t per_request) {
  for (uint64_t at = first; at < first + count; at += per_request) {
    std::vector<std::string> payloads;
    for (uint64_t n = at; n < std::min(at + per_request, first + count); ++n) payloads.push_back(payload_of(n));
    auto last = append(log, payloads);
    ASSERT_TRUE(last) << last.error().message;
    ASSERT_EQ(last->value(), at + payloads.size() - 1);
  }
}

std::vector<std::pair<uint64_t, std::string>> read_all(SegmentLog& log, Lsn from, size_t batch_bytes) {
  std::vector<std::pair<uint64_t, std::string>> records;
  auto cursor = log.read(from);
  while (true) {
    auto batch = cursor->next_batch(batch_bytes);
    if (!batch) {
      ADD_FAILURE() << batch.error().message;
      return records;
    }
    if (batch->empty()) return records;
    for (const RecordView& record : *batch) records.emplace_back(record.lsn.value(), std::string(record.payload));
  }
}

void expect_numbered(SegmentLog& log, uint64_t count) {
  auto records = read_all(log);
  ASSERT_EQ(records.size(), count);
  for (uint64_t n = 1; n <= count; ++n) {
    ASSERT_EQ(records[n - 1].first, n);
    ASSERT_EQ(records[n - 1].second, payload_of(n));
  }
}

bool eventually(const std::function<bool()>& holds) {
  auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!holds()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  return true;
}

std::vector<std::string> files_with_suffix(const std::string& directory, const std::string& suffix) {
  std::vector<std::string> paths;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (entry.path().string().ends_with(suffix)) paths.push_back(entry.path().string());
  }
  std::sort(paths.begin(), paths.end());
  return paths;
}

std::string last_segment(const std::string& directory) { return files_with_suffix(directory, ".seg").back(); }

std::string read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::ostringstream content;
  content << in.rdbuf();
  return content.str();
}

void write_file(const std::string& path, const std::string& content) {
  std::ofstream(path, std::ios::binary | std::ios::trunc) << content;
}

void overwrite(const std::string& path, uint64_t offset, const std::string& bytes) {
  std::fstream file(path, std::ios::binary | std::ios::in | std::ios::out);
  file.seekp(static_cast<std::streamoff>(offset));
  file << bytes;
  ASSERT_TRUE(file.good());
}

void flip_bit(const std::string& path, uint64_t offset) {
  std::string content = read_file(path);
  ASSERT_LT(offset, content.size());
  overwrite(path, offset, std::string(1, static_cast<char>(content[offset] ^ 4)));
}

std::vector<uint64_t> record_offsets(const std::string& path) {
  std::string content = read_file(path);
  auto header = decode_segment_header(content, kRawMagic);
  EXPECT_TRUE(header);
  RecordScanner scanner(std::string_view(content).substr(kSegmentHeaderBytes), header->epoch, header->base);
  std::vector<uint64_t> offsets;
  while (auto record = scanner.next()) offsets.push_back(kSegmentHeaderBytes + record->offset);
  offsets.push_back(kSegmentHeaderBytes + scanner.offset());
  return offsets;
}

}  // namespace tributary::testing
