// One call of a platform, from its bytes to its answer: genuine, decoded, mapped, then the walk of every event.
#pragma once

#include <deque>
#include <memory>
#include <optional>
#include <string>

#include "connectors/http/message.h"
#include "connectors/http/task.h"
#include "connectors/sdk/envelope.h"
#include "connectors/sdk/per_thread.h"
#include "connectors/webhook/verifier.h"
#include "connectors/webhook/webhook_directory.h"
#include "connectors/webhook/webhook_routes.h"
#include "engine/engine.h"

namespace tributary {

class Mapper;

/// Answers never wait for anything but our own durability. A delivery that is genuine but can't be read is kept as a
/// rejected event and answered with success: the platform could only send the same again, and would switch us off.
///
/// Thread: any; each I/O thread gets a mapper and a parser of its own. Lives as long as the router's handlers.
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
    std::optional<std::string> body;     // decrypted, where the scheme encrypts
    std::string events;                  // what the mapping made
    std::deque<std::string> kept;        // of what is rejected
    IngestRequest ingest;                // empty: nothing to keep
    std::optional<HttpResponse> answer;  // without one: the counts
    bool genuine = true;
  };
  /// What one I/O thread works with.
  struct Tools {
    explicit Tools(const WebhookServices& services);
    ~Tools();
    std::unique_ptr<Mapper> mapper;
    EventParser parser;
  };

  /// Everything up to the engine.
  void prepare(Call& call, Tools& tools);
  bool answer_unsigned_handshake(Call& call, Tools& tools);
  void refuse_signature(Call& call, SignatureFault fault);
  void map(Call& call, Tools& tools, const Source& source, std::string_view body);
  void read_events(Call& call, EventParser& parser, const Source& source);
  void reject(Call& call, RejectionCode code, std::string message, std::string path, std::string raw);

  HttpResponse refuse(const HttpRequest& request, RejectionCode code, std::string_view message = {});
  HttpResponse answer(Call& call, const ItemErrors& errors, const IngestOutcome& outcome);

  WebhookServices services_;
  OnceTable once_;  // of all sources; a reload must not forget
  PerThread<Tools> tools_;
};

}  // namespace tributary
