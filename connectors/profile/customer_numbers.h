// Numbers for new customers: CX, the local date, and a serial number of the day.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>

#include "engine/engine.h"

namespace tributary {

/// Gives out numbers that nobody ever had. What the store knows decides, so a restart needs no memory of its own; a
/// number that is given out is held until its event can be found. Gaps may stay, and serials grow beyond three digits
/// instead of beginning again. Thread: any.
class CustomerNumbers {
 public:
  explicit CustomerNumbers(Engine& engine) : engine_(engine) {}

  /// Holds a number for as long as it lives; its CustomerNumbers outlives it.
  using Held = std::shared_ptr<const std::string>;

  /// Errors: those of the store; unavailable when 99,999 numbers of the day are used up, because more digits would not
  /// be a customer number.
  Result<Held> next(WorkspaceId workspace, const TimeZone& zone, Timestamp now);

  /// A number that the caller wants; null when it is held or was ever seen.
  Result<Held> take(WorkspaceId workspace, const std::string& number);

 private:
  using Number = std::pair<WorkspaceId, std::string>;

  Result<bool> is_free(const Number& number) const;
  Held hold(Number number);

  Engine& engine_;
  std::mutex mutex_;
  std::set<Number> held_;
};

}  // namespace tributary
