// Dates as files write them, by a declared format and zone.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "engine/base/time.h"

namespace tributary {

/// How a column or a member writes points in time.
///
/// Formats: `iso8601`, `unix_seconds`, `unix_millis`, or text with %Y (4 digits), %y (69..99 -> 19xx, else 20xx), %m,
/// %d, %H, %M, %S (1 or 2 digits when a separator follows, else exactly 2), %b (Jan..Dec, any case), %%. Everything
/// else must stand in the text as it is. Zone: `UTC` or `+hh:mm`; used when the text itself has no offset. Zones with a
/// calendar of their own (daylight saving) have no fixed answer for the hour that happens twice and are not offered.
class DateFormat {
 public:
  /// Errors: invalid, with the part that is wrong.
  static Result<DateFormat> make(std::string_view format, std::string_view zone);

  /// Nothing for text that is not of this format, and for impossible dates.
  std::optional<Timestamp> parse(std::string_view text) const;

 private:
  std::string format_;
  int64_t zone_micros_ = 0;
};

}  // namespace tributary
