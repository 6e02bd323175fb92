#include "engine/base/time_zone.h"

#include <cctz/civil_time.h>
#include <cctz/time_zone.h>

#include <chrono>

namespace tributary {

struct TimeZone::Rules {
  cctz::time_zone zone;
};

std::optional<TimeZone> TimeZone::load(const std::string& name) {
  auto rules = std::make_shared<Rules>();
  if (!cctz::load_time_zone(name, &rules->zone)) return std::nullopt;
  return TimeZone(std::move(rules));
}

int64_t TimeZone::local_day(Timestamp time) const {
  int64_t seconds = time.micros / kMicrosPerSecond - (time.micros % kMicrosPerSecond < 0 ? 1 : 0);
  std::chrono::time_point<std::chrono::system_clock, cctz::seconds> point{cctz::seconds(seconds)};
  return cctz::civil_day(cctz::convert(point, rules_->zone)) - cctz::civil_day(1970, 1, 1);
}

Timestamp TimeZone::time_of(int64_t local_day, int64_t second_of_day) const {
  cctz::civil_second civil(cctz::civil_day(1970, 1, 1) + local_day);
  auto point = rules_->zone.lookup(civil + second_of_day).pre;
  return Timestamp{point.time_since_epoch().count() * kMicrosPerSecond};
}

}  // namespace tributary
