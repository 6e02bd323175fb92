// Channels as the JSON that readers get.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace tributary {

/// All channels as they were held to be at the moment, each with its touchpoints. Entries as channels_at() has them.
std::string channels_json(const std::vector<ChannelEntry>& entries, Timestamp at);

/// One of them.
std::string channel_json(const std::vector<ChannelEntry>& entries, std::string_view code);

/// Newest first.
std::string channel_history_json(std::string_view code, const std::vector<ChannelChange>& changes);

}  // namespace tributary
