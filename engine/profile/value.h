// What a customer is worth: figures that follow from the orders and the time of asking. Nothing of it is stored.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time.h"
#include "engine/base/time_zone.h"
#include "engine/profile/fragment.h"
#include "engine/profile/lifecycle.h"
#include "engine/profile/membership.h"
#include "engine/profile/order.h"

namespace tributary {

struct RfmScale;
struct CurrencyScale;

/// By what recency, frequency and money are scored.
enum class RfmScoring : uint8_t {
  automatic,  // by quintiles once kQuintileCustomers are known, until then by fixed thresholds
  fixed,
  quintiles,  // whenever a scale was computed
};

/// What monetary value is: all that was bought, or what one order is worth on average.
enum class RfmBasis : uint8_t { total, average };

/// Buyers of one currency from whom on quintiles say something.
constexpr uint64_t kQuintileCustomers = 100;

struct ValueRules {
  TimeZone zone;              // of local days
  std::string base_currency;  // empty: of each customer the one of most orders, of several the first by name
  /// Of the orders that recency, frequency and money look at, back from the time of asking.
  std::optional<int64_t> rfm_window_micros = 365 * kMicrosPerDay;  // nothing: all orders
  /// Between two orders, of customers with fewer than three order days. Nothing: as all of the workspace have it.
  std::optional<int64_t> expected_gap_days = {};
  RfmScoring rfm_scoring = RfmScoring::automatic;
  RfmBasis rfm_basis = RfmBasis::total;
  /// A customer's status follows from orders, talks and silence; false: every change takes a decision.
  bool status_by_rule = true;
  LifecycleRules lifecycle = {};
  /// How many features the product has, for the share that a customer uses; 0: nobody said.
  uint64_t features_declared = 0;
  std::vector<SpendTier> spend_tiers = {};  // of customers whom no program told of a tier
};

/// Scores 1 to 5, 5 is best, by a scale or by fixed thresholds.
struct RfmScores {
  int64_t r_days = 0;  // local days since the last order
  uint64_t f_count = 0;
  Int128 m_minor = 0;
  int64_t aov_minor = 0;
  int r_score = 0, f_score = 0, m_score = 0, aov_score = 0;
  std::optional<Timestamp> scale_computed_at;  // nothing: by fixed thresholds
  std::string cell() const;                    // "455"
  std::string_view group() const;              // by R, F and M of 4 or more
};

enum class ChurnBand : uint8_t { none, low, medium, high };
std::string_view churn_band_name(ChurnBand band);

/// Of orders that count, up to the time of asking. Sums are of the base currency alone.
struct CustomerValue {
  std::string currency;  // empty: no order
  uint64_t orders_count = 0;
  uint64_t other_currency_orders = 0;  // of them
  Int128 revenue_minor = 0;            // without what was given back; historic customer lifetime value
  Int128 refunds_minor = 0;            // also of orders that do not count any more
  int64_t aov_minor = 0;               // average order value, half to even
  uint64_t orders_365d = 0;
  Int128 revenue_365d_minor = 0;
  std::optional<Timestamp> first_order_at, last_order_at;
  std::optional<RfmScores> rfm;                // nothing: no order in the window
  std::optional<int64_t> expected_gap_halves;  // half days between two order days; nothing: no order
  int64_t days_since_order = 0;
  ChurnBand churn_band = ChurnBand::none;
  LifecycleStage lifecycle = LifecycleStage::acquisition;
  std::optional<Timestamp> lifecycle_since;  // nothing: from the beginning

  /// Days since the last order over the expected gap, in hundredths, half to even.
  int64_t churn_ratio_hundredths() const;
  /// Of orders within 365 days: high from 5, mid from 2, else low.
  std::string_view repeat_band() const;
};

/// What customers with sums in this currency are scored by; null: by fixed thresholds, as long as there is no scale,
/// it has too few of them, or it was computed over another window. The scale may be null.
const CurrencyScale* scale_in_force(const RfmScale* scale, const ValueRules& rules, std::string_view currency);

/// Orders in any order. The scale is the newest of the workspace, whatever the time of asking; null: there is none.
CustomerValue value_of(const std::vector<Order>& orders, const ValueRules& rules, Timestamp now,
                       const RfmScale* scale = nullptr);

/// Between two order days, however close together they were.
constexpr int64_t kExpectedGapDaysMin = 7;

/// How long after the last of these order days, which rise, the churn band becomes high: three expected gaps. Expected
/// is the middle of their own gaps, and with fewer than three days what the rules or the scale say. The scale may be
/// null.
int64_t high_churn_after_micros(std::span<const int64_t> days, const ValueRules& rules, const RfmScale* scale);

/// The next moment at which time alone may bring another cell: recency comes to a bound, or an order leaves the window
/// or comes into it. `value` is value_of() the same orders, rules, scale and time. Nothing: never.
std::optional<Timestamp> next_rfm_change(const std::vector<Order>& orders, const CustomerValue& value,
                                         const ValueRules& rules, Timestamp now, const RfmScale* scale = nullptr);

/// Local days of the orders, rising, each once.
std::vector<int64_t> order_days(const std::vector<const Order*>& orders, const TimeZone& zone);

}  // namespace tributary
