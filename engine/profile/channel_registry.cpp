#include "engine/profile/channel_registry.h"

#include <algorithm>
#include <charconv>
#include <map>

namespace tributary {
namespace {

/// What was said of one channel or touchpoint; what it does not have was not said.
struct ChannelSayings {
  std::string_view group, role, priority;
  std::string_view by;
  std::optional<Timestamp> since;

  void hear(const Fact& fact) {
    auto take = [&](std::string_view& into, ChannelField field) {
      if (auto text = fact.text(field); !text.empty()) into = text;
    };
    take(group, ChannelField::group);
    take(role, ChannelField::role);
    take(priority, ChannelField::priority);
    by = fact.text(ChannelField::by);
    since = fact.at;
  }

  /// Over what holds where nothing was said.
  ChannelClass over(ChannelClass usual) const {
    if (!group.empty()) usual.group = group;
    if (!role.empty()) usual.role = role;
    int number = 0;
    if (priority == kNoChannelPriority) {
      usual.priority.reset();
    } else if (std::from_chars(priority.data(), priority.data() + priority.size(), number).ec == std::errc()) {
      usual.priority = number;
    }
    return usual;
  }
};

/// A channel with its touchpoints, while words come in the order of their times.
struct ChannelState {
  ChannelSayings own;
  std::map<std::string_view, ChannelSayings> touchpoints;

  ChannelClass of(const Channel& channel) const {
    return own.over({std::string(channel.group), std::string(channel.role), std::nullopt});
  }
  ChannelClass of(const Channel& channel, std::string_view touchpoint) const {
    auto said = touchpoints.find(touchpoint);
    return said == touchpoints.end() || touchpoint.empty() ? of(channel) : said->second.over(of(channel));
  }

  void hear(const Fact& fact) {
    std::string_view touchpoint = fact.text(ChannelField::touchpoint);
    (touchpoint.empty() ? own : touchpoints[touchpoint]).hear(fact);
  }
};

std::vector<const Fact*> channel_words(std::span<const Fact> said) {
  std::vector<const Fact*> words;
  for (const Fact& fact : said) words.push_back(&fact);
  std::ranges::sort(words, [](const Fact* a, const Fact* b) { return said_before(*a, *b); });
  return words;
}

ChannelEntry entry_of(const Channel& channel, std::string_view touchpoint, ChannelClass is,
                      const ChannelSayings& said) {
  return {std::string(channel.code),
          std::string(touchpoint),
          channel.label,
          std::move(is),
          std::string(said.by),
          said.since};
}

}  // namespace

std::vector<ChannelEntry> channels_at(std::span<const Fact> said, Timestamp at) {
  std::map<std::string_view, ChannelState> states;
  for (const Fact* word : channel_words(said)) {
    if (word->at <= at) states[word->text(ChannelField::code)].hear(*word);
  }
  std::vector<ChannelEntry> entries;
  for (const Channel& channel : channels()) {
    const ChannelState& state = states[channel.code];
    entries.push_back(entry_of(channel, {}, state.of(channel), state.own));
    for (const auto& [touchpoint, sayings] : state.touchpoints) {
      entries.push_back(entry_of(channel, touchpoint, state.of(channel, touchpoint), sayings));
    }
  }
  return entries;
}

std::vector<ChannelChange> channel_changes(std::span<const Fact> said, std::string_view code) {
  std::vector<ChannelChange> changes;
  const Channel* channel = find_channel(code);
  if (channel == nullptr) return changes;
  ChannelState state;
  for (const Fact* word : channel_words(said)) {
    if (word->text(ChannelField::code) != code) continue;
    ChannelChange& change = changes.emplace_back();
    change.touchpoint = word->text(ChannelField::touchpoint);
    change.at = word->at;
    change.by = word->text(ChannelField::by);
    change.reason = word->text(ChannelField::reason);
    change.from = state.of(*channel, change.touchpoint);
    state.hear(*word);
    change.to = state.of(*channel, change.touchpoint);
  }
  return changes;
}

std::string channel_subject(std::string_view code, std::string_view touchpoint) {
  std::string subject(code);
  if (!touchpoint.empty()) subject.append(" ").append(touchpoint);
  return subject;
}

}  // namespace tributary
