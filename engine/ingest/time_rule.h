// When an event happened, by clocks that may be wrong.
#pragma once

#include <cstdint>
#include <optional>

#include "engine/base/time.h"
#include "engine/domain/event.h"

namespace tributary {

/// What the time rule looks at; absent also stands for text that is no time.
struct ClientTimes {
  std::optional<Timestamp> timestamp;
  std::optional<Timestamp> original_timestamp;
  std::optional<Timestamp> sent_at;  // the event's, else the batch's, else the header's
  bool unreadable = false;           // one of them was there and is no time
};

struct TimeLimits {
  int64_t future_micros_max = 0;  // beyond receipt + this: received_at, flagged
  int64_t past_micros_max = 0;    // before receipt - this: that border; 0: no border
};

struct OccurredAt {
  Timestamp time;
  uint8_t flags = 0;  // EventFlags
};

/// Both timestamps given: the caller means `timestamp`. Otherwise the client's clock is corrected by the difference
/// between sending and receiving; without a sending time the client's time stands, as in an import of history; without
/// any time it is the time of receipt. Source: Segment's formula receivedAt - (sentAt - originalTimestamp);
/// RudderStack's explicit timestamp.
OccurredAt occurred_at(const ClientTimes& times, Timestamp received_at, const TimeLimits& limits);

}  // namespace tributary
