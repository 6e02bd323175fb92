// What a workspace makes of the channels and of the touchpoints in them: whose they are, what for, and which comes
// first. Every change is kept, so that a report of yesterday shows what held then.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/domain/channel.h"
#include "engine/profile/fact.h"

namespace tributary {

/// How a channel or a touchpoint is classed.
struct ChannelClass {
  std::string group, role;      // as of Channel
  std::optional<int> priority;  // 1 comes first; nothing: nobody gave one
  friend bool operator==(const ChannelClass&, const ChannelClass&) = default;
};

/// Of a touchpoint what was said of it alone; the rest is its channel's.
struct ChannelEntry {
  std::string code, touchpoint;  // touchpoint empty: the channel itself
  std::string_view label;        // of the channel
  ChannelClass is;
  std::string by;                  // who said it last; empty: nobody
  std::optional<Timestamp> since;  // of that
};

/// One word that changed something, or confirmed it.
struct ChannelChange {
  std::string touchpoint;
  ChannelClass from, to;
  Timestamp at;
  std::string by, reason;
};

/// All channels in the order of the list, behind each its touchpoints of which something was said, by name. Of facts of
/// kind `channel` of a workspace, in any order; those after `at` do not count.
std::vector<ChannelEntry> channels_at(std::span<const Fact> said, Timestamp at);

/// The changes of one channel and its touchpoints, oldest first.
std::vector<ChannelChange> channel_changes(std::span<const Fact> said, std::string_view code);

/// What a word on a channel is about: of a touchpoint it has a blank and the touchpoint behind the code.
std::string channel_subject(std::string_view code, std::string_view touchpoint);

}  // namespace tributary
