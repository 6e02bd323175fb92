#include "connectors/sdk/sdk_routes.h"

#include <array>

#include "connectors/http/answers.h"
#include "connectors/sdk/collector.h"
#include "connectors/sdk/pixel.h"
#include "connectors/sdk/startup_answers.h"
#include "connectors/sdk/stream_import.h"

namespace tributary {
namespace {

using SharedCollector = std::shared_ptr<Collector>;

struct Verb {
  EventType type;
  std::string_view name;
  std::string_view letter;  // analytics-next's short form; empty: none
};
constexpr std::array kVerbs = {
    Verb{EventType::track, "track", "t"}, Verb{EventType::identify, "identify", "i"},
    Verb{EventType::page, "page", "p"},   Verb{EventType::screen, "screen", "s"},
    Verb{EventType::group, "group", "g"}, Verb{EventType::alias, "alias", "a"},
    Verb{EventType::merge, "merge", {}},
};

// The doubled and shortened forms exist because hosts are configured with a path already in them.
constexpr std::array kBatchPaths = {"/v1/batch", "/v1/b", "/beacon/v1/batch", "/v1/batch/b",
                                    "/batch",    "/b",    "/batch/b"};
constexpr std::array kSettingsPaths = {"/v1/projects/{write_key}/settings",
                                       "/v1/projects/projects/{write_key}/settings", "/projects/{write_key}/settings",
                                       "/projects/projects/{write_key}/settings"};

void add(Router& router, std::string method, std::string pattern, HttpHandler handler) {
  router.add(Route{std::move(method), std::move(pattern), CorsPolicy::mirror, ErrorStyle::sdk, std::move(handler)});
}

void add_collect(Router& router, const SharedCollector& collector, std::string pattern, CollectRoute route) {
  add(router, "POST", std::move(pattern),
      [collector, route](HttpRequest& request) { return collector->collect(request, route); });
}

/// A batch like the others, or lines of any number.
void add_import(Router& router, const SharedCollector& collector) {
  auto stream = std::make_shared<StreamImport>(collector);
  Route route{"POST", "/v1/import", CorsPolicy::mirror, ErrorStyle::sdk, {}};
  route.handler = [collector, stream](HttpRequest& request) {
    return request.source != nullptr ? stream->collect(request) : collector->collect(request, CollectRoute{});
  };
  route.streams = is_line_stream;
  router.add(std::move(route));
}

void add_verbs(Router& router, const SharedCollector& collector, const std::string& prefix, bool shared_anonymous_id) {
  for (const Verb& verb : kVerbs) {
    CollectRoute route{BodyShape::single, verb.type, shared_anonymous_id};
    add_collect(router, collector, prefix + std::string(verb.name), route);
    if (!verb.letter.empty()) add_collect(router, collector, prefix + std::string(verb.letter), route);
  }
}

void add_rudder_pixels(Router& router, const SharedCollector& collector) {
  for (EventType type : {EventType::track, EventType::page}) {
    CollectRoute route{BodyShape::single, type, false};
    add(router, "GET", "/pixel/v1/" + std::string(event_type_name(type)), [collector, route](HttpRequest& request) {
      return collector->collect_pixel(request, route, rudder_pixel_event(request, *route.type, system_clock().now()));
    });
  }
}

void add_jitsu_pixels(Router& router, const SharedCollector& collector) {
  for (const Verb& verb : kVerbs) {
    CollectRoute route{BodyShape::single, verb.type, false};
    auto handler = [collector, route](HttpRequest& request) {
      return collector->collect_pixel(request, route, jitsu_pixel_event(request));
    };
    add(router, "GET", "/api/px/" + std::string(verb.name), handler);
    if (!verb.letter.empty()) add(router, "GET", "/api/px/" + std::string(verb.letter), handler);
  }
}

HttpResponse settings(Collector& collector, const HttpRequest& request) {
  auto ring = collector.services().keys.get();
  std::string_view key = request.arguments.at(0);
  Collector::Access known = Collector::access(*ring, request, key);
  // Segment's SDKs expect 404, not 401, for a key that is in the path.
  if (known.source == nullptr)
    return collector.refuse(request, RejectionCode::not_found, "no source has this write key");
  if (known.refusal) return collector.refuse(request, *known.refusal);
  return settings_answer(*known.source, key, public_address(collector.services().public_url, request));
}

HttpResponse source_config(Collector& collector, const HttpRequest& request) {
  auto ring = collector.services().keys.get();
  WriteKeyFinding finding = find_write_key(request);
  if (finding.malformed) return collector.refuse(request, RejectionCode::invalid_write_key);
  Collector::Access known = Collector::access(*ring, request, finding.key);
  // A disabled source gets an answer: `enabled` false is how RudderStack's SDKs learn to be silent.
  bool silent = known.refusal == RejectionCode::source_disabled;
  if (known.refusal && !silent) return collector.refuse(request, *known.refusal);
  return source_config_answer(*known.source, finding.key);
}

void add_startup(Router& router, const SharedCollector& collector) {
  auto settings_handler = [collector](HttpRequest& request) { return answered(settings(*collector, request)); };
  for (const char* path : kSettingsPaths) {
    add(router, "GET", path, settings_handler);
    add(router, "POST", path, settings_handler);
  }
  add(router, "GET", "/sourceConfig",
      [collector](HttpRequest& request) { return answered(source_config(*collector, request)); });
}

/// What SDKs report of themselves: taken, so that they do not repeat it, and dropped.
void add_dropped(Router& router) {
  for (const char* path : {"/v1/m", "/rsaMetrics"}) {
    add(router, "POST", path, [](HttpRequest&) { return answered(json_response(R"({"success":true})")); });
  }
}

}  // namespace

void add_sdk_routes(Router& router, SdkServices services) {
  auto collector = std::make_shared<Collector>(std::move(services));
  for (const char* path : kBatchPaths) add_collect(router, collector, path, CollectRoute{});
  add_import(router, collector);
  add_verbs(router, collector, "/v1/", false);
  add_verbs(router, collector, "/api/s/", false);
  add_verbs(router, collector, "/api/s/s2s/", true);
  add_collect(router, collector, "/api/s/s2s/batch", CollectRoute{BodyShape::batch, std::nullopt, true});
  add_rudder_pixels(router, collector);
  add_jitsu_pixels(router, collector);
  add_startup(router, collector);
  add_dropped(router);
}

}  // namespace tributary
