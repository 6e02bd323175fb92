#include "connectors/sdk/startup_answers.h"

#include "connectors/http/answers.h"

namespace tributary {
namespace {

void append_enabled(JsonOut& json, std::string_view type) {
  json.key(type).begin_object().key("__default").begin_object();
  json.key("enabled").boolean(true).end_object().end_object();
}

void append_segment_integration(JsonOut& json, const Source& source, std::string_view write_key,
                                const PublicAddress& address) {
  json.key("integrations").begin_object().key("Segment.io").begin_object();
  json.key("apiKey").string(write_key);
  json.key("apiHost").string(address.host + "/v1");
  json.key("protocol").string(address.protocol);
  if (!source.sdk_http_config_json.empty()) json.key("httpConfig").raw(source.sdk_http_config_json);
  json.end_object().end_object();
}

/// RudderStack's SDKs report their own errors and figures unless told not to.
void append_stats_collection_off(JsonOut& json) {
  json.key("config").begin_object().key("statsCollection").begin_object();
  for (std::string_view part : {"errors", "metrics"}) {
    json.key(part).begin_object().key("enabled").boolean(false).end_object();
  }
  json.end_object().end_object();
}

}  // namespace

PublicAddress public_address(std::string_view public_url, const HttpRequest& request) {
  if (public_url.empty()) return {request.tls ? "https" : "http", std::string(request.header("host")), false};
  size_t scheme_end = public_url.find("://");
  std::string_view host = scheme_end == public_url.npos ? public_url : public_url.substr(scheme_end + 3);
  while (!host.empty() && host.back() == '/') host.remove_suffix(1);
  bool plain = public_url.substr(0, 7) == "http://";
  return {plain ? "http" : "https", std::string(host), true};
}

HttpResponse settings_answer(const Source& source, std::string_view write_key, const PublicAddress& address) {
  std::string body;
  JsonOut json(body);
  json.begin_object();
  append_segment_integration(json, source, write_key, address);
  json.key("plan").begin_object();
  for (std::string_view type : {"track", "identify", "group"}) append_enabled(json, type);
  json.end_object();
  json.key("consentSettings").begin_object().key("allCategories").begin_array().end_array();
  json.key("hasUnmappedDestinations").boolean(true).end_object();
  json.key("metrics").begin_object().key("sampleRate").number(0).end_object();
  json.end_object();
  HttpResponse response = json_response(std::move(body));
  response.headers.emplace_back("Cache-Control", address.configured ? "public, max-age=300" : "no-store");
  return response;
}

HttpResponse source_config_answer(const Source& source, std::string_view write_key) {
  std::string body;
  JsonOut json(body);
  json.begin_object().key("source").begin_object();
  json.key("id").string(source.id);
  json.key("name").string(source.name.empty() ? source.id : source.name);
  json.key("writeKey").string(write_key);
  json.key("workspaceId").string(source.workspace_name);
  json.key("enabled").boolean(source.enabled);
  append_stats_collection_off(json);
  json.key("destinations").begin_array().end_array();
  json.end_object().end_object();
  return json_response(std::move(body));
}

}  // namespace tributary
