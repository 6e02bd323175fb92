// Any bytes as a body: no crash, and what is accepted can be told again.
#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <string>

#include "engine/ingest/event_parser.h"

namespace {

using namespace tributary;

void require(bool condition) {
  if (!condition) std::abort();
}

std::string padded(std::string_view bytes) {
  std::string body;
  body.reserve(bytes.size() + kBodyPaddingBytes);
  body = bytes;
  return body;
}

bool names(const Event& event, const EventIdentifier& wanted) {
  return std::any_of(event.identifiers.begin(), event.identifiers.end(),
                     [&](const EventIdentifier& member) { return member.hash == wanted.hash; });
}

/// An accepted event's stored bytes make the same event again when they come alone. Where a lone surrogate was replaced
/// it may have more identifiers, or too many: the bytes no longer tell U+FFFD from what was lost.
void require_same_again(const Event& event, const Source& source, const KeyedHash& key, ReceiveContext context) {
  EventParser parser{IngestLimits{}};
  std::string body = padded(event.json);
  context.shape = BodyShape::single;
  context.route_type = event.type;
  context.header_sent_at.reset();
  require(!parser.parse(body, context.shape));
  auto items = parser.read_events(source, key, context);
  bool replaced = (event.flags & EventFlags::kReplacedSurrogate) != 0;
  require(items.size() == 1);
  if (replaced && !std::holds_alternative<Event>(items[0])) return;
  require(std::holds_alternative<Event>(items[0]));
  const Event& again = std::get<Event>(items[0]);
  require(again.json == event.json && again.name == event.name && again.channel == event.channel);
  require(again.traits.size() == event.traits.size());
  require(replaced || again.identifiers.size() == event.identifiers.size());
  for (const EventIdentifier& member : event.identifiers) require(names(again, member));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  static const KeyedHash key(std::string(32, 'k'));
  static EventParser parser{IngestLimits{}};
  Source source;
  source.id = "fuzz";
  source.default_country = "CN";
  source.trust = (data[0] & 1) != 0 ? SourceTrust::server : SourceTrust::browser;
  ReceiveContext context;
  context.shape = (data[0] & 2) != 0 ? BodyShape::single : BodyShape::batch;
  if ((data[0] & 4) != 0) context.route_type = EventType::identify;
  context.shared_anonymous_id = (data[0] & 8) != 0;
  context.received_at = Timestamp{1'795'305'000'000'000};
  std::string body = padded({reinterpret_cast<const char*>(data) + 1, size - 1});
  if (parser.parse(body, context.shape)) return 0;
  size_t count = parser.item_count();
  auto items = parser.read_events(source, key, context);
  require(count > 0 && items.size() == count);
  for (const ParsedItem& item : items) {
    if (const Event* event = std::get_if<Event>(&item)) require_same_again(*event, source, key, context);
  }
  return 0;
}
