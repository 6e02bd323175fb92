// A delivery to events: what a connector file says about a platform's calls, done.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/webhook/connector.h"
#include "connectors/webhook/delivery.h"
#include "engine/base/result.h"

namespace tributary {

/// An element that could not be mapped. Nothing of it is among the events.
struct MappingFault {
  std::string message;
  std::string path;     // JSON Pointer into the decoded document
  std::string element;  // its JSON
};

struct MappedDelivery {
  std::string events;  // a JSON array for EventParser (BodyShape::batch), kBodyPaddingBytes reserved behind; or empty
  size_t event_count = 0;
  size_t ignored = 0;   // elements that leave nothing
  size_t unmapped = 0;  // events of elements that no rule knows
  std::vector<MappingFault> faults;
};

/// Events of one delivery at most, and elements looked at: what the engine takes in one request.
constexpr size_t kMappedEventsMax = 10'000;

/// Whether a rule of this connector may answer such a call, so that its body must be decoded before it is verified
/// (`verified` false), or before it is mapped.
bool may_handshake(const Connector& connector, std::string_view method, bool verified);

/// Maps deliveries one after the other. Owner: one thread; keeps the memory of ordinary deliveries.
class Mapper {
 public:
  explicit Mapper(size_t body_bytes_max);
  ~Mapper();
  Mapper(const Mapper&) = delete;
  Mapper& operator=(const Mapper&) = delete;

  /// Decodes. The connector, and what the delivery refers to, must outlive the calls below. Errors: invalid, with the
  /// reason for the rejected event.
  Result<void> read(const Connector& connector, const WebhookDelivery& delivery);

  /// The answer of the first handshake rule that applies: of those that ask for no signature (`verified` false), or of
  /// those that do. After read().
  std::optional<WebhookAnswer> handshake(bool verified);

  /// After read(). Identifiers are claimed where the signature is weak, or covers less than the body.
  MappedDelivery map();

  /// The connector's own answer, or counts. After read().
  WebhookAnswer success_answer(size_t accepted, size_t duplicate, size_t rejected);

  /// Event rules of the last map(), by position, that made an event.
  const std::vector<bool>& rules_reached() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace tributary
