#include "engine/value_model/bg_nbd.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace tributary {
namespace {

constexpr BgNbd kPublished{.r = 0.243, .alpha = 4.414, .a = 0.793, .b = 2.426};

PurchaseHistory history(uint32_t repeats, double last_week, double weeks) {
  return {.repeats = repeats, .last_week = last_week, .weeks = weeks};
}

// Fader, Hardie and Lee's own example, and a customer who bought 26 times and then no more for a day.
TEST(BgNbdExpectation, IsThatOfThePublishedExamples) {
  EXPECT_NEAR(expected_purchases(kPublished, history(2, 30.43, 38.86), 39), 1.2260, 0.0001);
  EXPECT_NEAR(expected_purchases(kPublished, history(26, 30.86, 31), 52), 25.7582, 0.0001);
}

struct Reference {
  BgNbd model;
  uint32_t repeats;
  double last_week, weeks, horizon, expected;
};

// The formula with 120 digits, by mpmath 1.3's hyp2f1: both ways of the computation, denominators near 0, a series
// beyond the range of a number, a long time.
TEST(BgNbdExpectation, EqualsTheFormulaWithManyDigits) {
  const Reference references[] = {
      {{0.243, 4.414, 0.793, 2.426}, 2, 30.43, 38.86, 39, 1.22602817476714},
      {{0.243, 4.414, 0.793, 2.426}, 26, 30.86, 31, 52, 25.7581959364835},
      {{0.243, 4.414, 0.793, 2.426}, 0, 0, 0, 52, 1.4460505953964},
      {{0.243, 4.414, 0.793, 2.426}, 300, 38, 38.86, 520, 488.115820920538},
      {{0.05, 50, 0.01, 0.5}, 0, 0, 39, 1040, 0.568330060961304},
      {{0.25, 4.4, 0.3, 0.05}, 0, 0, 10, 52, 0.380501924066205},
      {{0.25, 0.5, 1.5, 2.4}, 5, 30, 38.86, 1040, 6.35975587694209},
      {{3, 4.4, 1, 2.4}, 5, 30, 38.86, 52, 3.12210777745918},
      {{3, 4.4, 1.0000001, 2.4}, 5, 30, 38.86, 52, 3.12210750600992},
      {{20, 4.4, 1, 2.4}, 5, 30, 38.86, 52, 0.249155936586066},
      {{0.25, 4.4, 0.5, 0.5}, 0, 0, 10, 52, 0.524844178369707},
      {{200, 50, 0.3, 2.4}, 5, 30, 38.86, 52, 6.30388689514024e-7},
      {{20, 4.4, 0.793, 40}, 300, 30, 38.86, 104, 2.75659266105973e-27},
      {{1, 0.5, 2000, 0.5}, 0, 0, 0, 1040, 0.999769346438057},
      {{1, 4.4, 2000, 5000}, 5, 30, 38.86, 52, 1.12619692112839},
      {{3, 4.4, 30, 0.05}, 1, 5, 38.86, 52, 3.67249027488571e-6},
      {{0.25, 4.4, 0.01, 5000}, 1, 5, 38.86, 52, 1.50251844708358},
  };
  for (const Reference& row : references) {
    const auto& [r, alpha, a, b] = row.model;
    double found = expected_purchases(row.model, history(row.repeats, row.last_week, row.weeks), row.horizon);
    double tolerance = std::fabs(a - 1) < 1e-3 ? 1e-5 : 1e-9;
    EXPECT_NEAR(found / row.expected, 1, tolerance)
        << "r " << r << " alpha " << alpha << " a " << a << " b " << b << " x " << row.repeats << " weeks " << row.weeks
        << " horizon " << row.horizon;
  }
}

TEST(BgNbdExpectation, GrowsWithTimeFromNothing) {
  for (auto customer : {history(0, 0, 0), history(0, 0, 30), history(4, 20, 38)}) {
    EXPECT_EQ(expected_purchases(kPublished, customer, 0), 0);
    double before = 0;
    for (int week = 1; week <= 1040; week += 13) {
      double now = expected_purchases(kPublished, customer, week);
      EXPECT_GT(now, before);
      before = now;
    }
  }
}

TEST(BgNbdExpectation, IsTheSumOverCustomers) {
  std::vector<PurchaseHistory> both = {history(0, 0, 30), history(4, 20, 38)};
  EXPECT_DOUBLE_EQ(expected_purchases(kPublished, both, 12),
                   expected_purchases(kPublished, both[0], 12) + expected_purchases(kPublished, both[1], 12));
}

TEST(BgNbdExpectation, DiscountedIsLessByTheDistance) {
  PurchaseHistory customer = history(2, 30.43, 38.86);
  EXPECT_NEAR(discounted_purchases(kPublished, customer, 52, 0), expected_purchases(kPublished, customer, 52), 1e-9);
  double discounted = discounted_purchases(kPublished, customer, 52, 0.1);
  EXPECT_LT(discounted, expected_purchases(kPublished, customer, 52) * std::pow(1.1, -0.4));
  EXPECT_GT(discounted, expected_purchases(kPublished, customer, 52) * std::pow(1.1, -0.5));
}

TEST(BgNbdAlive, WhoBoughtOnceIsAliveAndSilenceCounts) {
  EXPECT_EQ(probability_alive(kPublished, history(0, 0, 38)), 1);
  double recent = probability_alive(kPublished, history(5, 38, 38)),
         silent = probability_alive(kPublished, history(5, 10, 38));
  EXPECT_GT(recent, 0.8);
  EXPECT_LT(silent, 0.2);
  EXPECT_EQ(probability_alive(kPublished, history(100'000, 1, 1000)), 0);
}

// The likelihood as the source writes it, equation 6, for one customer.
double written_out(const BgNbd& model, const PurchaseHistory& customer) {
  const auto& [r, alpha, a, b] = model;
  double x = customer.repeats;
  auto beta = [](double p, double q) { return std::tgamma(p) * std::tgamma(q) / std::tgamma(p + q); };
  double alive = beta(a, b + x) / beta(a, b) * std::tgamma(r + x) * std::pow(alpha, r) /
                 (std::tgamma(r) * std::pow(alpha + customer.weeks, r + x));
  if (x == 0) return std::log(alive);
  double left = beta(a + 1, b + x - 1) / beta(a, b) * std::tgamma(r + x) * std::pow(alpha, r) /
                (std::tgamma(r) * std::pow(alpha + customer.last_week, r + x));
  return std::log(alive + left);
}

TEST(BgNbdLikelihood, EqualsTheFormulaAndGroupsEqualCustomers) {
  std::vector<PurchaseHistory> customers = {history(0, 0, 38),  history(3, 20, 30), history(0, 0, 38),
                                            history(0, 0, 0),   history(3, 21, 30), history(12, 30, 31),
                                            history(3, 20, 30), history(1, 20, 30)};
  double expected = 0;
  for (const PurchaseHistory& customer : customers) expected += written_out(kPublished, customer);
  EXPECT_NEAR(log_likelihood(kPublished, customers), expected, 1e-9);
}

/// Customers who buy and leave as the model says, observed for `weeks_max` or less.
std::vector<PurchaseHistory> simulated(const BgNbd& model, size_t customers, std::mt19937_64& random) {
  std::gamma_distribution<double> rate(model.r, 1 / model.alpha), gamma_a(model.a, 1), gamma_b(model.b, 1);
  std::uniform_real_distribution<double> uniform;
  std::vector<PurchaseHistory> histories;
  for (size_t i = 0; i < customers; ++i) {
    double weeks = 104 - static_cast<double>(random() % 365) / 7, lambda = rate(random);
    double one = gamma_a(random), other = gamma_b(random), leaves = one / (one + other);
    PurchaseHistory made{.customer = static_cast<uint32_t>(i), .weeks = weeks};
    std::exponential_distribution<double> wait(lambda);
    for (double at = wait(random); at <= weeks; at += wait(random)) {
      ++made.repeats;
      made.last_week = at;
      if (uniform(random) < leaves) break;
    }
    histories.push_back(made);
  }
  return histories;
}

// Twice the log of the likelihoods' ratio, fitted over true, has the chi-squared distribution with 4 degrees of
// freedom: above 45 once in 250 million runs.
TEST(BgNbdFit, FindsTheModelThatMadeTheCustomers) {
  uint64_t seed = std::random_device()();
  if (const char* given = std::getenv("TRIBUTARY_SEED")) seed = std::strtoull(given, nullptr, 10);
  SCOPED_TRACE("TRIBUTARY_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  const BgNbd models[] = {{0.5, 6, 0.8, 2.5}, {1.5, 10, 1, 4}, {0.3, 3, 2, 6}};
  for (const BgNbd& model : models) {
    auto histories = simulated(model, 4000, random);
    auto fit = fit_bg_nbd(histories);
    ASSERT_TRUE(fit) << fit.error().message;
    double ratio = 2 * (fit->log_likelihood - log_likelihood(model, histories));
    EXPECT_GE(ratio, -1e-6) << "r " << model.r;
    EXPECT_LE(ratio, 45) << "r " << model.r;
    EXPECT_NEAR(fit->log_likelihood, log_likelihood(fit->model, histories), 1e-6);
    double expected = expected_purchases(model, histories, 52);
    EXPECT_NEAR(expected_purchases(fit->model, histories, 52), expected, 0.25 * expected);
  }
}

std::string refusal_of(const std::vector<PurchaseHistory>& histories) {
  auto fit = fit_bg_nbd(histories);
  if (fit) return "fitted";
  EXPECT_EQ(fit.error().code, ErrorCode::invalid);
  return fit.error().message;
}

TEST(BgNbdFit, TooFewCustomersAreRefused) {
  EXPECT_EQ(refusal_of({}), "too few customers: 0, at least 20 are needed");
  EXPECT_EQ(refusal_of(std::vector(19, history(1, 2, 3))), "too few customers: 19, at least 20 are needed");
}

TEST(BgNbdFit, NobodyWhoBoughtTwiceIsRefused) {
  EXPECT_EQ(refusal_of(std::vector(100, history(0, 0, 30))), "nobody bought twice");
}

TEST(BgNbdFit, HistoriesThatContradictThemselvesAreRefused) {
  for (auto wrong :
       {history(1, 31, 30), history(0, 3, 30), history(2, 0, 30), history(1, -1, 30), history(1, 1, NAN)}) {
    std::vector<PurchaseHistory> histories(50, history(2, 10, 30));
    wrong.customer = 12;
    histories[12] = wrong;
    EXPECT_EQ(refusal_of(histories), "the purchases of customer 12 contradict each other");
  }
}

TEST(BgNbdFit, CustomersWhoAreAllAlikeHaveNoMaximum) {
  std::string message = refusal_of(std::vector(50, history(2, 10, 30)));
  EXPECT_NE(message.find("fitting BG/NBD to 50 customers: the likelihood has no maximum"), std::string::npos)
      << message;
}

}  // namespace
}  // namespace tributary
