#include "engine/ingest/time_rule.h"

namespace tributary {
namespace {

Timestamp corrected_time(const ClientTimes& times, Timestamp received_at) {
  if (times.timestamp && times.original_timestamp) return *times.timestamp;
  std::optional<Timestamp> original = times.original_timestamp ? times.original_timestamp : times.timestamp;
  if (!original) return received_at;
  if (!times.sent_at) return *original;
  return Timestamp{received_at.micros - (times.sent_at->micros - original->micros)};
}

bool has_year_of_four_digits(Timestamp time) {
  static const int64_t first = days_from_civil({0, 1, 1}) * kMicrosPerDay;
  static const int64_t end = days_from_civil({10000, 1, 1}) * kMicrosPerDay;
  return time.micros >= first && time.micros < end;
}

}  // namespace

OccurredAt occurred_at(const ClientTimes& times, Timestamp received_at, const TimeLimits& limits) {
  OccurredAt result{corrected_time(times, received_at), 0};
  if (times.unreadable) result.flags |= EventFlags::kBadTimestamp;
  if (result.time.micros > received_at.micros + limits.future_micros_max) {
    result.time = received_at;
    result.flags |= EventFlags::kFutureClamped;
  }
  if (!has_year_of_four_digits(result.time)) {
    result.time = received_at;
    result.flags |= EventFlags::kBadTimestamp;
  }
  if (limits.past_micros_max > 0 && result.time.micros < received_at.micros - limits.past_micros_max) {
    result.time = Timestamp{received_at.micros - limits.past_micros_max};
  }
  return result;
}

}  // namespace tributary
