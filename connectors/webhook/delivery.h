// One call of a platform, and what the configuration knows about who calls.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/http/message.h"
#include "engine/base/time.h"

namespace tributary {

/// What a source's configuration gives to its connector. Immutable once loaded.
struct WebhookSettings {
  std::string channel;               // of events whose mapping names none; empty: the connector's
  std::string public_url;            // scheme and authority as the platform calls them; empty: not configured
  std::vector<std::string> secrets;  // tried in order, for rotation
  std::vector<std::pair<std::string, std::string>> values;  // $config/NAME, secret ones too

  /// Null when there is no value of this name.
  const std::string* find(std::string_view name) const {
    for (const auto& [known, value] : values) {
      if (known == name) return &value;
    }
    return nullptr;
  }
};

/// What a mapping may read. Lifetime: of the request.
struct WebhookDelivery {
  const HttpRequest& request;
  std::string_view body;  // raw, or decrypted where the signature rule says so; 64 readable bytes follow
  const WebhookSettings& settings;
  std::string_view source_id;
  Timestamp received_at;
  /// What the delivery is called at every repetition, where somebody counts; the message id of an event that has none.
  /// Empty: repetitions are known by their content.
  std::string_view place = {};
};

/// Names the events that came at one place: the first like the place itself, then `PLACE#1`.
std::string numbered_place(std::string_view place, size_t index);

/// What a connector answers by itself.
struct WebhookAnswer {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;
};

}  // namespace tributary
