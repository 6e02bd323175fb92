// One request of events, from its bytes to its answer: steps 2 to 4 and 10 of an event's walk.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "connectors/http/message.h"
#include "connectors/http/task.h"
#include "connectors/sdk/envelope.h"
#include "connectors/sdk/per_thread.h"
#include "connectors/sdk/sdk_routes.h"
#include "connectors/sdk/write_key.h"
#include "engine/engine.h"

namespace tributary {

/// What a path says about the body behind it.
struct CollectRoute {
  BodyShape shape = BodyShape::batch;
  std::optional<EventType> type;     // of a single-event route
  bool shared_anonymous_id = false;  // see ReceiveContext
};

/// Thread: any; each I/O thread gets a parser of its own. Lives as long as the router's handlers.
class Collector {
 public:
  explicit Collector(SdkServices services);
  Collector(const Collector&) = delete;
  Collector& operator=(const Collector&) = delete;

  /// The events of the request's body. Answers once they are durable and folded.
  Task<HttpResponse> collect(HttpRequest& request, CollectRoute route);

  /// The same for an event that stands in the address: the answer is the image, whatever becomes of the event.
  Task<HttpResponse> collect_pixel(HttpRequest& request, CollectRoute route, std::string event_json);

  /// A refused request: counted, and answered in the SDKs' error body.
  HttpResponse refuse(const HttpRequest& request, RejectionCode code, std::string_view message = {});

  /// The source of a write key, or why nothing may be collected for it.
  struct Access {
    const Source* source = nullptr;
    std::optional<RejectionCode> refusal;
  };
  static Access access(const KeyRing& ring, const HttpRequest& request, std::string_view key);

  const SdkServices& services() const { return services_; }

 private:
  /// Items on their way into the engine. They point into `body` or the request, which are given back as soon as the
  /// engine has copied them.
  struct Prepared {
    std::string body;
    IngestRequest ingest;
    ItemErrors errors;
  };
  /// Everything up to the engine: key, decompression, parsing, judging. `given_body` replaces the request's body.
  std::optional<HttpResponse> prepare(const HttpRequest& request, const CollectRoute& route,
                                      const std::string* given_body, Prepared& prepared);
  void read_items(const HttpRequest& request, const CollectRoute& route, const Source& source, EventParser& parser,
                  Prepared& prepared);
  HttpResponse answer(const HttpRequest& request, const CollectRoute& route, const ItemErrors& errors,
                      const IngestOutcome& outcome);

  SdkServices services_;
  PerThread<EventParser> parsers_;
};

}  // namespace tributary
