// What is watched of customers: each figure with its value, its rules, and when time alone may bring another value.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "engine/profile/rfm_scale.h"
#include "engine/query/profile_changes_view.h"

namespace tributary {

/// One figure of a customer at one moment.
struct FigureNow {
  WatchedFigure figure = WatchedFigure::lifecycle;
  std::string value;                                     // empty: none
  Timestamp since;                                       // the moment itself where nobody can say
  ProfileChangeCause cause = ProfileChangeCause::event;  // the likeliest, for who does not know why it changed
};

struct FiguresNow {
  std::vector<FigureNow> figures;
  std::optional<Timestamp> next;  // when to look again if nothing happens; nothing: never
};

/// All figures of a customer. The scale may be null.
FiguresNow figures_of(const WatchedCustomer& customer, const ValueRules& rules, const RfmScale* scale, Timestamp now);

/// What the figure is for as long as nothing was told of a customer.
std::string value_before_any(WatchedFigure figure);

/// A text that is another when the figure follows other rules. The scale may be null.
std::string rules_text(WatchedFigure figure, const ValueRules& rules, const RfmScale* scale);

}  // namespace tributary
