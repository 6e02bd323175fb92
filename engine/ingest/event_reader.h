// One item of a request, judged: the event it is, or why it is none.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/keyed_hash.h"
#include "engine/ingest/event_parser.h"
#include "engine/ingest/identifier_collector.h"
#include "engine/ingest/item_fields.h"

namespace tributary {

/// A fault of one item.
struct ItemFault {
  RejectionCode code;
  std::string message;  // empty: the table's
  std::string path;     // JSON Pointer below the item: "" or "/event"
};

/// What all items of one request share.
struct RequestFacts {
  const IngestLimits& limits;
  const Source& source;
  const KeyedHash& index_key;
  const ReceiveContext& context;
  JsonValue batch_sent_at;  // absent outside a batch
};

/// Reads items of one request. Lifetime: of the request; what it refers to outlives it.
class EventReader {
 public:
  explicit EventReader(const RequestFacts& facts) : facts_(facts), stripped_(facts.limits.event_bytes_max) {}
  EventReader(const EventReader&) = delete;
  EventReader& operator=(const EventReader&) = delete;

  /// Fills everything but `json`. Nothing when the item is an event, else its first fault.
  std::optional<ItemFault> read(const JsonValue& item, Event& event);

  /// The message id of an item that was refused, where it can be read; else empty.
  std::string readable_message_id(const JsonValue& item) const;

  /// Of all items so far.
  ReadFindings& findings() { return findings_; }

 private:
  std::optional<ItemFault> read_type(const ItemFields& fields, Event& event) const;
  std::optional<ItemFault> check_ids(const ItemFields& fields, const Event& event) const;
  /// A server may name a customer by external ids alone, and names nobody when none of them is good.
  bool named_by_external_ids(const ItemFields& fields) const;
  std::optional<ItemFault> read_message_id(const ItemFields& fields, Event& event) const;
  std::optional<ItemFault> read_name(const ItemFields& fields, Event& event) const;
  std::optional<ItemFault> check_sizes(const ItemFields& fields) const;
  void read_times(const ItemFields& fields, Event& event) const;
  std::optional<ItemFault> follow_plan(ItemFields& fields, Event& event);
  void strip(const std::vector<SchemaFault>& faults, JsonValue& properties);
  void read_catalogue(const ItemFields& fields, Event& event) const;
  std::optional<ItemFault> read_identifiers(const ItemFields& fields, const ContextFields& context, Event& event);

  RequestFacts facts_;
  ReadFindings findings_;
  // Of the event being read, when some of its properties do not count.
  std::string stripped_text_;
  JsonIndex stripped_;
};

}  // namespace tributary
