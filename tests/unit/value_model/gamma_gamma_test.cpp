#include "engine/value_model/gamma_gamma.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstdlib>
#include <random>
#include <string>

namespace tributary {
namespace {

constexpr GammaGamma kPublished{.p = 6.25, .q = 3.74, .v = 15.44};

TEST(GammaGammaValue, LiesBetweenOwnMeanAndThatOfAll) {
  double all = expected_value(kPublished, {0, 0});
  EXPECT_NEAR(all, kPublished.p * kPublished.v / (kPublished.q - 1), 1e-12);
  EXPECT_NEAR(all, 35.22, 0.005);
  double seldom = expected_value(kPublished, {1, 60}), often = expected_value(kPublished, {50, 60});
  EXPECT_LT(all, seldom);
  EXPECT_LT(seldom, often);
  EXPECT_NEAR(often, 60, 0.5);
}

TEST(GammaGammaLikelihood, EqualsTheFormula) {
  const auto& [p, q, v] = kPublished;
  std::vector<Spending> spendings = {{2, 22.35}, {1, 11.77}, {2, 22.35}, {7, 73.74}};
  double expected = 0;
  for (const auto& [x, z] : spendings) {
    expected += std::log(std::tgamma(p * x + q) / (std::tgamma(p * x) * std::tgamma(q)) * std::pow(v, q) *
                         std::pow(z, p * x - 1) * std::pow(x, p * x) / std::pow(v + x * z, p * x + q));
  }
  EXPECT_NEAR(log_likelihood(kPublished, spendings), expected, 1e-9);
}

std::vector<Spending> simulated(const GammaGamma& model, size_t customers, std::mt19937_64& random) {
  std::gamma_distribution<double> rate(model.q, 1 / model.v);
  std::vector<Spending> spendings;
  for (size_t i = 0; i < customers; ++i) {
    double purchases = static_cast<double>(1 + random() % 6);
    std::gamma_distribution<double> total(model.p * purchases, 1 / rate(random));
    spendings.push_back({purchases, total(random) / purchases});
  }
  return spendings;
}

// Chi-squared with 3 degrees of freedom: above 45 once in a billion runs.
TEST(GammaGammaFit, FindsTheModelThatMadeTheSpendings) {
  uint64_t seed = std::random_device()();
  if (const char* given = std::getenv("TRIBUTARY_SEED")) seed = std::strtoull(given, nullptr, 10);
  SCOPED_TRACE("TRIBUTARY_SEED=" + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (const GammaGamma& model : {GammaGamma{6.25, 3.74, 15.44}, GammaGamma{1.5, 4, 2e6}, GammaGamma{20, 6, 0.5}}) {
    auto spendings = simulated(model, 3000, random);
    auto fit = fit_gamma_gamma(spendings);
    ASSERT_TRUE(fit) << fit.error().message;
    double ratio = 2 * (fit->log_likelihood - log_likelihood(model, spendings));
    EXPECT_GE(ratio, -1e-6) << "v " << model.v;
    EXPECT_LE(ratio, 45) << "v " << model.v;
    double mean = expected_value(model, {0, 0});
    EXPECT_NEAR(expected_value(fit->model, {0, 0}), mean, 0.15 * mean);
  }
}

TEST(GammaGammaFit, DoesNotDependOnTheUnitOfMoney) {
  std::mt19937_64 random(1);
  auto spendings = simulated(kPublished, 500, random);
  auto in_units = fit_gamma_gamma(spendings);
  for (Spending& spending : spendings) spending.mean_value *= 100;
  auto in_cents = fit_gamma_gamma(spendings);
  ASSERT_TRUE(in_units && in_cents);
  EXPECT_NEAR(in_cents->model.p / in_units->model.p, 1, 1e-5);
  EXPECT_NEAR(in_cents->model.q / in_units->model.q, 1, 1e-5);
  EXPECT_NEAR(in_cents->model.v / in_units->model.v, 100, 1e-3);
}

std::string refusal_of(const std::vector<Spending>& spendings) {
  auto fit = fit_gamma_gamma(spendings);
  if (fit) return "fitted";
  EXPECT_EQ(fit.error().code, ErrorCode::invalid);
  return fit.error().message;
}

TEST(GammaGammaFit, TooFewRepeatBuyersAreRefused) {
  EXPECT_EQ(refusal_of({}), "too few repeat buyers: 0, at least 20 are needed");
  EXPECT_EQ(refusal_of(std::vector(19, Spending{1, 1})), "too few repeat buyers: 19, at least 20 are needed");
}

TEST(GammaGammaFit, ValuesThatAreNotPositiveAreRefused) {
  for (Spending wrong : {Spending{1, 0}, Spending{1, -5}, Spending{0, 5}, Spending{1, NAN}, Spending{1, INFINITY}}) {
    std::vector<Spending> spendings(50, Spending{2, 10});
    spendings.back() = wrong;
    EXPECT_EQ(refusal_of(spendings), "a customer's purchases or their value are not positive");
  }
}

TEST(GammaGammaFit, CustomersWhoAllSpendTheSameHaveNoMaximum) {
  std::string message = refusal_of(std::vector(50, Spending{2, 10}));
  EXPECT_NE(message.find("fitting Gamma-Gamma to 50 repeat buyers: the likelihood has no maximum"), std::string::npos)
      << message;
}

TEST(GammaGammaFit, ValuesWithoutAMeanAreRefused) {
  std::mt19937_64 random(1);
  std::string message = refusal_of(simulated({4, 0.6, 10}, 500, random));
  EXPECT_NE(message.find("they have no mean (q is 1 or less)"), std::string::npos) << message;
}

TEST(RepeatSpendings, AreThoseOfWhoSpentAnything) {
  std::vector<PurchaseHistory> histories = {{.customer = 1, .repeats = 2, .mean_repeat_minor = 1234},
                                            {.customer = 2, .repeats = 3, .mean_repeat_minor = 0},
                                            {.customer = 3}};
  auto spendings = repeat_spendings(histories, 100);
  ASSERT_EQ(spendings.size(), 1u);
  EXPECT_EQ(spendings[0].purchases, 2);
  EXPECT_DOUBLE_EQ(spendings[0].mean_value, 12.34);
}

}  // namespace
}  // namespace tributary
