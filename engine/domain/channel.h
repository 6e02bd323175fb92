// The channels through which customers are met: a code each, and what kind of channel it is.
#pragma once

#include <span>
#include <string_view>

namespace tributary {

struct Channel {
  std::string_view code;   // stored and exported: `store`
  std::string_view label;  // in Chinese
  std::string_view group;  // own, partner, emerging, back_office, or other: whose it is
  std::string_view role;   // what it is for, words joined by commas; may be empty
};

/// All channels, those of one group after the other.
std::span<const Channel> channels();

/// The channel with this code, spelled as it is; null when there is none.
const Channel* find_channel(std::string_view code);

/// What an event is of whose word for its channel is not known.
constexpr std::string_view kOtherChannel = "other";

}  // namespace tributary
