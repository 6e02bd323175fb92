// The seam to the world of many machines: a durable, totally ordered sequence of records. The fold never asks which log
// it reads.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/strong_id.h"
#include "engine/domain/record.h"

namespace tributary {

/// Durable records of one group, on their way to a fold, with the memory they live in.
struct DurableGroup {
  std::vector<RecordView> records;                  // in LSN order, one partition's or all partitions' records
  std::vector<std::shared_ptr<const void>> memory;  // keeps every payload alive
};

/// Why an append is not possible right now.
enum class AppendRefusal { overloaded, disk_full, stopping, failed };

/// One caller's records, at least one. They keep their order and get consecutive LSNs. More than fits into one group
/// spans several, and `done` comes with the last.
///
/// `done` runs exactly once, also on shutdown and failure, on a thread of the log, after BOTH the group and the acked
/// mark that covers it are durable, and after the sink saw the group. It must be quick and must not stop the log. The
/// fold of the group runs at the same time: whoever answers a client waits for both.
struct AppendRequest {
  std::vector<Record> records;
  std::function<void(Result<Lsn> last_lsn)> done;
  /// Opaque to the log; handed to the sink with the group, so that the fold can report outcomes to the caller.
  std::shared_ptr<void> context;
};

/// One append of a durable group as the sink sees it: which records belong to which caller.
struct DurableAppend {
  std::shared_ptr<void> context;
  size_t first = 0;  // index into DurableGroup::records
  size_t count = 0;
};

/// Gives records back in LSN order. Thread: one at a time.
class LogCursor {
 public:
  virtual ~LogCursor() = default;
  /// The next records, at most `bytes_max` of payload but at least one; empty at the end. The views live until the next
  /// call.
  virtual Result<std::vector<RecordView>> next_batch(size_t bytes_max) = 0;
};

class Log {
 public:
  virtual ~Log() = default;

  /// Called on the log thread for every group, after its fdatasync and in LSN order. Set once, before the first append.
  using Sink = std::function<void(DurableGroup group, std::vector<DurableAppend> appends)>;
  virtual void start(Sink sink) = 0;

  /// Enqueues; never waits. Returns the refusal at once (then `done` does not run), nothing when it was enqueued.
  /// Thread: any.
  virtual std::optional<AppendRefusal> append(AppendRequest request) = 0;

  /// Reads durable records from `from` on. Thread: any; each cursor belongs to one thread at a time.
  virtual std::unique_ptr<LogCursor> read(Lsn from) = 0;

  /// One durable record's kind and payload, copied, for timelines. Errors: not_found below the trimmed part or past the
  /// end, corrupt naming file and offset. Thread: any.
  virtual Result<std::pair<RecordKind, std::string>> read_one(Lsn lsn) = 0;

  /// LSN of the last durable record; 0 for an empty log.
  virtual Lsn last_durable() const = 0;

  /// The state is durable up to here: older records may be sealed or, when retention allows, trimmed.
  virtual void set_durable_state(Lsn lsn) = 0;

  /// Fails what waits with `stopping` after writing what was enqueued before the call; joins the threads. Idempotent.
  virtual void stop() = 0;
};

}  // namespace tributary
