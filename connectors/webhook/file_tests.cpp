#include "connectors/webhook/file_tests.h"

#include <algorithm>

#include "connectors/webhook/mapping.h"
#include "connectors/webhook/node_reader.h"
#include "engine/engine.h"
#include "engine/ingest/json_index.h"

namespace tributary {
namespace {

using Kind = DocumentNode::Kind;

constexpr size_t kBodyBytesMax = 1 << 20;
constexpr std::string_view kReceivedAt = "2026-01-02T03:04:05Z";
constexpr std::string_view kSourceId = "test";

std::string json_of(const DocumentNode& node) {
  std::string json;
  append_node_json(json, node);
  return json;
}

/// True when the value has what the node lists: of maps the members listed, of lists every item, digits exactly.
bool covers(const JsonValue& value, const DocumentNode& expected) {
  switch (expected.kind) {
    case Kind::null:
      return value.is(JsonKind::null) || value.is(JsonKind::absent);
    case Kind::scalar: {
      std::string scratch, json = json_of(expected);
      if (json[0] == '"') return value.is(JsonKind::string) && value.text(scratch) == expected.text;
      return value.raw() == json;
    }
    case Kind::list: {
      size_t at = 0;
      bool same = value.is(JsonKind::array) && value.size() == expected.children.size();
      for_each_element(value,
                       [&](const JsonValue& element) { same = same && covers(element, expected.children[at++]); });
      return same;
    }
    case Kind::map:
      break;
  }
  if (!value.is(JsonKind::object)) return false;
  for (size_t i = 0; i + 1 < expected.children.size(); i += 2) {
    if (!covers(find_member(value, expected.children[i].text), expected.children[i + 1])) return false;
  }
  return true;
}

/// An identifier as tests write it.
struct ShownIdentifier {
  std::string kind, scope, value;
  bool claimed = false;
  std::string text() const {
    return kind + " " + (scope.empty() ? value : scope + ":" + value) + (claimed ? " claimed" : " verified");
  }
};

std::vector<ShownIdentifier> identifiers_of(const JsonValue& event) {
  std::vector<ShownIdentifier> found;
  auto add = [&](const JsonValue& list, std::string_view value_name) {
    for_each_element(list, [&](const JsonValue& entry) {
      std::string scratch;
      ShownIdentifier identifier;
      identifier.kind = find_member(entry, "type").text(scratch);
      identifier.scope = find_member(entry, "scope").text(scratch);
      identifier.value = find_member(entry, value_name).text(scratch);
      identifier.claimed = find_member(entry, "claimed").raw() == "true";
      found.push_back(std::move(identifier));
    });
  };
  add(find_member(find_member(event, "context"), "externalId"), "id");
  add(find_member(event, "mergeProperties"), "value");
  return found;
}

bool is_identifier(const ShownIdentifier& identifier, const DocumentNode& expected) {
  const DocumentNode* scope = find_entry(expected, "scope");
  const DocumentNode* trust = find_entry(expected, "trust");
  const DocumentNode* kind = find_entry(expected, "kind");
  const DocumentNode* value = find_entry(expected, "value");
  bool split = scope != nullptr || identifier.scope.empty();
  std::string spelled = split ? identifier.value : identifier.scope + ":" + identifier.value;
  if (kind == nullptr || kind->text != identifier.kind) return false;
  if (value == nullptr || value->text != spelled) return false;
  if (scope != nullptr && scope->text != identifier.scope) return false;
  return trust == nullptr || (trust->text == "claimed") == identifier.claimed;
}

class TestRun {
 public:
  TestRun(const Connector& connector, Mapper& mapper, const ConnectorTest& test, std::vector<std::string>& failures)
      : connector_(connector), mapper_(mapper), test_(test), failures_(failures) {}

  /// True when events were mapped, so that rules may have been reached.
  bool run() {
    HttpRequest request;
    request.method = test_.method;
    request.target = "/v1/webhooks/test";
    request.query = test_.query;
    request.headers = test_.headers;
    request.body.reserve(test_.body.size() + kBodyPaddingBytes);
    request.body = test_.body;
    WebhookSettings settings;
    settings.values = test_.config;
    WebhookDelivery delivery{request, request.body, settings, kSourceId, *parse_iso8601(kReceivedAt)};
    if (auto read = mapper_.read(connector_, delivery); !read) {
      fail("not decoded: " + read.error().message);
      return false;
    }
    auto handshake = mapper_.handshake(false);
    if (!handshake) handshake = mapper_.handshake(true);
    if (handshake) {
      check_answer(*handshake);
      check_events({});
      return false;
    }
    MappedDelivery mapped = mapper_.map();
    for (const MappingFault& fault : mapped.faults) fail("not mapped: " + fault.path + ": " + fault.message);
    check_answer(mapper_.success_answer(mapped.event_count, 0, mapped.faults.size()));
    check_events(mapped.events);
    return true;
  }

 private:
  void fail(const std::string& what) {
    failures_.push_back("line " + std::to_string(test_.line) + ": " + test_.name + ": " + what);
  }

  void check_answer(const WebhookAnswer& answer) {
    const DocumentNode* expected = find_entry(test_.expect, "answer");
    if (expected == nullptr) return;
    check_text(*expected, "status", std::to_string(answer.status));
    check_text(*expected, "content_type", answer.content_type);
    const DocumentNode* body = find_entry(*expected, "body");
    if (body == nullptr || body->kind == Kind::scalar) return check_text(*expected, "body", answer.body);
    std::string padded = answer.body;
    padded.reserve(padded.size() + kBodyPaddingBytes);
    JsonIndex index(kBodyBytesMax);
    bool is_json = index.build(padded, padded, 64) == JsonProof::valid;
    if (!is_json || !covers(index.root(), *body)) fail("answer body: expected " + json_of(*body) + ", got " + padded);
  }

  void check_text(const DocumentNode& expected, std::string_view name, const std::string& got) {
    const DocumentNode* node = find_entry(expected, name);
    if (node == nullptr || node->text == got) return;
    fail("answer " + std::string(name) + ": expected " + shown_text(node->text) + ", got " + shown_text(got));
  }

  void check_events(const std::string& events) {
    const DocumentNode* expected = find_entry(test_.expect, "events");
    if (expected == nullptr) return;
    JsonIndex index(std::max(events.size(), kBodyBytesMax));
    std::vector<JsonValue> got;
    if (!events.empty()) {
      if (index.build(events, events, 64) != JsonProof::valid) return fail("the events are no JSON");
      for_each_element(index.root(), [&](const JsonValue& event) { got.push_back(event); });
    }
    if (got.size() != expected->children.size()) {
      return fail("expected " + std::to_string(expected->children.size()) + " events, got " +
                  std::to_string(got.size()) + ": " + events);
    }
    for (size_t i = 0; i < got.size(); ++i) check_event(got[i], expected->children[i], i);
  }

  void check_event(const JsonValue& event, const DocumentNode& expected, size_t position) {
    std::string where = "event " + std::to_string(position + 1) + ": ";
    for (size_t i = 0; expected.kind == Kind::map && i + 1 < expected.children.size(); i += 2) {
      const std::string& name = expected.children[i].text;
      const DocumentNode& value = expected.children[i + 1];
      if (name == "identifiers") {
        check_identifiers(event, value, where);
      } else if (name == "time") {
        check_time(find_member(event, "timestamp"), value, where);
      } else {
        std::string_view wire = name;
        if (name == "name") wire = "event";
        if (name == "message_id") wire = "messageId";
        check_member(find_member(event, wire), value, where + name + ": ");
      }
    }
  }

  void check_member(const JsonValue& got, const DocumentNode& expected, const std::string& where) {
    std::string scratch;
    bool is_text = expected.kind == Kind::scalar && got.is(JsonKind::string);
    // What the mapper itself writes as a text may stand without quotes in the file.
    bool own_text = where.ends_with(": message_id: ") || where.ends_with(": name: ");
    if (is_text && own_text && got.text(scratch) == expected.text) return;
    if (covers(got, expected)) return;
    if (expected.kind == Kind::map) {
      for (size_t i = 0; i + 1 < expected.children.size(); i += 2) {
        const std::string& name = expected.children[i].text;
        JsonValue part = find_member(got, name);
        if (!covers(part, expected.children[i + 1])) report(part, expected.children[i + 1], where + name + ": ");
      }
      return;
    }
    report(got, expected, where);
  }

  void report(const JsonValue& got, const DocumentNode& expected, const std::string& where) {
    fail(where + "expected " + json_of(expected) + ", got " +
         (got.is(JsonKind::absent) ? "nothing" : std::string(got.raw())));
  }

  void check_time(const JsonValue& got, const DocumentNode& expected, const std::string& where) {
    std::string scratch;
    auto wanted = parse_iso8601(expected.text), found = parse_iso8601(got.text(scratch));
    if (!wanted || wanted != found) report(got, expected, where + "time: ");
  }

  void check_identifiers(const JsonValue& event, const DocumentNode& expected, const std::string& where) {
    std::vector<ShownIdentifier> got = identifiers_of(event);
    for (const DocumentNode& node : expected.children) {
      auto found = std::find_if(got.begin(), got.end(), [&](const auto& one) { return is_identifier(one, node); });
      if (found == got.end()) {
        fail(where + "no identifier " + json_of(node));
      } else {
        got.erase(found);
      }
    }
    for (const ShownIdentifier& extra : got) fail(where + "another identifier: " + extra.text());
  }

  const Connector& connector_;
  Mapper& mapper_;
  const ConnectorTest& test_;
  std::vector<std::string>& failures_;
};

}  // namespace

FileTestReport run_file_tests(const Connector& connector) {
  FileTestReport report;
  Mapper mapper(kBodyBytesMax);
  std::vector<bool> reached(connector.events.size());
  for (const ConnectorTest& test : connector.tests) {
    ++report.tests;
    if (!TestRun(connector, mapper, test, report.failures).run()) continue;
    for (size_t i = 0; i < reached.size(); ++i) reached[i] = reached[i] || mapper.rules_reached()[i];
  }
  for (size_t i = 0; i < reached.size(); ++i) {
    if (!reached[i]) report.not_reached.push_back("the event rule of line " + std::to_string(connector.events[i].line));
  }
  return report;
}

}  // namespace tributary
