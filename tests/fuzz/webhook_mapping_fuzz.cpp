// Foreign bytes up to the parser of events: connector files, bodies of every form, mapping. The first line of an input
// is the content type; `connector` stands for: the rest is a connector file.
#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "connectors/webhook/connector_file.h"
#include "connectors/webhook/file_tests.h"
#include "connectors/webhook/mapping.h"
#include "engine/engine.h"

namespace {

using namespace tributary;

constexpr std::string_view kConnector = R"(
name: t
version: 1
title: T
verify: none
decode: {nested: [{at: /a, as: [urldecode, json]}, {at: /b, as: [base64]}]}
each: [/l/*, /l/*/m/*, /o]
message_id: {first_of: [/id, {concat: [/a, ":", $outer/b]}]}
identifiers: [{kind: user_id, value: /id}, {kind: external_id/crm, scope: $root/b, value: /l}]
ignore: [{empty: /z}, {matches: [/a, "^[a-f]{9}"]}]
event:
  - when: {any: [{equals: [/a, /b]}, {in: [/id, [1, x]]}]}
    continue: true
    emit:
      name: A
      message_id: {sha256: [/a, $body]}
      properties:
        m: {map: {over: /m, to: {a: /a, r: $root, i: {map: {over: /l, to: {x: ""}}}}}}
        f: {find: {in: /l, where: /a, equals: [/b, 1], take: ""}}
        n: {number: {of: /n, minor_units_of: /c}}
        s: {sum: {over: /m, of: /n}}
  - {when: {exists: /time}, emit: {type: identify, time: {timestamp: {of: /time, zone: "+08:00"}}, traits: /o}}
answer: {body: {object: {echo: ""}}}
)";

void require(bool condition) {
  if (!condition) std::abort();
}

std::string_view take_line(std::string_view& text) {
  size_t end = std::min(text.find('\n'), text.size());
  std::string_view line = text.substr(0, end);
  text.remove_prefix(std::min(end + 1, text.size()));
  return line;
}

void map(const Connector& connector, std::string_view content_type, std::string_view body) {
  static Mapper mapper(1 << 20);
  static EventParser parser{IngestLimits{}};
  HttpRequest request;
  request.method = "POST";
  request.headers = {{"content-type", std::string(content_type)}};
  request.body.reserve(body.size() + kBodyPaddingBytes);
  request.body = body;
  WebhookSettings settings;
  WebhookDelivery delivery{request, request.body, settings, "fuzz", Timestamp{1'767'323'045'000'000}};
  bool decoded = mapper.read(connector, delivery).has_value();
  mapper.handshake(false);
  if (decoded) {
    MappedDelivery mapped = mapper.map();
    require(mapped.events.empty() == (mapped.event_count == 0));
    if (!mapped.events.empty()) {
      require(!parser.parse(mapped.events, BodyShape::batch));
      require(parser.item_count() == mapped.event_count);
    }
  }
  mapper.success_answer(0, 0, 0);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  std::string_view content_type = take_line(rest);
  static const Connector connector = std::get<Connector>(parse_connector(kConnector));
  if (content_type != "connector") {
    map(connector, content_type, rest);
    return 0;
  }
  auto parsed = parse_connector(rest);
  if (auto given = std::get_if<Connector>(&parsed)) {
    run_file_tests(*given);
    map(*given, "application/json", R"({"a":1,"b":[{"c":"d"}],"id":"x"})");
  }
  return 0;
}
