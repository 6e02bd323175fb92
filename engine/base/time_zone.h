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

  /// The local date as days since 1970-01-01.
  int64_t local_day(Timestamp time) const;

 private:
  struct Rules;
  explicit TimeZone(std::shared_ptr<const Rules> rules) : rules_(std::move(rules)) {}
  std::shared_ptr<const Rules> rules_;
};

}  // namespace tributary
