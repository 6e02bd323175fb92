#include "engine/value_model/gamma_gamma.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <map>
#include <string>

#include "engine/value_model/maximum.h"

namespace tributary {
namespace {

constexpr std::array<std::string_view, 3> kGammaGammaNames = {"p", "q", "v"};

/// The log-likelihood of fixed spendings as a function of the model: the sums that do not depend on it are made once.
class SpendingLikelihood {
 public:
  explicit SpendingLikelihood(std::span<const Spending> spendings) : spendings_(spendings.begin(), spendings.end()) {
    for (const auto& [purchases, mean_value] : spendings) {
      customers_[purchases] += 1;
      log_values_ += std::log(mean_value);
      weighted_log_totals_ += purchases * std::log(purchases * mean_value);
    }
  }

  double of(const GammaGamma& model) const {
    const auto& [p, q, v] = model;
    double sum = static_cast<double>(spendings_.size()) * (q * std::log(v) - std::lgamma(q));
    for (const auto& [purchases, customers] : customers_) {
      sum += customers * (std::lgamma(p * purchases + q) - std::lgamma(p * purchases));
    }
    for (const auto& [purchases, mean_value] : spendings_) {
      sum -= (p * purchases + q) * std::log(v + purchases * mean_value);
    }
    return sum + p * weighted_log_totals_ - log_values_;
  }

 private:
  std::vector<Spending> spendings_;
  std::map<double, double> customers_;  // by number of purchases
  double log_values_ = 0, weighted_log_totals_ = 0;
};

Result<double> mean_of(std::span<const Spending> spendings) {
  if (spendings.size() < kSpendersToFitMin) {
    return Error{ErrorCode::invalid, "too few repeat buyers: " + std::to_string(spendings.size()) + ", at least " +
                                         std::to_string(kSpendersToFitMin) + " are needed"};
  }
  double sum = 0;
  for (const auto& [purchases, mean_value] : spendings) {
    if (!(purchases > 0) || !(mean_value > 0) || !std::isfinite(purchases * mean_value)) {
      return Error{ErrorCode::invalid, "a customer's purchases or their value are not positive"};
    }
    sum += mean_value;
  }
  return sum / static_cast<double>(spendings.size());
}

}  // namespace

std::vector<Spending> repeat_spendings(std::span<const PurchaseHistory> histories, double minor_per_unit) {
  std::vector<Spending> spendings;
  for (const PurchaseHistory& history : histories) {
    if (history.repeats == 0 || history.mean_repeat_minor <= 0) continue;
    spendings.push_back({static_cast<double>(history.repeats), history.mean_repeat_minor / minor_per_unit});
  }
  return spendings;
}

double log_likelihood(const GammaGamma& model, std::span<const Spending> spendings) {
  return SpendingLikelihood(spendings).of(model);
}

Result<GammaGammaFit> fit_gamma_gamma(std::span<const Spending> spendings) {
  auto unit = mean_of(spendings);  // of v, so that the search does not depend on the currency
  if (!unit) return unit.error();
  SpendingLikelihood likelihood(spendings);
  auto model_at = [&](std::span<const double> at) { return GammaGamma{at[0], at[1], at[2] * *unit}; };
  constexpr std::array<double, 3> kStart = {2, 3, 1};
  auto found =
      find_maximum([&](std::span<const double> at) { return likelihood.of(model_at(at)); }, kStart, kGammaGammaNames);
  std::string context = "fitting Gamma-Gamma to " + std::to_string(spendings.size()) + " repeat buyers";
  if (!found) return with_context(context, found.error());
  GammaGammaFit fit{model_at(found->at), found->value};
  if (fit.model.q > 1) return fit;
  return Error{ErrorCode::invalid, context + ": values differ so much that they have no mean (q is 1 or less)"};
}

double expected_value(const GammaGamma& model, const Spending& spending) {
  const auto& [p, q, v] = model;
  return p * (v + spending.purchases * spending.mean_value) / (p * spending.purchases + q - 1);
}

}  // namespace tributary
