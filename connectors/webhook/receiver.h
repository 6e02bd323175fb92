// One call of a platform, from its bytes to its answer: read, then the walk of every event.
#pragma once

#include <deque>
#include <optional>
#include <string>

#include "connectors/http/message.h"
#include "connectors/http/task.h"
#include "connectors/sdk/envelope.h"
#include "connectors/sdk/per_thread.h"
#include "connectors/webhook/call_reader.h"
#include "connectors/webhook/webhook_routes.h"
#include "engine/engine.h"

namespace tributary {

/// Answers never wait for anything but our own durability. A delivery that is genuine but can't be read is kept as a
/// rejected event and answered with success: the platform could only send the same again, and would switch us off.
///
/// Thread: any; each I/O thread gets a reader of its own. Lives as long as the router's handlers.
class WebhookReceiver {
 public:
  explicit WebhookReceiver(WebhookServices services);
  WebhookReceiver(const WebhookReceiver&) = delete;
  WebhookReceiver& operator=(const WebhookReceiver&) = delete;

  /// The route's first argument is the path of a source.
  Task<HttpResponse> receive(HttpRequest& request);

 private:
  /// A call on its way into the engine. Items point into its texts and the request's.
  struct Call {
    HttpRequest& request;
    const WebhookEntry& entry;
    Timestamp received_at;
    ReadCall read;
    std::deque<std::string> kept;        // of what is rejected
    IngestRequest ingest;                // empty: nothing to keep
    std::optional<HttpResponse> answer;  // without one: the counts
    bool genuine = true;
  };

  /// Everything up to the engine.
  void prepare(Call& call);
  bool is_genuine(Call& call, const Verification& verification);
  void refuse_signature(Call& call, SignatureFault fault);
  void take_mapped(Call& call);
  void reject(Call& call, RejectionCode code, std::string message, std::string path, std::string raw);

  HttpResponse refuse(const HttpRequest& request, RejectionCode code, std::string_view message = {});
  HttpResponse answer(Call& call, const ItemErrors& errors, const IngestOutcome& outcome);

  WebhookServices services_;
  OnceTable once_;  // of all sources; a reload must not forget
  PerThread<CallReader> readers_;
};

}  // namespace tributary
