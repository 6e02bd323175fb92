// How much customers spend: the Gamma-Gamma model. What a customer spends per purchase varies around a mean of their
// own (gamma distributed: p), and the means vary between customers (gamma distributed scale: q, v), whoever buys often
// or seldom. Money is in any one unit; v is in the same.
// Source: Fader, Hardie, "The Gamma-Gamma Model of Monetary Value", note 025, 2013.
#pragma once

#include <span>
#include <vector>

#include "engine/base/result.h"
#include "engine/value_model/purchase_history.h"

namespace tributary {

struct GammaGamma {
  double p = 0, q = 0, v = 0;  // all positive
};

struct GammaGammaFit {
  GammaGamma model;
  double log_likelihood = 0;
};

/// What one customer spent.
struct Spending {
  double purchases = 0;   // x
  double mean_value = 0;  // per purchase
};

constexpr size_t kSpendersToFitMin = 20;

/// Of the repeat purchases, of all who spent anything in them. A unit of money has `minor_per_unit` minor ones.
std::vector<Spending> repeat_spendings(std::span<const PurchaseHistory> histories, double minor_per_unit);

double log_likelihood(const GammaGamma& model, std::span<const Spending> spendings);

/// The model under which these spendings are likeliest. It has a finite mean: q > 1.
/// Errors: invalid for fewer than kSpendersToFitMin customers, for purchases or values that are not positive, when
/// there is no maximum, and when the mean is infinite.
Result<GammaGammaFit> fit_gamma_gamma(std::span<const Spending> spendings);

/// What to expect a purchase of this customer to be worth; of one who spent nothing yet it is the mean of all. q > 1.
double expected_value(const GammaGamma& model, const Spending& spending);

}  // namespace tributary
