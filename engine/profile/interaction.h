// The talks with a customer, and what follows from them.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "engine/domain/interaction.h"
#include "engine/profile/fact.h"

namespace tributary {

/// One talk as it was last told; its record may be corrected by telling it again under the same number.
struct Interaction {
  std::string number;
  Fact told;

  std::string_view text(InteractionField field) const { return told.text(field); }
  /// Recorded more than 24 hours after it happened.
  bool late() const { return told.received_at.micros - told.at.micros > kMicrosPerDay; }
  /// It says what is to be done, but not by whom or until when.
  bool vague() const;
};

/// Oldest first. Of facts of kind `interaction`, in any order.
std::vector<Interaction> interactions_of(std::span<const Fact> facts);

/// Figures up to the moment `now`.
struct InteractionFigures {
  uint64_t count = 0;
  uint64_t count_30d = 0;
  std::optional<Timestamp> last_at;
  std::string last_feedback;          // of the last talk that has one
  std::optional<Timestamp> next_due;  // of the last logged talk, if something is to be done
  std::string_view level() const;     // high from 4 talks in 30 days, mid with one, else low
};
InteractionFigures interaction_figures(const std::vector<Interaction>& interactions, Timestamp now);

}  // namespace tributary
