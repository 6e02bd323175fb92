#include "engine/profile/value.h"

#include <algorithm>
#include <array>
#include <limits>
#include <map>

#include "engine/base/money.h"
#include "engine/profile/order_gaps.h"
#include "engine/profile/rfm_scale.h"

namespace tributary {
namespace {

constexpr int64_t kYearMicros = 365 * kMicrosPerDay;
constexpr int64_t kExpectedGapDays = 30;  // until the workspace has a gap
constexpr int kHighScore = 4;

// Thresholds of scores 5, 4, 3, 2; money in units of the currency.
constexpr std::array<int64_t, 4> kRecencyDays = {30, 60, 90, 180};
constexpr std::array<int64_t, 4> kFrequency = {10, 6, 3, 2};
constexpr std::array<int64_t, 4> kMoney = {5000, 2000, 1000, 300};
constexpr std::array<int64_t, 4> kAverage = {1000, 500, 200, 50};

int score_at_least(Int128 value, const std::array<int64_t, 4>& thresholds, int64_t unit) {
  for (size_t i = 0; i < thresholds.size(); ++i) {
    if (value >= Int128{thresholds[i]} * unit) return 5 - static_cast<int>(i);
  }
  return 1;
}

int score_of_recency(int64_t days) {
  for (size_t i = 0; i < kRecencyDays.size(); ++i) {
    if (days <= kRecencyDays[i]) return 5 - static_cast<int>(i);
  }
  return 1;
}

std::string currency_of(const std::vector<const Order*>& orders, const ValueRules& rules) {
  if (!rules.base_currency.empty()) return rules.base_currency;
  std::map<std::string_view, uint64_t> counts;
  for (const Order* order : orders) ++counts[order->currency];
  auto fewer = [](const auto& a, const auto& b) { return a.second < b.second; };
  auto most = std::max_element(counts.begin(), counts.end(), fewer);  // the first of several
  return most == counts.end() ? std::string() : std::string(most->first);
}

int64_t average(Int128 sum, uint64_t count) { return count == 0 ? 0 : divide_half_even(sum, Int128{count}); }

// Half days between order days, the middle of them; nothing for fewer than three days.
std::optional<int64_t> median_gap_halves(std::span<const int64_t> days) {
  OrderGaps gaps;
  for (int64_t day : days) gaps.add(day);
  return gaps.median_halves();
}

void score_by_thresholds(RfmScores& scores, int64_t unit) {
  scores.r_score = score_of_recency(scores.r_days);
  scores.f_score = score_at_least(static_cast<Int128>(scores.f_count), kFrequency, 1);
  scores.m_score = score_at_least(scores.m_minor, kMoney, unit);
  scores.aov_score = score_at_least(scores.aov_minor, kAverage, unit);
}

void score_by_scale(RfmScores& scores, const CurrencyScale& scale) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  scores.r_score = score_of(-scores.r_days, scale.recency);
  scores.f_score = score_of(static_cast<int64_t>(scores.f_count), scale.frequency);
  scores.m_score = score_of(static_cast<int64_t>(std::min(scores.m_minor, Int128{kMost})), scale.money);
  scores.aov_score = score_of(scores.aov_minor, scale.average);
}

RfmScores figures_of(const std::vector<const Order*>& in_window, int64_t days, const std::string& currency) {
  RfmScores scores;
  scores.r_days = days;
  scores.f_count = in_window.size();
  uint64_t summed = 0;
  for (const Order* order : in_window) {
    if (order->currency != currency) continue;
    scores.m_minor += order->value_minor;
    ++summed;
  }
  scores.aov_minor = average(scores.m_minor, summed);
  return scores;
}

// Half days of customers without an own gap.
int64_t usual_gap_halves(const ValueRules& rules, const RfmScale* scale) {
  if (rules.expected_gap_days) return 2 * *rules.expected_gap_days;
  return scale != nullptr ? scale->gap_halves.value_or(2 * kExpectedGapDays) : 2 * kExpectedGapDays;
}

int64_t expected_gap_halves(std::optional<int64_t> own_gap_halves, const ValueRules& rules, const RfmScale* scale) {
  return std::max(own_gap_halves.value_or(usual_gap_halves(rules, scale)), 2 * kExpectedGapDaysMin);
}

ChurnBand band_of(int64_t days, int64_t gap_halves) {
  if (days * 4 < gap_halves * 3) return ChurnBand::low;  // below 1.5 gaps
  return days * 2 < gap_halves * 3 ? ChurnBand::medium : ChurnBand::high;
}

}  // namespace

std::string RfmScores::cell() const {
  return std::to_string(r_score) + std::to_string(f_score) + std::to_string(m_score);
}

std::string_view RfmScores::group() const {
  bool recent = r_score >= kHighScore, frequent = f_score >= kHighScore, much = m_score >= kHighScore;
  if (frequent && much) return recent ? "important_value" : "important_keep";
  if (much) return recent ? "important_develop" : "important_win_back";
  if (frequent) return recent ? "general_value" : "general_keep";
  return recent ? "general_develop" : "general_win_back";
}

std::string_view churn_band_name(ChurnBand band) {
  switch (band) {
    case ChurnBand::none:
      return "none";
    case ChurnBand::low:
      return "low";
    case ChurnBand::medium:
      return "medium";
    case ChurnBand::high:
      return "high";
  }
  return "unknown";
}

std::string_view CustomerValue::repeat_band() const {
  if (orders_365d >= 5) return "high";
  return orders_365d >= 2 ? "mid" : "low";
}

int64_t CustomerValue::churn_ratio_hundredths() const {
  return divide_half_even(Int128{days_since_order} * 200, Int128{expected_gap_halves.value_or(1)});
}

int64_t high_churn_after_micros(std::span<const int64_t> days, const ValueRules& rules, const RfmScale* scale) {
  return 3 * expected_gap_halves(median_gap_halves(days), rules, scale) * (kMicrosPerDay / 2);
}

std::vector<int64_t> order_days(const std::vector<const Order*>& orders, const TimeZone& zone) {
  std::vector<int64_t> days;
  days.reserve(orders.size());
  for (const Order* order : orders) days.push_back(zone.local_day(order->at));
  std::sort(days.begin(), days.end());
  days.erase(std::unique(days.begin(), days.end()), days.end());
  return days;
}

const CurrencyScale* scale_in_force(const RfmScale* scale, const ValueRules& rules, std::string_view currency) {
  if (scale == nullptr || rules.rfm_scoring == RfmScoring::fixed) return nullptr;
  if (scale->window_micros != rules.rfm_window_micros) return nullptr;
  const CurrencyScale* own = scale->of(currency);
  bool too_few = own != nullptr && rules.rfm_scoring == RfmScoring::automatic && own->customers < kQuintileCustomers;
  return too_few ? nullptr : own;
}

std::optional<Timestamp> next_rfm_change(const std::vector<Order>& orders, const CustomerValue& value,
                                         const ValueRules& rules, Timestamp now, const RfmScale* scale) {
  std::optional<Timestamp> next;
  auto consider = [&](Timestamp at) {
    if (at > now && (!next || at < *next)) next = at;
  };
  for (const Order& order : orders) {
    if (!order.counts) continue;
    consider(order.at);
    if (rules.rfm_window_micros) consider(Timestamp{order.at.micros + *rules.rfm_window_micros});
  }
  if (!value.rfm) return next;
  int64_t last_day = rules.zone.local_day(*value.last_order_at);
  auto consider_bound = [&](int64_t days) { consider(rules.zone.time_of(last_day + days + 1, 0)); };
  if (const CurrencyScale* own = scale_in_force(scale, rules, value.currency)) {
    for (int64_t cut : own->recency) consider_bound(-cut);
  } else {
    for (int64_t days : kRecencyDays) consider_bound(days);
  }
  return next;
}

CustomerValue value_of(const std::vector<Order>& orders, const ValueRules& rules, Timestamp now,
                       const RfmScale* scale) {
  std::vector<const Order*> worth, counted, recent, in_window;
  for (const Order& order : orders) {
    if (order.at > now) continue;
    if (order.status != OrderStatus::pending && order.net_minor && !order.test) worth.push_back(&order);
    if (!order.counts) continue;
    counted.push_back(&order);
    if (now.micros - order.at.micros < kYearMicros) recent.push_back(&order);
    if (!rules.rfm_window_micros || now.micros - order.at.micros < *rules.rfm_window_micros)
      in_window.push_back(&order);
  }
  CustomerValue value;
  if (worth.empty()) return value;
  value.currency = currency_of(counted.empty() ? worth : counted, rules);
  for (const Order* order : worth) {
    if (order->currency == value.currency) value.refunds_minor += order->refunded_minor;
  }
  if (counted.empty()) return value;

  value.orders_count = counted.size();
  value.first_order_at = value.last_order_at = counted.front()->at;
  for (const Order* order : counted) {
    value.first_order_at = std::min(*value.first_order_at, order->at);
    value.last_order_at = std::max(*value.last_order_at, order->at);
    if (order->currency == value.currency) {
      value.revenue_minor += order->value_minor;
    } else {
      ++value.other_currency_orders;
    }
  }
  value.aov_minor = average(value.revenue_minor, value.orders_count - value.other_currency_orders);
  value.orders_365d = recent.size();
  for (const Order* order : recent) {
    if (order->currency == value.currency) value.revenue_365d_minor += order->value_minor;
  }
  value.days_since_order = rules.zone.local_day(now) - rules.zone.local_day(*value.last_order_at);
  if (!in_window.empty()) {
    value.rfm = figures_of(in_window, value.days_since_order, value.currency);
    if (const CurrencyScale* own = scale_in_force(scale, rules, value.currency)) {
      score_by_scale(*value.rfm, *own);
      value.rfm->scale_computed_at = scale->computed_at;
    } else {
      score_by_thresholds(*value.rfm, minor_per_unit(value.currency));
    }
    if (rules.rfm_basis == RfmBasis::average) {
      value.rfm->m_minor = value.rfm->aov_minor;
      value.rfm->m_score = value.rfm->aov_score;
    }
  }
  auto own_gap = median_gap_halves(order_days(counted, rules.zone));
  value.expected_gap_halves = expected_gap_halves(own_gap, rules, scale);
  value.churn_band = band_of(value.days_since_order, *value.expected_gap_halves);
  auto history = lifecycle_history(orders, rules, now);
  if (!history.empty()) {
    value.lifecycle = history.back().to;
    value.lifecycle_since = history.back().at;
  }
  return value;
}

}  // namespace tributary
