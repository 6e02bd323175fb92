// One connector file and what it makes of deliveries.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "connectors/webhook/connector_file.h"
#include "connectors/webhook/mapping.h"
#include "engine/engine.h"

namespace tributary {

/// `line:column: message` of every mistake, one a line.
inline std::string mistakes_of(std::string_view text) {
  auto parsed = parse_connector(text);
  std::string all;
  if (auto mistakes = std::get_if<std::vector<DocumentMistake>>(&parsed)) {
    for (const DocumentMistake& mistake : *mistakes) {
      all += std::to_string(mistake.line) + ":" + std::to_string(mistake.column) + ": " + mistake.message + "\n";
    }
  }
  return all;
}

/// A delivery that owns what it shows.
struct Call {
  HttpRequest request;
  WebhookSettings settings;

  explicit Call(std::string_view body = "", std::string_view content_type = "application/json") {
    request.method = "POST";
    request.body.reserve(body.size() + kBodyPaddingBytes);
    request.body = body;
    if (!content_type.empty()) request.headers.emplace_back("content-type", content_type);
  }
  Call& header(std::string name, std::string value) {
    request.headers.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  Call& query(std::string name, std::string value) {
    request.query.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  Call& config(std::string name, std::string value) {
    settings.values.emplace_back(std::move(name), std::move(value));
    return *this;
  }
  Call& method(std::string word) {
    request.method = std::move(word);
    return *this;
  }
  WebhookDelivery delivery() const {
    return {request, request.body, settings, "shop", *parse_iso8601("2026-01-02T03:04:05Z")};
  }
};

class MappingTest : public testing::Test {
 protected:
  void load(const std::string& text) {
    ASSERT_EQ(mistakes_of(text), "") << text;
    connector_ = std::get<Connector>(parse_connector(text));
  }

  /// With the members every file needs, and one rule that takes everything: `emit` is its content.
  void load_rule(const std::string& emit, const std::string& more = "") {
    load("name: t\nversion: 1\ntitle: T\nverify: none\n" + more + "\nevent:\n  - emit: " + emit + "\n");
  }

  MappedDelivery map(const Call& call) {
    auto read = mapper_.read(connector_, call.delivery());
    EXPECT_TRUE(read) << (read ? "" : read.error().message);
    return mapper_.map();
  }

  std::string read_error(const Call& call) {
    auto read = mapper_.read(connector_, call.delivery());
    return read ? "" : read.error().message;
  }

  /// The events as JSON, or the faults.
  std::string events_of(const Call& call) {
    MappedDelivery mapped = map(call);
    std::string out = mapped.events;
    for (const MappingFault& fault : mapped.faults) out += "fault at " + fault.path + ": " + fault.message + "\n";
    return out;
  }

  /// The properties of the only event.
  std::string properties_of(const std::string& json) {
    std::string events = events_of(Call(json));
    size_t at = events.find("\"properties\":");
    if (at == std::string::npos) return events.starts_with("fault") ? events : "none";
    return events.substr(at + 13, events.size() - at - 15);
  }

  /// The value of a member `p`, made by `value` out of `json`.
  std::string made(const std::string& value, const std::string& json, const std::string& more = "") {
    load_rule("{name: E, properties: {p: " + value + "}}", more);
    std::string properties = properties_of(json);
    if (!properties.starts_with("{\"p\":")) return properties;
    return properties.substr(5, properties.size() - 6);
  }

  Connector connector_;
  Mapper mapper_{1 << 20};
};

}  // namespace tributary
