#include "engine/value_model/maximum.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <tuple>
#include <utility>

namespace tributary {
namespace {

constexpr int kClimbsMax = 40;
constexpr int kStepsPerClimbMax = 2000;
constexpr double kFirstEdge = 0.5;    // of a simplex, in logarithms
constexpr double kEdgeMin = 1e-9;     // a simplex this small is a point
constexpr double kLogarithmMax = 40;  // beyond, powers overflow

using Point = std::vector<double>;

struct Corner {
  Point at;  // logarithms
  double value = 0;
};

/// What two values of this size may differ by without meaning anything: the rounding of a sum of thousands.
double indistinct(double value) { return 1e-9 + 1e-13 * std::fabs(value); }

/// The corners of one climb, best first.
class Simplex {
 public:
  Simplex(const PositiveFunction& function, const Point& start) : function_(function) {
    corners_.push_back(corner_at(start));
    for (size_t i = 0; i < start.size(); ++i) {
      Point at = start;
      at[i] += kFirstEdge;
      corners_.push_back(corner_at(std::move(at)));
    }
    order();
  }

  const Corner& best() const { return corners_.front(); }

  bool is_flat() const {
    return best().value - corners_.back().value <= indistinct(best().value) || longest_edge() < kEdgeMin;
  }

  /// Replaces the worst corner by a better one on the line through it and the middle of the others; else shrinks.
  void step() {
    Corner& worst = corners_.back();
    double second_worst = corners_[corners_.size() - 2].value;
    Corner reflected = corner_on_line(-1);
    if (reflected.value > best().value) {
      Corner expanded = corner_on_line(-2);
      worst = expanded.value > reflected.value ? std::move(expanded) : std::move(reflected);
    } else if (reflected.value > second_worst) {
      worst = std::move(reflected);
    } else {
      bool outside = reflected.value > worst.value;
      Corner contracted = corner_on_line(outside ? -0.5 : 0.5);
      if (contracted.value > std::max(reflected.value, worst.value)) {
        worst = std::move(contracted);
      } else {
        shrink();
      }
    }
    order();
  }

 private:
  Corner corner_at(Point at) const {
    Point parameters = at;
    bool in_range = true;
    for (double& parameter : parameters) {
      in_range = in_range && std::fabs(parameter) <= kLogarithmMax;
      parameter = std::exp(parameter);
    }
    double value = in_range ? function_(parameters) : -std::numeric_limits<double>::infinity();
    return {std::move(at), std::isfinite(value) ? value : -std::numeric_limits<double>::max()};
  }

  /// `distance` from the middle of all but the worst: 1 is the worst itself, -1 its mirror image.
  Corner corner_on_line(double distance) const {
    const Point& worst = corners_.back().at;
    Point at(worst.size());
    for (size_t i = 0; i < at.size(); ++i) {
      double middle = 0;
      for (size_t corner = 0; corner + 1 < corners_.size(); ++corner) middle += corners_[corner].at[i];
      middle /= static_cast<double>(corners_.size() - 1);
      at[i] = middle + distance * (worst[i] - middle);
    }
    return corner_at(std::move(at));
  }

  void shrink() {
    for (size_t corner = 1; corner < corners_.size(); ++corner) {
      Point at = corners_[corner].at;
      for (size_t i = 0; i < at.size(); ++i) at[i] = (at[i] + best().at[i]) / 2;
      corners_[corner] = corner_at(std::move(at));
    }
  }

  double longest_edge() const {
    double longest = 0;
    for (const Corner& corner : corners_) {
      for (size_t i = 0; i < corner.at.size(); ++i) {
        longest = std::max(longest, std::fabs(corner.at[i] - best().at[i]));
      }
    }
    return longest;
  }

  void order() {
    auto is_better = [](const Corner& a, const Corner& b) { return std::tie(b.value, a.at) < std::tie(a.value, b.at); };
    std::sort(corners_.begin(), corners_.end(), is_better);
  }

  const PositiveFunction& function_;
  std::vector<Corner> corners_;
};

/// False when the climb did not end by itself.
bool climb(const PositiveFunction& function, Corner& from) {
  Simplex simplex(function, from.at);
  int steps = 0;
  while (!simplex.is_flat() && steps < kStepsPerClimbMax) {
    simplex.step();
    ++steps;
  }
  from = simplex.best();
  return steps < kStepsPerClimbMax;
}

std::string runaway_names(const Corner& top, std::span<const std::string_view> names) {
  std::string found;
  for (size_t i = 0; i < names.size(); ++i) {
    double parameter = std::exp(top.at[i]);
    if (parameter >= kParameterMin && parameter <= kParameterMax) continue;
    found += (found.empty() ? "" : ", ") + std::string(names[i]);
  }
  return found;
}

}  // namespace

Result<Maximum> find_maximum(const PositiveFunction& function, std::span<const double> start,
                             std::span<const std::string_view> names) {
  Corner top{Point(start.begin(), start.end()), -std::numeric_limits<double>::max()};
  for (double& parameter : top.at) parameter = std::log(parameter);
  bool settled = false;
  for (int climbs = 0; climbs < kClimbsMax && !settled && runaway_names(top, names).empty(); ++climbs) {
    double before = top.value;
    bool ended = climb(function, top);
    settled = ended && top.value - before <= 10 * indistinct(top.value);
  }
  if (std::string runaways = runaway_names(top, names); !runaways.empty()) {
    return Error{ErrorCode::invalid,
                 "the likelihood has no maximum: it grows with ever smaller or greater " + runaways};
  }
  if (!settled) return Error{ErrorCode::invalid, "the likelihood's maximum was not found"};
  Maximum maximum{std::move(top.at), top.value};
  for (double& parameter : maximum.at) parameter = std::exp(parameter);
  return maximum;
}

}  // namespace tributary
