#include "engine/value_model/bg_nbd.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include "engine/value_model/maximum.h"

namespace tributary {
namespace {

constexpr std::array<std::string_view, 4> kBgNbdNames = {"r", "alpha", "a", "b"};
constexpr double kWeeksPerYear = 365.25 / 7;

/// The different values of a column, ascending, and of each row which one it is.
struct DistinctValues {
  std::vector<double> values;

  explicit DistinctValues(std::vector<double> column) : values(std::move(column)) {
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
  }
  size_t index_of(double value) const {
    return static_cast<size_t>(std::lower_bound(values.begin(), values.end(), value) - values.begin());
  }
  std::vector<double> logarithms_behind(double offset) const {
    std::vector<double> logarithms;
    logarithms.reserve(values.size());
    for (double value : values) logarithms.push_back(std::log(offset + value));
    return logarithms;
  }
};

template <class Column>
DistinctValues distinct(std::span<const PurchaseHistory> histories, Column column_of) {
  std::vector<double> column;
  column.reserve(histories.size());
  for (const PurchaseHistory& history : histories) column.push_back(column_of(history));
  return DistinctValues(std::move(column));
}

double repeats_of(const PurchaseHistory& history) { return history.repeats; }
double last_week_of(const PurchaseHistory& history) { return history.last_week; }
double weeks_of(const PurchaseHistory& history) { return history.weeks; }

/// Of any exponent: e to the power of it may be beyond what a number holds.
double log_of_one_plus_exp(double exponent) {
  return std::max(exponent, 0.0) + std::log1p(std::exp(-std::fabs(exponent)));
}

/// The log-likelihood of fixed histories as a function of the model. Equal histories are computed once, and so are the
/// gamma functions of equal numbers of purchases and the logarithms of equal weeks.
class PurchaseLikelihood {
 public:
  explicit PurchaseLikelihood(std::span<const PurchaseHistory> histories)
      : repeats_(distinct(histories, repeats_of)),
        last_weeks_(distinct(histories, last_week_of)),
        weeks_(distinct(histories, weeks_of)) {
    std::map<std::array<size_t, 3>, double> customers;
    for (const PurchaseHistory& history : histories) {
      customers[{repeats_.index_of(history.repeats), last_weeks_.index_of(history.last_week),
                 weeks_.index_of(history.weeks)}] += 1;
    }
    for (const auto& [key, count] : customers) rows_.push_back({key[0], key[1], key[2], count});
  }

  double of(const BgNbd& model) const {
    std::vector<double> log_last = last_weeks_.logarithms_behind(model.alpha);
    std::vector<double> log_weeks = weeks_.logarithms_behind(model.alpha);
    double sum = 0;
    size_t row = 0;
    for (size_t i = 0; i < repeats_.values.size(); ++i) {
      double x = repeats_.values[i];
      double common = common_factor(model, x);
      double left = x > 0 ? std::log(model.a / (model.b + x - 1)) : 0;
      double part = 0;
      for (; row < rows_.size() && rows_[row].repeats == i; ++row) {
        double value = common - (model.r + x) * log_weeks[rows_[row].weeks];
        if (x > 0) {
          double since = log_weeks[rows_[row].weeks] - log_last[rows_[row].last_week];
          value += log_of_one_plus_exp(left + (model.r + x) * since);
        }
        part += rows_[row].customers * value;
      }
      sum += part;
    }
    return sum;
  }

 private:
  struct Row {
    size_t repeats, last_week, weeks;  // which of the different values
    double customers;
  };

  /// The logarithm of what all customers with x repeats share, whenever they bought.
  static double common_factor(const BgNbd& model, double x) {
    const auto& [r, alpha, a, b] = model;
    return std::lgamma(r + x) - std::lgamma(r) + r * std::log(alpha) + std::lgamma(a + b) + std::lgamma(b + x) -
           std::lgamma(b) - std::lgamma(a + b + x);
  }

  DistinctValues repeats_, last_weeks_, weeks_;
  std::vector<Row> rows_;  // by repeats
};

/// first (1 + ratio_0 + ratio_0 ratio_1 + ...) with ratio_k = (p + k)(q + k) z / ((s + k)(2 + k)): what is left of a
/// hypergeometric series without its 1. Converges for z < 1. It may be far beyond what a number holds.
struct ScaledSum {
  double sum = 0;
  double logarithm = 0;  // the value is sum * e^logarithm
};

ScaledSum sum_series(double first, double p, double q, double s, double z) {
  constexpr int kTermsMax = 1'000'000;
  constexpr double kTooLarge = 1e200;
  constexpr double kEnough = 1e-17;
  ScaledSum scaled{first, 0};
  double term = first;
  for (int k = 0; k < kTermsMax; ++k) {
    double ratio = (p + k) * (q + k) * z / ((s + k) * (2 + k));
    term *= ratio;
    scaled.sum += term;
    // Behind the greatest term ratios fall to z, so what is left is less than a geometric series.
    if (ratio < 1 && std::fabs(term) <= kEnough * (1 - std::max(ratio, z)) * std::fabs(scaled.sum)) break;
    if (std::fabs(scaled.sum) < kTooLarge) continue;
    scaled.sum /= kTooLarge;
    term /= kTooLarge;
    scaled.logarithm += std::log(kTooLarge);
  }
  return scaled;
}

/// (c / (a - 1)) (1 - (1 - z)^(r + x) 2F1(r + x, b + x; c; z)) with c = a + b + x - 1: the purchases to expect of
/// somebody who is alive. Equation 10 of the source has it divided by what makes p_alive.
///
/// Both ways take the 1 out of the series, which leaves terms without c in the denominator (it may be 0 or less).
/// Euler's transformation, (1 - z)^(a - 1) 2F1(a + b - 1 - r, a - 1; c; z), leaves them without a - 1 as well (it may
/// be 0), and few are enough; but they cancel each other with a great r, and are many with a great a.
/// Source: DLMF 15.8.1.
double purchases_while_alive(BgNbd model, double x, double weeks_before, double weeks) {
  constexpr double kTooNear = 1e-6;  // to 1, for a difference that is divided by the distance
  auto& [r, alpha, a, b] = model;
  double total = alpha + weeks_before + weeks;
  double z = weeks / total;
  double log_rest = std::log((alpha + weeks_before) / total);  // of 1 - z
  if (double p = a + b - 1 - r; p > -1 && a < r + x + 2) {
    double c = a + b + x - 1;
    double power = (a - 1) * log_rest;
    double growth = power == 0 ? log_rest : std::expm1(power) / (a - 1);
    ScaledSum series = sum_series(p * z, p + 1, a, c + 1, z);
    return -c * growth - std::exp(power + series.logarithm) * series.sum;
  }
  if (std::fabs(a - 1) < kTooNear) a = 1 + kTooNear;
  double c = a + b + x - 1;
  double power = (r + x) * log_rest;
  ScaledSum series = sum_series((r + x) * (b + x) * z, r + x + 1, b + x + 1, c + 1, z);
  return (-c * std::expm1(power) - std::exp(power + series.logarithm) * series.sum) / (a - 1);
}

Result<void> check_histories(std::span<const PurchaseHistory> histories) {
  if (histories.size() < kCustomersToFitMin) {
    return Error{ErrorCode::invalid, "too few customers: " + std::to_string(histories.size()) + ", at least " +
                                         std::to_string(kCustomersToFitMin) + " are needed"};
  }
  bool repeats = false;
  for (const PurchaseHistory& history : histories) {
    bool possible = history.last_week >= 0 && history.last_week <= history.weeks && std::isfinite(history.weeks);
    if (!possible || (history.repeats == 0) != (history.last_week == 0)) {
      return Error{ErrorCode::invalid,
                   "the purchases of customer " + std::to_string(history.customer) + " contradict each other"};
    }
    repeats = repeats || history.repeats > 0;
  }
  if (repeats) return {};
  return Error{ErrorCode::invalid, "nobody bought twice"};
}

}  // namespace

double log_likelihood(const BgNbd& model, std::span<const PurchaseHistory> histories) {
  return PurchaseLikelihood(histories).of(model);
}

Result<BgNbdFit> fit_bg_nbd(std::span<const PurchaseHistory> histories) {
  TRIBUTARY_TRY(check_histories(histories));
  double repeats = 0, weeks = 0;
  for (const PurchaseHistory& history : histories) {
    repeats += history.repeats;
    weeks += history.weeks;
  }
  double unit = weeks / repeats;  // of alpha, so that the search does not depend on how fast a shop's customers are
  PurchaseLikelihood likelihood(histories);
  auto model_at = [unit](std::span<const double> at) { return BgNbd{at[0], at[1] * unit, at[2], at[3]}; };
  constexpr std::array<double, 4> kStart = {1, 1, 1, 1};
  auto found =
      find_maximum([&](std::span<const double> at) { return likelihood.of(model_at(at)); }, kStart, kBgNbdNames);
  std::string context = "fitting BG/NBD to " + std::to_string(histories.size()) + " customers";
  if (!found) return with_context(context, found.error());
  return BgNbdFit{model_at(found->at), found->value};
}

double probability_alive(const BgNbd& model, const PurchaseHistory& history) {
  if (history.repeats == 0) return 1;
  const auto& [r, alpha, a, b] = model;
  double x = history.repeats;
  double exponent = (r + x) * std::log((alpha + history.weeks) / (alpha + history.last_week));
  return 1 / (1 + a / (b + x - 1) * std::exp(exponent));
}

double expected_purchases(const BgNbd& model, const PurchaseHistory& history, double weeks) {
  if (weeks <= 0) return 0;
  return probability_alive(model, history) * purchases_while_alive(model, history.repeats, history.weeks, weeks);
}

double expected_purchases(const BgNbd& model, std::span<const PurchaseHistory> histories, double weeks) {
  double sum = 0;
  for (const PurchaseHistory& history : histories) sum += expected_purchases(model, history, weeks);
  return sum;
}

double discounted_purchases(const BgNbd& model, const PurchaseHistory& history, int weeks, double yearly_discount) {
  double sum = 0, before = 0;
  for (int week = 1; week <= weeks; ++week) {
    double until = expected_purchases(model, history, week);
    sum += (until - before) * std::pow(1 + yearly_discount, -(week - 0.5) / kWeeksPerYear);
    before = until;
  }
  return sum;
}

}  // namespace tributary
