// A connector as it is shipped, and what it makes of a body.
#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "connectors/webhook/connector_file.h"
#include "connectors/webhook/mapping.h"
#include "connectors/webhook/shipped_files.h"
#include "engine/engine.h"
#include "engine/ingest/json_index.h"

namespace tributary {

/// Nothing, and a failure, when there is none or it has mistakes.
inline std::optional<Connector> shipped_connector(std::string_view name) {
  for (const ShippedFile& file : shipped_files()) {
    if (file.name != name) continue;
    auto parsed = parse_connector(file.text);
    if (auto connector = std::get_if<Connector>(&parsed)) return std::move(*connector);
    for (const DocumentMistake& mistake : std::get<std::vector<DocumentMistake>>(parsed)) {
      ADD_FAILURE() << name << ".yaml:" << mistake.line << ":" << mistake.column << ": " << mistake.message;
    }
  }
  ADD_FAILURE() << "no connector " << name;
  return std::nullopt;
}

using HeaderList = std::vector<std::pair<std::string, std::string>>;

/// What is made of a JSON body. `headers`: names lower-case.
inline MappedDelivery mapped_body(const Connector& connector, std::string_view body, HeaderList headers) {
  HttpRequest request;
  request.method = "POST";
  request.headers = std::move(headers);
  request.headers.emplace_back("content-type", "application/json");
  request.body.reserve(body.size() + kBodyPaddingBytes);
  request.body = body;
  WebhookSettings settings;
  WebhookDelivery delivery{request, request.body, settings, "shop", *parse_iso8601("2026-01-02T03:04:05Z")};
  Mapper mapper(1 << 20);
  auto read = mapper.read(connector, delivery);
  EXPECT_TRUE(read) << (read ? "" : read.error().message);
  return mapper.map();
}

/// A JSON text and its values. Lifetime of the values: of this.
class JsonText {
 public:
  explicit JsonText(std::string text) : text_(std::move(text)), index_(text_.size() + 1) {
    text_.reserve(text_.size() + kBodyPaddingBytes);
    EXPECT_TRUE(index_.build(text_, text_, 64) == JsonProof::valid) << text_;
  }
  JsonValue root() const { return index_.root(); }

 private:
  std::string text_;
  JsonIndex index_;
};

inline std::string text_of(const JsonValue& value) {
  std::string scratch;
  return value.is(JsonKind::string) ? std::string(value.text(scratch)) : std::string(value.raw());
}

}  // namespace tributary
