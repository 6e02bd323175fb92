// A call of a platform from its bytes to its events: one way for the server and for `tributary webhook test`.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/webhook/mapping.h"
#include "connectors/webhook/verifier.h"
#include "connectors/webhook/webhook_directory.h"
#include "engine/engine.h"

namespace tributary {

/// Lifetime: of the reading.
struct CallToRead {
  const WebhookEntry& entry;
  const HttpRequest& request;
  Timestamp received_at;
  const KeyedHash& index_key;
  bool check_signature = true;
  /// Asked once the signature was checked: whether the body is looked at.
  std::function<bool(const Verification&)> goes_on;
};

/// What came of a call. Items point into its texts, so it must not move.
struct ReadCall {
  std::optional<Verification> verification;  // of a call that needed one
  std::optional<WebhookAnswer> handshake;    // answer this; nothing was mapped
  std::string_view body;                     // decrypted, where the scheme encrypts
  std::optional<std::string> unreadable;     // why it is no document
  MappedDelivery mapped;
  std::optional<std::string> refused;  // why the parser takes none of the mapped events
  std::vector<ParsedItem> items;
  ReadFindings findings;
  std::optional<WebhookAnswer> answer;  // the connector's own, for success
};

/// Reads calls one after the other. Owner: one thread; keeps the memory of ordinary calls.
class CallReader {
 public:
  CallReader(const IngestLimits& limits, size_t body_bytes_max);

  /// Handshake that nobody signs, signature, body as a document, its elements as events. `read` is fresh.
  void read(const CallToRead& call, ReadCall& read);

 private:
  std::optional<WebhookAnswer> unsigned_handshake(const CallToRead& call);
  void map(const CallToRead& call, const Source& source, ReadCall& read);
  void read_events(const CallToRead& call, const Source& source, ReadCall& read);

  Mapper mapper_;
  EventParser parser_;
};

}  // namespace tributary
