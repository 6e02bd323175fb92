#include "engine/profile/rfm_scale.h"

#include <algorithm>
#include <limits>
#include <tuple>
#include <utility>

#include "engine/base/bytes.h"

namespace tributary {
namespace {

constexpr uint8_t kScaleVersion = 1;
constexpr size_t kScores = 5;
constexpr int64_t kGapWindowMicros = 365 * kMicrosPerDay;

int64_t clamp_to_64_bits(Int128 value) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  return value > kMost ? kMost : static_cast<int64_t>(value);
}

void write_cuts(const CutPoints& cuts, ByteWriter& out) {
  out.varint(cuts.size());
  for (int64_t cut : cuts) out.i64(cut);
}

CutPoints read_cuts(ByteReader& in) {
  CutPoints cuts;
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) cuts.push_back(in.i64());
  return cuts;
}

void write_optional(const std::optional<int64_t>& number, ByteWriter& out) {
  out.u8(number ? 1 : 0);
  if (number) out.i64(*number);
}

std::optional<int64_t> read_optional(ByteReader& in) {
  if (in.u8() == 0) return std::nullopt;
  return in.i64();
}

bool has_fewer_customers(const CurrencyScale& a, const CurrencyScale& b) {
  return std::tie(b.customers, a.currency) < std::tie(a.customers, b.currency);
}

}  // namespace

CutPoints cut_points(std::vector<int64_t>& values) {
  std::sort(values.begin(), values.end());
  CutPoints cuts;
  for (size_t score = 2; score <= kScores; ++score) {
    // 1 + floor(5w / n) is this score or more when at least this many values are below.
    size_t below = ((score - 1) * values.size() + kScores - 1) / kScores;
    if (below == 0) break;
    auto weakest = std::upper_bound(values.begin(), values.end(), values[below - 1]);
    if (weakest == values.end()) break;
    cuts.push_back(*weakest);
  }
  return cuts;
}

int score_of(int64_t value, const CutPoints& cuts) {
  return 1 + static_cast<int>(std::upper_bound(cuts.begin(), cuts.end(), value) - cuts.begin());
}

const CurrencyScale* RfmScale::of(std::string_view currency) const {
  auto found = std::find_if(currencies.begin(), currencies.end(),
                            [&](const CurrencyScale& each) { return each.currency == currency; });
  return found == currencies.end() ? nullptr : &*found;
}

uint64_t RfmScale::customers() const {
  uint64_t customers = 0;
  for (const CurrencyScale& each : currencies) customers += each.customers;
  return customers;
}

RfmPopulation::RfmPopulation(ValueRules rules, Timestamp as_of) : rules_(std::move(rules)), as_of_(as_of) {}

void RfmPopulation::add(const std::vector<Order>& orders) {
  CustomerValue value = value_of(orders, rules_, as_of_);
  add_gaps(orders);
  if (!value.rfm) return;
  Values& values = currencies_[value.currency];
  values.recency.push_back(-value.rfm->r_days);
  values.frequency.push_back(static_cast<int64_t>(value.rfm->f_count));
  values.money.push_back(clamp_to_64_bits(value.rfm->m_minor));
  values.average.push_back(value.rfm->aov_minor);
}

void RfmPopulation::add_gaps(const std::vector<Order>& orders) {
  std::vector<const Order*> recent;
  for (const Order& order : orders) {
    bool within = order.at <= as_of_ && as_of_.micros - order.at.micros < kGapWindowMicros;
    if (order.counts && within) recent.push_back(&order);
  }
  std::vector<int64_t> days = order_days(recent, rules_.zone);
  for (size_t i = 1; i < days.size(); ++i) ++gaps_.at(static_cast<size_t>(days[i] - days[i - 1]));
}

std::optional<int64_t> RfmPopulation::median_gap_halves(uint64_t gaps) const {
  if (gaps == 0) return std::nullopt;
  auto days_at = [this](uint64_t place) {
    int64_t days = 0;
    for (uint64_t passed = gaps_[0]; passed <= place; passed += gaps_.at(static_cast<size_t>(days))) ++days;
    return days;
  };
  return days_at((gaps - 1) / 2) + days_at(gaps / 2);
}

RfmScale RfmPopulation::scale(Timestamp computed_at) {
  RfmScale scale;
  scale.computed_at = computed_at;
  scale.as_of = as_of_;
  scale.window_micros = rules_.rfm_window_micros;
  for (uint64_t count : gaps_) scale.gaps += count;
  scale.gap_halves = median_gap_halves(scale.gaps);
  for (auto& [currency, values] : currencies_) {
    CurrencyScale& each = scale.currencies.emplace_back();
    each.currency = currency;
    each.customers = values.recency.size();
    each.recency = cut_points(values.recency);
    each.frequency = cut_points(values.frequency);
    each.money = cut_points(values.money);
    each.average = cut_points(values.average);
  }
  auto by_name = [](const CurrencyScale& a, const CurrencyScale& b) { return a.currency < b.currency; };
  if (scale.currencies.size() > kScaleCurrenciesMax) {
    std::sort(scale.currencies.begin(), scale.currencies.end(), has_fewer_customers);
    scale.currencies.resize(kScaleCurrenciesMax);
    std::sort(scale.currencies.begin(), scale.currencies.end(), by_name);
  }
  return scale;
}

void encode_rfm_scale(const RfmScale& scale, std::string& payload) {
  ByteWriter out(payload);
  out.u8(kScaleVersion);
  out.i64(scale.computed_at.micros);
  out.i64(scale.as_of.micros);
  write_optional(scale.window_micros, out);
  out.u64(scale.gaps);
  write_optional(scale.gap_halves, out);
  out.varint(scale.currencies.size());
  for (const CurrencyScale& each : scale.currencies) {
    out.text(each.currency);
    out.u64(each.customers);
    for (const CutPoints* cuts : {&each.recency, &each.frequency, &each.money, &each.average}) write_cuts(*cuts, out);
  }
}

Result<RfmScale> decode_rfm_scale(std::string_view payload) {
  ByteReader in(payload);
  if (in.u8() != kScaleVersion) return Error{ErrorCode::corrupt, "RFM scale has an unknown version"};
  RfmScale scale;
  scale.computed_at = Timestamp{in.i64()};
  scale.as_of = Timestamp{in.i64()};
  scale.window_micros = read_optional(in);
  scale.gaps = in.u64();
  scale.gap_halves = read_optional(in);
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    CurrencyScale& each = scale.currencies.emplace_back();
    each.currency = in.text();
    each.customers = in.u64();
    for (CutPoints* cuts : {&each.recency, &each.frequency, &each.money, &each.average}) *cuts = read_cuts(in);
  }
  if (!in.ok() || !in.at_end()) return Error{ErrorCode::corrupt, "RFM scale is cut short"};
  return scale;
}

}  // namespace tributary
