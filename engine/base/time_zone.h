// Local dates of a time zone of the IANA database.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "engine/base/time.h"

namespace tributary {

/// Copies share the rules. Thread: any.
class TimeZone {
 public:
  /// "Asia/Shanghai", "UTC"; nothing for a name that the system's database does not have.
  static std::optional<TimeZone> load(const std::string& name);

  /// As it was loaded.
  std::string name() const;

  /// The local date as days since 1970-01-01.
  int64_t local_day(Timestamp time) const;

  /// When clocks show this many seconds after midnight of that day. A time that they pass over is as if they had not
  /// been changed yet; of one that they show twice it is the first.
  Timestamp time_of(int64_t local_day, int64_t second_of_day) const;
  /// The same time of the clock so many local days later. A time that the clock leaves out is the moment when it
  /// jumps.
  Timestamp add_days(Timestamp time, int64_t days) const;

 private:
  struct Rules;
  explicit TimeZone(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}
  std::shared_ptr<const Rules> rules_;
};

}  // namespace tributary
