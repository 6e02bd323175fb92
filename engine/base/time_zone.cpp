#include "engine/base/time_zone.h"

#include <cctz/civil_time.h>
#include <cctz/time_zone.h>

#include <chrono>

namespace tributary {
namespace {

using ZonePoint = std::chrono::time_point<std::chrono::system_clock, cctz::seconds>;

ZonePoint whole_seconds(Timestamp time) {
  int64_t seconds = time.micros / kMicrosPerSecond - (time.micros % kMicrosPerSecond < 0 ? 1 : 0);
  return ZonePoint{cctz::seconds(seconds)};
}

}  // namespace

struct TimeZone::Rules {
  cctz::time_zone zone;
};

std::optional<TimeZone> TimeZone::load(const std::string& name) {
  auto rules = std::make_shared<Rules>();
  if (!cctz::load_time_zone(name, &rules->zone)) return std::nullopt;
  return TimeZone(std::move(rules));
}

std::string TimeZone::name() const { return rules_->zone.name(); }

int64_t TimeZone::local_day(Timestamp time) const {
  return cctz::civil_day(cctz::convert(whole_seconds(time), rules_->zone)) - cctz::civil_day(1970, 1, 1);
}

Timestamp TimeZone::add_days(Timestamp time, int64_t days) const {
  ZonePoint from = whole_seconds(time);
  cctz::civil_second local = cctz::convert(from, rules_->zone);
  cctz::civil_day day = cctz::civil_day(local) + days;
  cctz::civil_second later(day.year(), day.month(), day.day(), local.hour(), local.minute(), local.second());
  int64_t rest = time.micros - from.time_since_epoch().count() * kMicrosPerSecond;
  return Timestamp{cctz::convert(later, rules_->zone).time_since_epoch().count() * kMicrosPerSecond + rest};
}

Timestamp TimeZone::time_of(int64_t local_day, int64_t second_of_day) const {
  cctz::civil_second civil(cctz::civil_day(1970, 1, 1) + local_day);
  auto point = rules_->zone.lookup(civil + second_of_day).pre;
  return Timestamp{point.time_since_epoch().count() * kMicrosPerSecond};
}

}  // namespace tributary
