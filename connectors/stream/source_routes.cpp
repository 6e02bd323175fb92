#include "connectors/stream/source_routes.h"

#include <cmath>

#include "connectors/http/answers.h"
#include "connectors/query/api_access.h"
#include "engine/base/json_out.h"

namespace tributary {
namespace {

void write_time(JsonOut& json, std::string_view name, const std::optional<Timestamp>& time) {
  json.key(name);
  if (time) {
    json.string(format_iso8601(*time));
  } else {
    json.null();
  }
}

void write_feed(JsonOut& json, const FeedStatus& status) {
  json.key("state").string(feed_state_name(status.state));
  json.key("connections").unsigned_number(status.connections);
  json.key("messages").unsigned_number(status.messages);
  write_time(json, "last_message_at", status.last_message_at);
  json.key("last_error");
  if (status.last_error.empty()) {
    json.null();
  } else {
    json.string(status.last_error);
  }
  write_time(json, "last_error_at", status.last_error_at);
  json.key("lag").begin_array();
  for (const StreamLag& lag : status.lag) {
    json.begin_object().key("stream").string(lag.stream).key("messages").number(lag.messages).end_object();
  }
  json.end_array();
}

/// Of a source that others call there is nothing to connect.
void write_source(JsonOut& json, const Source& source, const SourceActivity& activity, const FeedStatus* feed) {
  json.begin_object().key("id").string(source.id).key("name").string(source.name);
  json.key("kind").string(source.kind).key("enabled").boolean(source.enabled);
  json.key("trust").string(source.trust == SourceTrust::server ? "server" : "browser");
  json.key("events").unsigned_number(activity.events).key("rejected").unsigned_number(activity.rejected);
  json.key("items_per_second").number(static_cast<int64_t>(std::llround(activity.items_per_second)));
  write_time(json, "last_event_at", activity.last_at);
  if (feed != nullptr) {
    write_feed(json, *feed);
  } else {
    std::string_view enabled = parse_stream_kind(source.kind) ? "connecting" : "listening";
    json.key("state").string(source.enabled ? enabled : "stopped");
  }
  json.end_object();
}

HttpResponse sources_response(const SourceServices& services, const HttpRequest& request) {
  ApiCaller caller = api_caller(services.keys, request, ApiRole::analyst);
  if (caller.key == nullptr) return error_response(caller.refusal, ErrorStyle::problem, request);
  auto feeds = services.feeds.status();
  std::string body;
  JsonOut json(body);
  json.begin_object().key("sources").begin_array();
  for (const Source& source : caller.ring->sources()) {
    if (source.workspace != caller.key->workspace) continue;
    auto feed = feeds.find(source.id);
    write_source(json, source, services.engine.activity(source.id), feed == feeds.end() ? nullptr : &feed->second);
  }
  json.end_array().end_object();
  return json_response(std::move(body));
}

}  // namespace

void add_source_routes(Router& router, SourceServices services) {
  HttpHandler run = [services](HttpRequest& request) { return answered(sources_response(services, request)); };
  router.add(Route{"GET", "/v1/sources", CorsPolicy::none, ErrorStyle::problem, std::move(run)});
}

}  // namespace tributary
