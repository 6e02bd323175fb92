#include "engine/ingest/event_parser.h"

#include <algorithm>
#include <utility>

#include "engine/base/utf8.h"
#include "engine/domain/record.h"
#include "engine/ingest/batch_merge.h"
#include "engine/ingest/event_reader.h"
#include "engine/ingest/json_index.h"
#include "engine/ingest/json_repair.h"

namespace tributary {
namespace {

using enum RejectionCode;

/// Memory for texts up to this size stays with the parser; what a rare large body needed is given back.
constexpr size_t kKeptBytes = 1 << 20;
/// Room for the fixed parts and lengths of a record beside the event's own bytes.
constexpr size_t kRecordOverheadBytes = 4096;

/// How an item's JSON Pointer begins.
enum class ItemPlace { whole_body, batch_member, top_level_array };

/// Depth of the body around an item, which does not count against the item.
size_t depth_around(ItemPlace place) {
  switch (place) {
    case ItemPlace::whole_body:
      return 0;
    case ItemPlace::top_level_array:
      return 1;
    case ItemPlace::batch_member:
      return 2;
  }
  return 0;
}

std::string item_pointer(ItemPlace place, size_t position) {
  switch (place) {
    case ItemPlace::whole_body:
      return {};
    case ItemPlace::top_level_array:
      return "/" + std::to_string(position);
    case ItemPlace::batch_member:
      return "/batch/" + std::to_string(position);
  }
  return {};
}

/// True when one of the ascending positions lies in [begin, end).
bool any_within(const std::vector<size_t>& positions, size_t begin, size_t end) {
  auto first = std::lower_bound(positions.begin(), positions.end(), begin);
  return first != positions.end() && *first < end;
}

/// A record holds traits and order a second time beside the event's bytes.
bool fits_record(const Event& event) {
  size_t bytes =
      event.json.size() + event.message_id.size() + event.name.size() + event.touchpoint.size() + kRecordOverheadBytes;
  for (const TraitChange& trait : event.traits) bytes += trait.key.size() + trait.value_json.size() + 8;
  for (const EventIdentifier& member : event.identifiers) bytes += member.identifier.value().size() + 64;
  if (event.order) {
    bytes += event.order->order_namespace.size() + event.order->order_id.size() + event.order->refund_id.size();
    for (const OrderSaid::Value& value : event.order->values) bytes += value.text.size() + 8;
  }
  for (const FactSaid& fact : event.facts) {
    bytes += fact.subject_text.size() + 32;
    for (const FactSaid::Value& value : fact.values) bytes += value.text.size() + 8;
  }
  return bytes <= kRecordPayloadMax;
}

}  // namespace

struct EventParser::State {
  explicit State(const IngestLimits& given)
      : limits(given),
        index(std::max(given.body_bytes_max, given.decompressed_bytes_max)),
        merged(std::max(given.body_bytes_max, given.decompressed_bytes_max)) {}

  void reset();
  std::optional<RequestRejection> prove(std::string_view text, size_t skipped);
  std::optional<RequestRejection> prove_repaired(size_t skipped);
  std::optional<RequestRejection> find_items(BodyShape shape);
  std::optional<RequestRejection> find_batch();
  std::optional<RequestRejection> check_encoding_outside_items() const;
  std::optional<RequestRejection> check_merged_bytes() const;
  void find_write_key();

  void judge(size_t position, const Source& source, Timestamp received_at, EventReader& reader, ParsedItem& result);
  std::optional<ItemFault> check_text(const JsonValue& item) const;
  std::optional<ItemFault> read_event(JsonValue item, EventReader& reader, Event& event);
  std::optional<ItemFault> merge_defaults(JsonValue& item, Event& event);
  void keep_bytes(const JsonValue& item, Event& event) const;

  IngestLimits limits;
  JsonIndex index;
  JsonIndex merged;  // of one item with the batch's defaults
  std::string_view body;
  std::optional<JsonRepair> repair;  // only for a body that simdjson refused
  std::vector<JsonValue> items;
  ItemPlace place = ItemPlace::whole_body;
  JsonValue batch_sent_at;
  BatchDefaults defaults;
  std::string write_key;
  ReadFindings findings;
};

EventParser::EventParser(const IngestLimits& limits) : state_(std::make_unique<State>(limits)) {}
EventParser::~EventParser() = default;

std::optional<RequestRejection> EventParser::parse(std::string_view body, BodyShape shape) {
  state_->reset();
  size_t skipped = body.starts_with(kByteOrderMark) ? kByteOrderMark.size() : 0;
  while (skipped < body.size() && std::string_view(" \t\r\n").find(body[skipped]) != std::string_view::npos) ++skipped;
  std::string_view text = body.substr(skipped);
  if (text.empty()) return RequestRejection{invalid_json, "invalid json: the body is empty"};
  if (text[0] != '{' && text[0] != '[') {
    return RequestRejection{invalid_json, "invalid json: no object or array at byte " + std::to_string(skipped)};
  }
  std::optional<RequestRejection> refused = state_->prove(text, skipped);
  if (!refused) refused = state_->find_items(shape);
  if (refused) state_->reset();
  return refused;
}

std::string_view EventParser::body_write_key() const { return state_->write_key; }
size_t EventParser::item_count() const { return state_->items.size(); }
const ReadFindings& EventParser::findings() const { return state_->findings; }

std::vector<ParsedItem> EventParser::read_events(const Source& source, const KeyedHash& index_key,
                                                 const ReceiveContext& context) {
  EventReader reader(RequestFacts{state_->limits, source, index_key, context, state_->batch_sent_at});
  std::vector<ParsedItem> results;
  results.reserve(state_->items.size());
  for (size_t i = 0; i < state_->items.size(); ++i) {
    state_->judge(i, source, context.received_at, reader, results.emplace_back());
  }
  state_->reset();
  state_->findings = std::move(reader.findings());
  return results;
}

void EventParser::State::reset() {
  items.clear();
  if (items.capacity() > kKeptBytes / sizeof(JsonValue)) items = {};
  repair.reset();
  batch_sent_at = {};
  defaults = {};
  write_key.clear();
  findings = {};
  index.release(kKeptBytes);
  merged.release(kKeptBytes);
}

std::optional<RequestRejection> EventParser::State::prove(std::string_view text, size_t skipped) {
  body = text;
  switch (index.build(text, text, limits.json_depth_max)) {
    case JsonProof::valid:
      return std::nullopt;
    case JsonProof::too_large:
      return RequestRejection{payload_too_large, {}};
    case JsonProof::too_deep:
      return RequestRejection{invalid_json, "invalid json: nested too deeply"};
    case JsonProof::invalid:
      break;
  }
  return prove_repaired(skipped);
}

std::optional<RequestRejection> EventParser::State::prove_repaired(size_t skipped) {
  repair = repair_json(body);
  if (repair->fault_at) {
    return RequestRejection{invalid_json, "invalid json at byte " + std::to_string(skipped + *repair->fault_at)};
  }
  if (index.build(repair->provable, repair->readable, limits.json_depth_max) != JsonProof::valid) {
    return RequestRejection{invalid_json, {}};
  }
  return std::nullopt;
}

std::optional<RequestRejection> EventParser::State::find_items(BodyShape shape) {
  JsonValue root = index.root();
  place = ItemPlace::whole_body;
  if (shape == BodyShape::single) {
    items.push_back(root);
  } else if (auto refused = find_batch()) {
    return refused;
  }
  if (items.empty()) return RequestRejection{empty_batch, {}};
  if (limits.batch_events_max != 0 && items.size() > limits.batch_events_max) {
    return RequestRejection{too_many_events, {}};
  }
  if (auto refused = check_encoding_outside_items()) return refused;
  if (auto refused = check_merged_bytes()) return refused;
  find_write_key();
  return std::nullopt;
}

std::optional<RequestRejection> EventParser::State::find_batch() {
  JsonValue root = index.root();
  JsonValue batch = root;
  place = ItemPlace::top_level_array;
  if (root.is(JsonKind::object)) {
    batch = find_member(root, "batch");
    if (batch.missing() && !find_member(root, "type").missing()) {
      place = ItemPlace::whole_body;
      items.push_back(root);
      return std::nullopt;
    }
    if (!batch.is(JsonKind::array)) return RequestRejection{missing_batch, {}};
    place = ItemPlace::batch_member;
    batch_sent_at = find_member(root, "sentAt");
    defaults = read_batch_defaults(root);
  }
  for_each_element(batch, [&](const JsonValue& item) { items.push_back(item); });
  return std::nullopt;
}

/// Bytes that are not UTF-8 fail the item they stand in; outside of items nobody but the request can answer for them.
std::optional<RequestRejection> EventParser::State::check_encoding_outside_items() const {
  if (!repair) return std::nullopt;
  size_t item = 0;
  for (size_t at : repair->not_utf8) {
    while (item < items.size() && items[item].end() <= at) ++item;
    if (item == items.size() || items[item].begin() > at) {
      return RequestRejection{invalid_json, "invalid json: not UTF-8 at byte " + std::to_string(at)};
    }
  }
  return std::nullopt;
}

/// Defaults of the batch are stored with every item: a small body must not become a huge write.
std::optional<RequestRejection> EventParser::State::check_merged_bytes() const {
  size_t added = defaults.context.raw().size() + defaults.integrations.raw().size();
  if (added * items.size() + body.size() <= limits.decompressed_bytes_max) return std::nullopt;
  return RequestRejection{payload_too_large, "context of the batch, merged into its events, is larger than the limit"};
}

void EventParser::State::find_write_key() {
  JsonValue key = find_member(index.root(), "writeKey");
  if (key.missing()) key = find_member(items.front(), "writeKey");
  std::string scratch;
  if (key.is(JsonKind::string)) write_key = key.text(scratch);
}

void EventParser::State::judge(size_t position, const Source& source, Timestamp received_at, EventReader& reader,
                               ParsedItem& result) {
  const JsonValue& item = items[position];
  std::optional<ItemFault> fault = check_text(item);
  if (!fault) fault = read_event(item, reader, std::get<Event>(result));
  if (!fault) return;
  Rejected rejected;
  rejected.workspace = source.workspace;
  rejected.source = source.id;
  rejected.message_id = reader.readable_message_id(item);
  rejected.code = fault->code;
  rejected.message =
      fault->message.empty() ? std::string(rejection_row(fault->code).message) : std::move(fault->message);
  rejected.path = item_pointer(place, position) + fault->path;
  rejected.received_at = received_at;
  // Of an item over the limit the beginning is kept: enough to see who sends it.
  rejected.raw = body.substr(item.begin(), std::min(item.end() - item.begin(), limits.event_bytes_max));
  result = std::move(rejected);
}

std::optional<ItemFault> EventParser::State::check_text(const JsonValue& item) const {
  if (!item.is(JsonKind::object)) return ItemFault{not_an_object, {}, {}};
  if (item.end() - item.begin() > limits.event_bytes_max) return ItemFault{event_too_large, {}, {}};
  if (repair && any_within(repair->not_utf8, item.begin(), item.end())) return ItemFault{invalid_utf8, {}, {}};
  if (index.depth_within(item.begin(), item.end()) > limits.json_depth_max + depth_around(place)) {
    return ItemFault{too_deep, {}, {}};
  }
  return std::nullopt;
}

std::optional<ItemFault> EventParser::State::read_event(JsonValue item, EventReader& reader, Event& event) {
  keep_bytes(item, event);
  if (defaults.any()) {
    if (auto fault = merge_defaults(item, event)) return fault;
  }
  if (auto fault = reader.read(item, event)) return fault;
  if (!fits_record(event)) return ItemFault{event_too_large, {}, {}};
  return std::nullopt;
}

/// Stores the item as it came, except for lone surrogates, which no reader of JSON could take.
void EventParser::State::keep_bytes(const JsonValue& item, Event& event) const {
  if (repair && any_within(repair->lone_surrogates, item.begin(), item.end())) {
    event.owned_json = std::make_shared<const std::string>(item.raw());
    event.json = *event.owned_json;
    event.flags |= EventFlags::kReplacedSurrogate;
    return;
  }
  event.json = body.substr(item.begin(), item.end() - item.begin());
}

std::optional<ItemFault> EventParser::State::merge_defaults(JsonValue& item, Event& event) {
  auto text = std::make_shared<std::string>(merged_item(item, defaults));
  if (text->size() > limits.event_bytes_max) return ItemFault{event_too_large, {}, {}};
  // The parts are proven, so is their sum; only numbers and escapes that had to be repaired need the same care again.
  JsonRepair repaired = repair_json(*text);
  if (repaired.fault_at || merged.build(repaired.provable, *text, limits.json_depth_max) != JsonProof::valid) {
    return ItemFault{invalid_field, "context of the batch can not be merged", "/context"};
  }
  for (const JsonValue& part : {defaults.context, defaults.integrations}) {
    bool replaced = repair && !part.missing() && any_within(repair->lone_surrogates, part.begin(), part.end());
    if (replaced) event.flags |= EventFlags::kReplacedSurrogate;
  }
  item = merged.root();
  if (merged.depth_within(item.begin(), item.end()) > limits.json_depth_max) return ItemFault{too_deep, {}, {}};
  event.json = *text;
  event.owned_json = std::move(text);
  return std::nullopt;
}

}  // namespace tributary
