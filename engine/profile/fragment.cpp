#include "engine/profile/fragment.h"

#include <algorithm>
#include <charconv>
#include <tuple>

#include "engine/base/bytes.h"

namespace tributary {
namespace {

constexpr uint8_t kFragmentVersion = 2;

// Message ids are unique within a source only, so the order ends with value and source: provenance must not depend on
// arrival either.
auto age_of(const TraitState& trait) {
  return std::make_tuple(trait.at, std::string_view(trait.message_id), std::string_view(trait.value_json),
                         std::string_view(trait.source));
}

auto version_of(const TraitState& trait) { return std::tuple_cat(std::make_tuple(trait.trust), age_of(trait)); }

void keep_latest(TraitState& known, const TraitState& other) {
  if (version_of(known) < version_of(other)) known = other;
}

void keep_earliest(TraitState& known, const TraitState& other) {
  if (age_of(other) < age_of(known)) known = other;
}

using Traits = CappedList<TraitState, kTraitsPerFragmentMax>;

void put_trait(Traits& traits, const TraitState& trait, void (*resolve)(TraitState&, const TraitState&)) {
  if (TraitState* known = traits.find_or_add(trait.key, [&] { return trait; })) resolve(*known, trait);
}

void add_count(Fragment& fragment, std::string_view name, uint64_t by) {
  auto make = [&] { return EventCount{std::string(name), 0}; };
  if (EventCount* known = fragment.event_counts.find_or_add(name, make)) known->count += by;
}

void add_counter(Fragment& fragment, std::string_view key, Int128 by) {
  auto make = [&] { return TraitCounter{std::string(key), 0}; };
  if (TraitCounter* known = fragment.counters.find_or_add(key, make)) known->sum += by;
}

void add_channel(Fragment& fragment, std::string_view channel) {
  fragment.channels.find_or_add(channel, [&] { return std::string(channel); });
}

void widen_time(Fragment& fragment, Timestamp first_at, std::string_view first_message_id, Timestamp last_at) {
  if (std::make_tuple(first_at, first_message_id) <
      std::make_tuple(fragment.first_at, std::string_view(fragment.first_message_id))) {
    fragment.first_at = first_at;
    fragment.first_message_id = first_message_id;
  }
  fragment.last_at = std::max(fragment.last_at, last_at);
}

void apply_trait(Fragment& fragment, const RecordTrait& trait, const EventView& event, Trust trust) {
  if (trait.operation == TraitOperation::increment) {
    int64_t by = 0;
    std::from_chars(trait.value_json.data(), trait.value_json.data() + trait.value_json.size(), by);
    add_counter(fragment, trait.key, by);
    return;
  }
  TraitState state{std::string(trait.key), std::string(trait.value_json), trust,
                   event.occurred_at,      std::string(event.message_id), std::string(event.source)};
  if (trait.operation == TraitOperation::set_once) {
    put_trait(fragment.traits_once, state, keep_earliest);
  } else {
    put_trait(fragment.traits, state, keep_latest);
  }
}

void encode_traits(ByteWriter& out, const Traits& traits) {
  out.varint(traits.size());
  for (const TraitState& trait : traits) {
    out.text(trait.key);
    out.text(trait.value_json);
    out.u8(static_cast<uint8_t>(trait.trust));
    out.i64(trait.at.micros);
    out.text(trait.message_id);
    out.text(trait.source);
  }
}

Traits decode_traits(ByteReader& in) {
  Traits traits;
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    TraitState trait;
    trait.key = in.text();
    trait.value_json = in.text();
    trait.trust = static_cast<Trust>(in.u8());
    trait.at = Timestamp{in.i64()};
    trait.message_id = in.text();
    trait.source = in.text();
    traits.append(std::move(trait));
  }
  return traits;
}

}  // namespace

std::string_view counted_name(const EventView& event) {
  return event.name.empty() ? event_type_name(event.type) : event.name;
}

void apply(Fragment& fragment, const EventView& event) {
  ++fragment.events;
  widen_time(fragment, event.occurred_at, event.message_id, event.occurred_at);
  add_count(fragment, counted_name(event), 1);
  if (!event.channel.empty()) add_channel(fragment, event.channel);
  for (const RecordFact& fact : event.facts) fragment.fact_kinds |= bit_of(fact.kind);
  if (event.traits.empty()) return;
  Trust trust = Trust::claimed;
  for (const RecordIdentifier& identifier : event.identifiers) trust = std::max(trust, identifier.trust);
  for (const RecordTrait& trait : event.traits) apply_trait(fragment, trait, event, trust);
}

void join(Fragment& into, const Fragment& other) {
  into.events += other.events;
  widen_time(into, other.first_at, other.first_message_id, other.last_at);
  for (const TraitState& trait : other.traits) put_trait(into.traits, trait, keep_latest);
  for (const TraitState& trait : other.traits_once) put_trait(into.traits_once, trait, keep_earliest);
  for (const TraitCounter& counter : other.counters) add_counter(into, counter.key, counter.sum);
  for (const EventCount& count : other.event_counts) add_count(into, count.name, count.count);
  for (const std::string& channel : other.channels) add_channel(into, channel);
  into.fact_kinds |= other.fact_kinds;
}

void encode_fragment(const Fragment& fragment, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kFragmentVersion);
  out.varint(fragment.events);
  out.i64(fragment.first_at.micros);
  out.text(fragment.first_message_id);
  out.i64(fragment.last_at.micros);
  out.varint(fragment.event_counts.size());
  for (const EventCount& count : fragment.event_counts) {
    out.text(count.name);
    out.varint(count.count);
  }
  out.varint(fragment.channels.size());
  for (const std::string& channel : fragment.channels) out.text(channel);
  out.varint(fragment.fact_kinds);
  encode_traits(out, fragment.traits);
  encode_traits(out, fragment.traits_once);
  out.varint(fragment.counters.size());
  for (const TraitCounter& counter : fragment.counters) {
    out.text(counter.key);
    out.u64(static_cast<uint64_t>(counter.sum >> 64));
    out.u64(static_cast<uint64_t>(counter.sum));
  }
}

Result<Fragment> decode_fragment(std::string_view bytes) {
  ByteReader in(bytes);
  if (in.u8() != kFragmentVersion) return Error{ErrorCode::corrupt, "fragment has an unknown version"};
  Fragment fragment;
  fragment.events = in.varint();
  fragment.first_at = Timestamp{in.i64()};
  fragment.first_message_id = in.text();
  fragment.last_at = Timestamp{in.i64()};
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    std::string_view name = in.text();
    fragment.event_counts.append({std::string(name), in.varint()});
  }
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) fragment.channels.append(std::string(in.text()));
  fragment.fact_kinds = static_cast<uint32_t>(in.varint());
  fragment.traits = decode_traits(in);
  fragment.traits_once = decode_traits(in);
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    std::string key(in.text());
    uint64_t high = in.u64();
    uint64_t low = in.u64();
    fragment.counters.append({std::move(key), static_cast<Int128>((static_cast<UInt128>(high) << 64) | low)});
  }
  if (!in.ok() || !in.at_end()) return Error{ErrorCode::corrupt, "fragment is cut short"};
  return fragment;
}

std::string decimal(Int128 value) {
  bool negative = value < 0;
  auto rest = negative ? -static_cast<UInt128>(value) : static_cast<UInt128>(value);
  std::string digits;
  do {
    digits.insert(digits.begin(), static_cast<char>('0' + static_cast<int>(rest % 10)));
    rest /= 10;
  } while (rest != 0);
  return negative ? "-" + digits : digits;
}

size_t memory_bytes(const Fragment& fragment) {
  size_t bytes = sizeof fragment + fragment.first_message_id.size();
  for (const auto* list : {&fragment.traits, &fragment.traits_once}) {
    for (const TraitState& trait : *list) {
      bytes +=
          sizeof trait + trait.key.size() + trait.value_json.size() + trait.message_id.size() + trait.source.size();
    }
  }
  bytes += fragment.event_counts.size() * (sizeof(EventCount) + 8);
  bytes += fragment.channels.size() * sizeof(std::string) + fragment.counters.size() * sizeof(TraitCounter);
  return bytes;
}

}  // namespace tributary
