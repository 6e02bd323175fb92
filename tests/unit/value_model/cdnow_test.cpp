// Fits to the purchases of CDNOW's customers, 1997: of the public tenth as published, and of all.
// Sources: the papers that bg_nbd.h and gamma_gamma.h name. Of all customers no fit is published; SciPy's BFGS, over
// the likelihoods written once more, ends at these numbers.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>
#include <vector>

#include "engine/base/decimal.h"
#include "engine/base/time.h"
#include "engine/value_model/bg_nbd.h"
#include "engine/value_model/gamma_gamma.h"

namespace tributary {
namespace {

constexpr double kCents = 100;
constexpr int kHoldoutWeeks = 39;

enum class Zeros { kept, dropped };

int64_t day_of(const std::string& yyyymmdd) {
  int64_t number = std::stoll(yyyymmdd);
  return days_from_civil(
      {number / 10'000, static_cast<unsigned>(number / 100 % 100), static_cast<unsigned>(number % 100)});
}

/// The customer's id is the first column; day, number of CDs and dollars are the last three.
std::vector<DatedPurchase> purchases_in(const std::string& file, Zeros zeros) {
  std::ifstream in(std::string(TRIBUTARY_TEST_DATA) + "/data/cdnow/" + file);
  EXPECT_TRUE(in) << file;
  std::vector<DatedPurchase> purchases;
  std::string line, word;
  while (std::getline(in, line)) {
    std::istringstream words(line);
    std::vector<std::string> columns;
    while (words >> word) columns.push_back(word);
    if (columns.size() < 4 || columns[0] == "customer_id") continue;
    Decimal dollars = parse_decimal(columns.back()).value();
    EXPECT_EQ(dollars.scale, 2);
    if (dollars.digits == 0 && zeros == Zeros::dropped) continue;
    purchases.push_back({static_cast<uint32_t>(std::stoul(columns[0])), day_of(columns[columns.size() - 3]),
                         static_cast<int64_t>(dollars.digits)});
  }
  return purchases;
}

std::vector<PurchaseHistory> calibration_of(std::vector<DatedPurchase> purchases) {
  auto made = purchase_histories(std::move(purchases), days_from_civil({1997, 9, 30}));
  EXPECT_TRUE(made);
  return *made;
}

void expect_within(double actual, double published, double part, const char* what) {
  EXPECT_NEAR(actual, published, part * published) << what;
}

const PurchaseHistory kTwoRepeats{.repeats = 2, .last_week = 30 + 3.0 / 7, .weeks = 38 + 6.0 / 7};

TEST(DomainSection10, VA7_CdnowMasterIsFitted) {
  auto histories = calibration_of(purchases_in("CDNOW_master.txt", Zeros::dropped));
  EXPECT_EQ(histories.size(), 23'500u);
  auto fit = fit_bg_nbd(histories);
  ASSERT_TRUE(fit) << fit.error().message;
  EXPECT_NEAR(fit->model.r, 0.2527, 0.001);
  EXPECT_NEAR(fit->model.alpha, 4.7976, 0.001);
  EXPECT_NEAR(fit->model.a, 0.7226, 0.001);
  EXPECT_NEAR(fit->model.b, 2.1582, 0.001);
  EXPECT_NEAR(fit->log_likelihood, -95'320.395, 0.001);
  EXPECT_NEAR(expected_purchases(fit->model, histories, kHoldoutWeeks), 16'876, 1);
  EXPECT_NEAR(expected_purchases(fit->model, kTwoRepeats, kHoldoutWeeks), 1.2334, 0.0001);
  EXPECT_NEAR(probability_alive(fit->model, kTwoRepeats), 0.7294, 0.0001);
}

TEST(DomainSection10, VA7_CdnowMasterSpendingIsFitted) {
  auto spendings = repeat_spendings(calibration_of(purchases_in("CDNOW_master.txt", Zeros::dropped)), kCents);
  EXPECT_EQ(spendings.size(), 9449u);
  auto fit = fit_gamma_gamma(spendings);
  ASSERT_TRUE(fit) << fit.error().message;
  EXPECT_NEAR(fit->model.p, 6.2707, 0.001);
  EXPECT_NEAR(fit->model.q, 3.6261, 0.001);
  EXPECT_NEAR(fit->model.v, 15.0034, 0.001);
  EXPECT_NEAR(expected_value(fit->model, {2, 22.35}), 24.6832, 0.0001);
}

TEST(DomainSection10, VA7_CdnowSampleThePublishedFitIsMetWithPurchasesOfNothing) {
  auto histories = calibration_of(purchases_in("CDNOW_sample.txt", Zeros::kept));
  EXPECT_EQ(histories.size(), 2357u);
  auto fit = fit_bg_nbd(histories);
  ASSERT_TRUE(fit) << fit.error().message;
  expect_within(fit->model.r, 0.243, 0.02, "r");
  expect_within(fit->model.alpha, 4.414, 0.02, "alpha");
  expect_within(fit->model.a, 0.793, 0.02, "a");
  expect_within(fit->model.b, 2.426, 0.02, "b");
  EXPECT_NEAR(fit->model.r, 0.2426, 0.0001);
  EXPECT_NEAR(fit->model.alpha, 4.4136, 0.0005);
  EXPECT_NEAR(fit->model.a, 0.7929, 0.0005);
  EXPECT_NEAR(fit->model.b, 2.4259, 0.001);
  EXPECT_NEAR(fit->log_likelihood, -9582.429, 0.001);
}

TEST(DomainSection10, VA7_CdnowSampleIsFittedWithoutPurchasesOfNothing) {
  auto histories = calibration_of(purchases_in("CDNOW_sample.txt", Zeros::dropped));
  EXPECT_EQ(histories.size(), 2349u);
  auto fit = fit_bg_nbd(histories);
  ASSERT_TRUE(fit) << fit.error().message;
  EXPECT_NEAR(fit->model.r, 0.2439, 0.0001);
  EXPECT_NEAR(fit->model.alpha, 4.4224, 0.0005);
  EXPECT_NEAR(fit->model.a, 0.7925, 0.0005);
  EXPECT_NEAR(fit->model.b, 2.4229, 0.001);
  EXPECT_NEAR(fit->log_likelihood, -9578.197, 0.001);
}

TEST(DomainSection10, VA7_CdnowSampleThePublishedFitOfSpendingIsMet) {
  for (Zeros zeros : {Zeros::kept, Zeros::dropped}) {
    auto spendings = repeat_spendings(calibration_of(purchases_in("CDNOW_sample.txt", zeros)), kCents);
    EXPECT_EQ(spendings.size(), 946u);
    auto fit = fit_gamma_gamma(spendings);
    ASSERT_TRUE(fit) << fit.error().message;
    expect_within(fit->model.p, 6.25, 0.02, "p");
    expect_within(fit->model.q, 3.74, 0.02, "q");
    expect_within(fit->model.v, 15.44, 0.02, "v");
    EXPECT_NEAR(fit->model.p, 6.2496, 0.0005);
    EXPECT_NEAR(fit->model.q, 3.7442, 0.0005);
    EXPECT_NEAR(fit->model.v, 15.4435, 0.005);
    EXPECT_NEAR(expected_value(fit->model, {2, 22.35}), 24.6580, 0.0001);
  }
}

}  // namespace
}  // namespace tributary
