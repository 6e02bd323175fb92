// The greatest value of a smooth function of a few positive parameters.
#pragma once

#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "engine/base/result.h"

namespace tributary {

struct Maximum {
  std::vector<double> at;
  double value = 0;
};

/// Parameters beyond these mean that the data do not hold them: the likelihood grows on and on.
constexpr double kParameterMin = 1e-5;
constexpr double kParameterMax = 1e5;

using PositiveFunction = std::function<double(std::span<const double>)>;

/// Climbs from `start` (all positive) by the simplex of Nelder and Mead over the logarithms of the parameters, and
/// again from where it stopped until that gains nothing. Deterministic. What is not finite counts as infinitely low.
/// Errors: invalid, with the `names` of parameters that leave kParameterMin..kParameterMax, or that no end is found.
/// Source: Nelder, Mead, Computer Journal 7, 1965.
Result<Maximum> find_maximum(const PositiveFunction& function, std::span<const double> start,
                             std::span<const std::string_view> names);

}  // namespace tributary
