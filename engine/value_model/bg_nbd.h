// How often customers buy: the BG/NBD model. A customer who is alive buys at a rate of their own (gamma distributed: r,
// alpha); after each purchase they may leave for good, with a probability of their own (beta distributed: a, b).
// Time is in weeks.
// Source: Fader, Hardie, Lee, "Counting Your Customers" the Easy Way, Marketing Science 24 (2), 2005.
#pragma once

#include <span>

#include "engine/base/result.h"
#include "engine/value_model/purchase_history.h"

namespace tributary {

struct BgNbd {
  double r = 0, alpha = 0, a = 0, b = 0;  // all positive
};

struct BgNbdFit {
  BgNbd model;
  double log_likelihood = 0;
};

constexpr size_t kCustomersToFitMin = 20;

double log_likelihood(const BgNbd& model, std::span<const PurchaseHistory> histories);

/// The model under which these histories are likeliest.
/// Errors: invalid for fewer than kCustomersToFitMin customers, for customers of whom none bought twice, for a history
/// that contradicts itself, and when there is no maximum.
Result<BgNbdFit> fit_bg_nbd(std::span<const PurchaseHistory> histories);

/// The probability that the customer has not left at the end of the calibration; 1 for who bought once.
double probability_alive(const BgNbd& model, const PurchaseHistory& history);

/// How many purchases to expect in the `weeks` behind the calibration: of one customer, and of all together. An empty
/// history stands for a customer who has just made the first purchase.
double expected_purchases(const BgNbd& model, const PurchaseHistory& history, double weeks);
double expected_purchases(const BgNbd& model, std::span<const PurchaseHistory> histories, double weeks);

/// The same with each week's purchases worth less by its distance: 1 / (1 + yearly_discount) for one in a year.
double discounted_purchases(const BgNbd& model, const PurchaseHistory& history, int weeks, double yearly_discount);

}  // namespace tributary
