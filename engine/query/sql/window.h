// Lengths of time as analysts write them: `30d`, `30cd`, `12cm`, `all`.
#pragma once

#include <optional>
#include <string_view>

#include "engine/base/time.h"
#include "engine/base/time_zone.h"

namespace tributary {

/// The part of time after `after` and up to the moment it is asked at.
struct SqlWindow {
  std::optional<Timestamp> after;  // exclusive; nothing: all time
  Timestamp now;                   // inclusive

  bool holds(Timestamp time) const { return time <= now && (!after || time > *after); }
};

/// Units: `s min h d w` of fixed length, `cd cw cm cy` local days, weeks, months and years, of which the current one is
/// the last. Nothing for other text.
std::optional<SqlWindow> parse_window(std::string_view text, const TimeZone& zone, Timestamp now);

/// The length in microseconds of a window of fixed length; nothing for others.
std::optional<int64_t> parse_fixed_length(std::string_view text);

/// Local date of a moment: `2026-10-16`.
std::string local_date_text(const TimeZone& zone, Timestamp time);

}  // namespace tributary
