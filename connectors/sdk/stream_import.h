// Events as lines of a body of any length: POST /v1/import with NDJSON.
#pragma once

#include <atomic>
#include <memory>

#include "connectors/http/message.h"
#include "connectors/http/task.h"
#include "connectors/sdk/collector.h"
#include "connectors/sdk/per_thread.h"

namespace tributary {

/// Whether the request's body is to be read line by line.
bool is_line_stream(const HttpRequest& request);

/// Reads such bodies and answers at their end: how many lines, what became of them, and what was wrong with the first
/// ones that were refused. While the engine is full it waits, and so does the client; when that lasts too long, or the
/// body breaks off, it answers how many lines are durable (`lines_durable`), from which the client can go on, with
/// `first_line` in the address for the numbers.
///
/// A line without a message id gets one of its number and content, as `tributary import` makes it, so that sending a
/// file again counts nothing twice.
///
/// Limits: kStreamsMax bodies at a time, of public keys half as many; of each a few batches of lines, and with a public
/// key kPublicLinesMax lines in all: a small compressed body may hold any number of them. Thread: any I/O thread.
class StreamImport {
 public:
  static constexpr size_t kStreamsMax = 8;
  static constexpr uint64_t kPublicLinesMax = 50'000;

  explicit StreamImport(std::shared_ptr<Collector> collector);
  StreamImport(const StreamImport&) = delete;
  StreamImport& operator=(const StreamImport&) = delete;

  Task<HttpResponse> collect(HttpRequest& request);

 private:
  class Run;
  Task<HttpResponse> read_body(HttpRequest& request, std::shared_ptr<Run> run);
  HttpResponse answer(const HttpRequest& request, const Run& run, const std::optional<RequestRejection>& fault);

  std::shared_ptr<Collector> collector_;
  PerThread<EventParser> parsers_;
  std::atomic<size_t> running_{0};
};

}  // namespace tributary
