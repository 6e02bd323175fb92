// What the tests of the log share: a directory, a log that is easy to fill, files that are easy to damage.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "engine/log/segment_log.h"

namespace tributary::testing {

/// A directory that lives as long as the object.
class ScratchDirectory {
 public:
  ScratchDirectory();
  ~ScratchDirectory();
  const std::string& path() const { return path_; }
  std::string log() const { return path_ + "/log"; }

 private:
  std::string path_;
};

/// 1 MiB segments, no ballast, no spares, no sealing: each test switches on what it is about.
SegmentLogOptions small_options(const std::string& directory);

/// An open, started log with its metrics. Fails the test when it does not open.
struct OpenLog {
  explicit OpenLog(SegmentLogOptions options, Lsn applied = Lsn{}, Log::Sink sink = {});
  SegmentLog* operator->() const { return log.get(); }
  std::unique_ptr<Metrics> metrics = std::make_unique<Metrics>();
  std::unique_ptr<SegmentLog> log;
};

/// The error of opening, or a code and text that no test expects when it opened.
Error open_error(SegmentLogOptions options, Lsn applied = Lsn{});

/// Payload of the n-th record of a test: recognisable, of varying size.
std::string payload_of(uint64_t n);

Record record_of(std::string payload, Timestamp received_at = {});

/// Appends `payloads` as one request and waits for `done`.
Result<Lsn> append(SegmentLog& log, const std::vector<std::string>& payloads);
/// Appends records with payload_of(first) .. payload_of(first + count - 1), `per_request` at a time; every one must
/// succeed.
void append_numbered(SegmentLog& log, uint64_t first, uint64_t count, uint64_t per_request = 1);

/// Every record from `from` on, in order; LSNs must follow one another unless `gaps` are expected.
std::vector<std::pair<uint64_t, std::string>> read_all(SegmentLog& log, Lsn from = Lsn{1}, size_t batch_bytes = 4096);
/// Fails unless the log holds exactly payload_of(1) .. payload_of(count) as LSN 1 .. count.
void expect_numbered(SegmentLog& log, uint64_t count);

/// Waits until `holds` or 20 s are over; returns whether it holds.
bool eventually(const std::function<bool()>& holds);

// Files.
std::vector<std::string> files_with_suffix(const std::string& directory,
                                           const std::string& suffix);  // sorted, full paths
std::string last_segment(const std::string& directory);
std::string read_file(const std::string& path);
void write_file(const std::string& path, const std::string& content);
void overwrite(const std::string& path, uint64_t offset, const std::string& bytes);
void flip_bit(const std::string& path, uint64_t offset);
/// Where each record of a raw segment begins, and behind the last one where it ends.
std::vector<uint64_t> record_offsets(const std::string& path);

}  // namespace tributary::testing
