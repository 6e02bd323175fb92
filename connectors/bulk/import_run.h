// The moving part of an import: batches in flight, order, retries, interruption.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "connectors/bulk/checkpoint.h"
#include "connectors/bulk/import_connection.h"
#include "connectors/bulk/import_item.h"
#include "connectors/bulk/import_report.h"
#include "connectors/bulk/progress.h"

namespace tributary {

struct ImportRunOptions {
  std::function<Result<std::unique_ptr<ImportConnection>>()> connect;  // for each batch in flight
  size_t batch_events = 1000;                                          // 1..kBatchEventsMax
  size_t in_flight = 4;                                                // batches sent and not answered
  size_t parallel = 1;                                                 // threads that make events of rows
  std::chrono::seconds patience{60};                                   // without any success before an import gives up
};

/// The server lists at most this many errors of one answer, and every refused row needs its reason.
constexpr size_t kBatchEventsMax = 1000;

enum class ImportEnd {
  complete,
  interrupted,
  unreachable,  // no success within the patience
  refused,      // the server will never take it: a wrong key, a disabled source, another service
  failed,       // our own files cannot be written
};

struct ImportResult {
  ImportEnd end = ImportEnd::complete;
  std::string message;  // of every end but complete
  int signal = 0;       // of interrupted
};

/// Sends what `input` gives until its end. Batches are answered in any order; counts, report and checkpoint advance in
/// the order of the file. On SIGINT or SIGTERM nothing new is sent, what is under way is awaited (10 s), and a second
/// signal ends at once.
///
/// `state` has the counts and place of an earlier run and is kept up to date. `save` is called about once a second and
/// at the end of the run whenever `state` has changed. `show` is called five times a second with what a progress line
/// needs. Thread: runs on the caller's and returns when all is over; the input is read on one of its own, events are
/// made on `parallel` others, all of them gone when it returns. A text that ended by a fault was sent up to there:
/// complete.
struct ImportObserver {
  std::function<Result<void>(const Checkpoint&)> save;
  std::function<void(const ProgressState&)> show;
};
ImportResult run_import_batches(const ImportRunOptions& options, ImportInput& input, ImportReport& report,
                                Checkpoint& state, const ImportObserver& observer);

}  // namespace tributary
