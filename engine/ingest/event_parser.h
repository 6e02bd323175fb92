// Bytes to events: the second and third step of an event's walk, on the I/O thread that read them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/base/keyed_hash.h"
#include "engine/base/time.h"
#include "engine/domain/event.h"
#include "engine/domain/rejection.h"
#include "engine/domain/source.h"
#include "engine/ingest/limits.h"
#include "engine/ingest/tracking_plan.h"

namespace tributary {

/// One item of a request: an event, or why it is none.
using ParsedItem = std::variant<Event, Rejected>;

/// Which shape the route expects.
enum class BodyShape {
  single,  // one event object; the route's type wins over the body's
  batch,   // {"batch": [...]}, or an array, or one event with `type`
};

/// A fault of the whole request: status and code come from the rejection table.
struct RequestRejection {
  RejectionCode code = RejectionCode::invalid_json;
  std::string message;  // refined text; empty: the table's
};

/// Everything about a request that an event may need and the body does not hold.
struct ReceiveContext {
  BodyShape shape = BodyShape::batch;
  std::optional<EventType> route_type;  // of a single-event route
  Timestamp received_at;
  std::optional<Timestamp> header_sent_at;  // header `SentAt`
  /// Jitsu's server client keeps one anonymousId for all users: with it, an anonymousId beside a userId and
  /// context.traits are data, not identifiers.
  bool shared_anonymous_id = false;
  /// A connector's mapping has listed the identifiers in context.externalId (or mergeProperties): the event's other
  /// members are data, whatever they are called, and it may name nobody at all.
  bool identifiers_listed = false;
};

/// What was noticed about the items of one read_events(), to be counted. None of it refuses an item, except where a
/// plan says so.
struct ReadFindings {
  size_t identifiers_blocked = 0;  // values that are a place-holder of an identifier
  size_t identifiers_invalid = 0;  // values that no rule of an identifier accepts
  size_t unknown_channels = 0;
  std::vector<PlanFinding> plan;  // one per event that is not as the source's tracking plan has it
};

/// Parses bodies. Owner: one thread; keeps the memory of the largest body.
///
/// Two steps, because the write key, which decides source and trust, may stand in the body:
///   parse(body, shape)  -> proves that the whole body is valid JSON and finds the items
///   read_events(...)    -> judges each item: validation, time rule, identifiers, hashes
class EventParser {
 public:
  explicit EventParser(const IngestLimits& limits);
  ~EventParser();
  EventParser(const EventParser&) = delete;
  EventParser& operator=(const EventParser&) = delete;

  /// Shape:    `body` is the decoded body (already decompressed). At least 64 readable bytes follow its end: the caller
  ///           reserves them (kBodyPaddingBytes). One BOM is stripped, leading white space skipped.
  /// Numbers:  any number of RFC 8259 is kept as its text, whatever its size; none fails its event or its batch.
  /// Errors:   invalid_json (byte offset in the message where known), missing_batch, empty_batch, too_many_events,
  ///           payload_too_large (a batch whose `context`, merged into every item, would exceed
  ///           decompressed_bytes_max).
  /// Lifetime: the body must outlive the events that read_events returns; they point into it.
  std::optional<RequestRejection> parse(std::string_view body, BodyShape shape);

  /// `writeKey` of the parsed body: top level, else the first item's. Empty when absent.
  std::string_view body_write_key() const;

  size_t item_count() const;

  /// The items of the parsed body in input order, one result each. Call once after parse().
  std::vector<ParsedItem> read_events(const Source& source, const KeyedHash& index_key, const ReceiveContext& context);

  /// Of the last read_events().
  const ReadFindings& findings() const;

 private:
  struct State;
  std::unique_ptr<State> state_;
};

constexpr size_t kBodyPaddingBytes = 64;

/// Normalises one value as a look-up sends it. Errors: nothing when the value can be no identifier of this kind;
/// `blocked` tells whether it is a blocked value (`null`, `0000`, ...).
struct NormalisedValue {
  std::optional<Identifier> identifier;
  bool blocked = false;
  std::string reason;         // reason code: `email_invalid`, `phone_length`, `identifier_blocked`, ...
  bool claimed_only = false;  // a land line: shared by many, so no source's word makes it verified
};
NormalisedValue normalise_identifier(const IdentifierKind& kind, std::string_view raw, std::string_view default_country,
                                     size_t identifier_bytes_max = 1024);

}  // namespace tributary
