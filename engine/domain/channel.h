// The channels through which customers are met: a code each, and what kind of channel it is.
#pragma once

#include <cstddef>
#include <cstdint>
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

/// What a workspace said of a channel or of a touchpoint in it, as facts of kind `channel` keep it. Stored: never
/// renumber.
enum class ChannelAct : uint8_t { set = 1 };

/// What a word leaves out stays as it was. Stored: never renumber.
enum class ChannelField : uint8_t {
  touchpoint = 1,
  group = 2,
  role = 3,
  priority = 4,  // digits; "-": none any more
  by = 5,
  reason = 6,
  code = 7,
};
constexpr char kNoChannelPriority[] = "-";
constexpr int kChannelPriorityMost = 1000;
constexpr size_t kChannelRoleBytesMax = 200;

/// Own, partner, emerging, back_office or other.
bool is_channel_group(std::string_view group);

/// What an event is of whose word for its channel is not known.
constexpr std::string_view kOtherChannel = "other";

}  // namespace tributary
