// Exports, read beside the threads that answer requests.
#pragma once

#include <atomic>
#include <boost/asio/thread_pool.hpp>
#include <memory>

#include "connectors/http/body_stream.h"
#include "connectors/http/message.h"
#include "connectors/query/export_format.h"
#include "engine/engine.h"

namespace tributary {

struct ExportOrder {
  WorkspaceId workspace;
  ExportedThing thing = ExportedThing::profiles;
  Timestamp moment = {};    // of the figures of profiles
  EventExportQuery events;  // of events
  std::unique_ptr<ExportFormat> format;
};

/// Runs some exports at a time, each piece by piece on a thread of the runner: a piece is read when the client has
/// taken the one before, so an export holds one piece, its snapshot and what Export says.
///
/// Lifecycle: begin() any number of times -> stop(). It must be stopped before the engine is, and before the I/O
/// contexts of its callers are destroyed. Thread: begin() on any I/O thread, stop() on any other.
class ExportRunner {
 public:
  static constexpr size_t kExportsMax = 2;

  explicit ExportRunner(Engine& engine);
  ~ExportRunner() { stop(); }
  ExportRunner(const ExportRunner&) = delete;
  ExportRunner& operator=(const ExportRunner&) = delete;

  /// The body of an answer, its first piece read already. `request` outlives it. Errors: overloaded while as many
  /// others run, stopping, those of the engine.
  Task<Result<std::shared_ptr<BodyProducer>>> begin(const HttpRequest& request, ExportOrder order);

  /// Returns when no piece is being read any more; later ones are refused. Idempotent.
  void stop();

 private:
  class Stream;
  struct Reading;
  void read(std::shared_ptr<Reading> reading);

  Engine& engine_;
  std::shared_ptr<std::atomic<size_t>> running_ = std::make_shared<std::atomic<size_t>>(0);  // outlived by streams
  std::atomic<bool> stopping_{false};
  std::atomic<bool> stopped_{false};  // no thread of the pool is left: what was posted too late is not read
  boost::asio::thread_pool pool_{kExportsMax};
};

}  // namespace tributary
