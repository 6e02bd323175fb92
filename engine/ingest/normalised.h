#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace tributary {

/// What a rule of a kind makes of a value: the one spelling, or the reason why it is no identifier.
struct Normalised {
  std::optional<std::string> value;
  std::string_view reason;    // a reason code with static storage; empty when there is a value
  bool blocked = false;       // it is a blocked value, rather than one no rule accepts
  bool claimed_only = false;  // land lines: many people share one, so nobody's word makes it verified

  static Normalised of(std::string value) { return {std::move(value), {}, false, false}; }
  static Normalised refused(std::string_view reason) { return {std::nullopt, reason, false, false}; }
  static Normalised blocked_value(std::string_view reason) { return {std::nullopt, reason, true, false}; }
};

}  // namespace tributary
