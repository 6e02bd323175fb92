#include "connectors/profile/customer_numbers.h"

#include <algorithm>

namespace tributary {
namespace {

constexpr uint32_t kSerialMax = 99'999;
constexpr size_t kSerialWidth = 3;

std::string padded(int64_t number, size_t width) {
  std::string digits = std::to_string(number);
  return std::string(digits.size() < width ? width - digits.size() : 0, '0') + digits;
}

}  // namespace

Result<bool> CustomerNumbers::is_free(const Number& number) const {
  if (held_.contains(number)) return false;
  auto seen = engine_.was_seen(
      number.first, Identifier::from_normalised({IdentifierFamily::customer_no, {}}, std::string(number.second)));
  if (!seen) return seen.error();
  return !*seen;
}

CustomerNumbers::Held CustomerNumbers::hold(Number number) {
  held_.insert(number);
  auto text = std::make_unique<const std::string>(number.second);
  return Held(text.release(), [this, number = std::move(number)](const std::string* held) {
    std::lock_guard lock(mutex_);
    held_.erase(number);
    delete held;
  });
}

Result<CustomerNumbers::Held> CustomerNumbers::take(WorkspaceId workspace, const std::string& number) {
  std::lock_guard lock(mutex_);
  auto free = is_free({workspace, number});
  if (!free) return free.error();
  return *free ? hold({workspace, number}) : Held();
}

Result<CustomerNumbers::Held> CustomerNumbers::next(WorkspaceId workspace, const TimeZone& zone, Timestamp now) {
  CivilDate today = civil_from_days(zone.local_day(now));
  std::string prefix = "CX" + padded(today.year, 4) + padded(today.month, 2) + padded(today.day, 2);
  auto number = [&](uint32_t serial) { return Number{workspace, prefix + padded(serial, kSerialWidth)}; };
  std::lock_guard lock(mutex_);
  // A free one in doubled steps, then the first behind a used one: where there are no gaps, the first of all.
  uint32_t used = 0, free = 1;
  while (true) {
    auto found = is_free(number(free));
    if (!found) return found.error();
    if (*found) break;
    used = free;
    if (used == kSerialMax) return Error{ErrorCode::unavailable, "the customer numbers of the day are used up"};
    free = std::min(2 * free, kSerialMax);
  }
  while (free - used > 1) {
    uint32_t middle = used + (free - used) / 2;
    auto found = is_free(number(middle));
    if (!found) return found.error();
    (*found ? free : used) = middle;
  }
  return hold(number(free));
}

}  // namespace tributary
