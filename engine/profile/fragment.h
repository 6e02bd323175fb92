// What is known from the events of one evidence. A profile is the join of a customer's fragments, so a merge and its
// undo move no data. Every rule here is a commutative, associative operation with the empty fragment as neutral
// element.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/time.h"
#include "engine/domain/record.h"
#include "engine/profile/capped_list.h"

namespace tributary {

__extension__ typedef __int128 Int128;
__extension__ typedef unsigned __int128 UInt128;

/// A trait that is set, or set once, with its provenance.
struct TraitState {
  std::string key;
  std::string value_json;  // `null` is the tombstone of an unset trait
  Trust trust = Trust::claimed;
  Timestamp at;
  std::string message_id;
  std::string source;
};
inline const std::string& key_of(const TraitState& trait) { return trait.key; }

/// A sum of increments. 128 bits, so that no sum of 64-bit increments can overflow.
struct TraitCounter {
  std::string key;
  Int128 sum = 0;
};
inline const std::string& key_of(const TraitCounter& counter) { return counter.key; }

struct EventCount {
  std::string name;
  uint64_t count = 0;
};
inline const std::string& key_of(const EventCount& count) { return count.name; }

constexpr size_t kTraitsPerFragmentMax = 500;
constexpr size_t kEventNamesPerFragmentMax = 200;
constexpr size_t kChannelsPerFragmentMax = 16;

/// Of Fragment::fact_kinds, where no kind of facts is: its events were measured for computed traits.
constexpr uint32_t kMeasuredBit = 1;

struct Fragment {
  uint64_t events = 0;
  Timestamp first_at{INT64_MAX};  // of the earliest event by (time, message id)
  std::string first_message_id;
  Timestamp last_at{INT64_MIN};
  CappedList<TraitState, kTraitsPerFragmentMax> traits;       // the latest by (trust, time, message id)
  CappedList<TraitState, kTraitsPerFragmentMax> traits_once;  // the earliest by (time, message id)
  CappedList<TraitCounter, kTraitsPerFragmentMax> counters;
  CappedList<EventCount, kEventNamesPerFragmentMax> event_counts;  // by event name; by type for events without one
  CappedList<std::string, kChannelsPerFragmentMax> channels;
  uint32_t fact_kinds = 0;  // bit_of(): its events said facts of these kinds; kMeasuredBit
};

/// Adds one event. Total: cannot fail. Trust of its traits: the greatest trust among the event's identifiers.
void apply(Fragment& fragment, const EventView& event);

/// Adds another fragment's events.
void join(Fragment& into, const Fragment& other);

/// The value of a fragment row, version 2.
void encode_fragment(const Fragment& fragment, std::string& out);
Result<Fragment> decode_fragment(std::string_view bytes);

/// The name under which an event is counted.
std::string_view counted_name(const EventView& event);

/// A 128-bit number in decimal.
std::string decimal(Int128 value);

/// Rough bytes in memory, for the front table's limit.
size_t memory_bytes(const Fragment& fragment);

}  // namespace tributary
