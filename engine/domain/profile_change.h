// What was noticed of a customer: that it came into another stage or cell. A record of the log, so that whoever was
// told of it finds it again, whatever becomes of the state.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "engine/base/keyed_hash.h"
#include "engine/base/result.h"
#include "engine/base/time.h"

namespace tributary {

/// What is watched of customers. Stored: never renumber.
enum class WatchedFigure : uint8_t { lifecycle = 1, rfm_cell = 2 };
inline constexpr std::array kWatchedFigures = {WatchedFigure::lifecycle, WatchedFigure::rfm_cell};
/// `lifecycle`, `rfm_cell`.
std::string_view watched_figure_name(WatchedFigure figure);

/// Why it came. Stored: never renumber.
enum class ProfileChangeCause : uint8_t {
  event = 1,
  time = 2,
  identity = 3,
  rules = 4,
  first_seen = 5,  // it did not: how things were when nobody had looked yet. Remembered, told to nobody
};
/// `event`, `time`, `identity`, `rules`, `first_seen`.
std::string_view profile_change_cause_name(ProfileChangeCause cause);

/// In the place of a customer: `to` is by what rules all customers of the workspace were looked at last. As long as
/// there is none, how customers are found is remembered only.
inline constexpr Hash128 kEverybody{};

struct ProfileChange {
  Hash128 customer;  // its id at that time
  WatchedFigure figure = WatchedFigure::lifecycle;
  std::string from, to;  // empty: none
  Timestamp effective_at;
  ProfileChangeCause cause = ProfileChangeCause::event;

  bool is_told() const { return cause != ProfileChangeCause::first_seen; }
};

/// Payload layout, version 1 (integers big-endian, text = varint length + bytes):
///
///   u8 version | 16 customer | u8 figure | text from | text to | i64 effective_at | u8 cause
void encode_profile_change(const ProfileChange& change, std::string& payload);

/// Errors: corrupt for an unknown version or a cut payload.
Result<ProfileChange> decode_profile_change(std::string_view payload);

}  // namespace tributary
