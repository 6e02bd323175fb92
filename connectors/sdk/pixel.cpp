#include "connectors/sdk/pixel.h"

#include <algorithm>

#include "connectors/sdk/json_overlay.h"
#include "engine/base/json_members.h"

namespace tributary {
namespace {

/// A GIF of one transparent point.
constexpr unsigned char kGif[] = {0x47, 0x49, 0x46, 0x38, 0x39, 0x61, 0x01, 0x00, 0x01, 0x00, 0x80,
                                  0x00, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0x21, 0xf9, 0x04,
                                  0x01, 0x00, 0x00, 0x00, 0x00, 0x2c, 0x00, 0x00, 0x00, 0x00, 0x01,
                                  0x00, 0x01, 0x00, 0x00, 0x02, 0x02, 0x44, 0x01, 0x00, 0x3b};
static_assert(sizeof kGif == 43);

bool is_write_key(std::string_view name) { return name == "writeKey" || name == "writekey"; }

/// RudderStack's pages put the id in quotes.
std::string_view without_quotes(std::string_view text) {
  while (text.size() >= 2 && text.front() == text.back() && (text.front() == '"' || text.front() == '\'')) {
    text = text.substr(1, text.size() - 2);
  }
  return text;
}

/// A `+` in an address arrives as a space.
std::optional<std::string> decode_data(std::string_view data) {
  std::string text(data);
  std::replace(text.begin(), text.end(), ' ', '+');
  return parse_base64(text);
}

/// Parameters that steer Jitsu's server and say nothing of the event. `destination_url` is an open redirect there.
bool steers_jitsu(std::string_view name) {
  return name == "data" || name == "cookie_domain" || name == "process_headers" || name == "destination_url";
}

}  // namespace

std::string rudder_pixel_event(const HttpRequest& request, EventType type, Timestamp now) {
  JsonOverlay event;
  for (const auto& [name, value] : request.query) {
    if (name.empty() || is_write_key(name)) continue;
    event.set_string(name, name == "anonymousId" ? without_quotes(value) : value);
  }
  const std::string* page_name = event.find("name");
  if (type == EventType::page && (page_name == nullptr || *page_name == "\"\""))
    event.set_string("name", "Unknown Page");
  event.set_string("type", event_type_name(type));
  event.set_string("channel", "web");
  event.set_raw("integrations", R"({"All":true})");
  event.set_string("originalTimestamp", format_iso8601(now));
  event.set_string("sentAt", format_iso8601(now));
  return event.merged_into({});
}

std::string jitsu_pixel_event(const HttpRequest& request) {
  std::string data;
  if (request.has_parameter("data")) {
    auto decoded = decode_data(request.parameter("data"));
    std::vector<RawMember> members;
    if (!decoded || !split_object(*decoded, members)) return decoded.value_or(std::string{});
    data = std::move(*decoded);
  }
  JsonOverlay event;
  for (const auto& [name, value] : request.query) {
    if (!name.empty() && !is_write_key(name) && !steers_jitsu(name)) event.set_string(name, value);
  }
  return event.merged_into(data);
}

HttpResponse pixel_answer() {
  HttpResponse response;
  response.content_type = "image/gif";
  response.body.assign(reinterpret_cast<const char*>(kGif), sizeof kGif);
  response.headers.emplace_back("Cache-Control", "no-store");
  return response;
}

}  // namespace tributary
