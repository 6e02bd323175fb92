#include "engine/log/recovery.h"
#include "engine/log/segment_log.h"

namespace tributary {
namespace {

constexpr size_t kBatchBytes = 1u << 20;

/// Every record of a sealed segment; raw ones were read by recovery already.
Result<void> read_everything(const Segment& segment) {
  for (Lsn at = segment.base(); at <= segment.last();) {
    auto batch = segment.read(at, segment.last(), kBatchBytes);
    if (!batch) return batch.error();
    at = next(batch->records.back().lsn);
  }
  return {};
}

}  // namespace

Result<LogVerification> verify_log(const std::string& directory) {
  BlockCache cache(0);
  auto log = recover_log(directory, {}, cache);
  if (!log) return log.error();
  LogVerification report;
  report.last_lsn = log->last_lsn;
  if (log->mark) report.mark = log->mark->lsn;
  for (const auto& segment : log->segments) {
    if (segment->sealed()) TRIBUTARY_TRY(read_everything(*segment));
    report.records += segment->last().value() + 1 - segment->base().value();
  }
  if (log->segments.empty()) return report;
  const std::string& path = log->segments.back()->path();
  report.last_segment = path.substr(path.rfind('/') + 1);
  report.end_offset = log->last_raw != nullptr ? log->last_raw->end_offset() : log->segments.back()->disk_bytes();
  return report;
}

}  // namespace tributary
