#include "engine/profile/computed_trait.h"

#include <algorithm>
#include <limits>
#include <tuple>

#include "engine/base/bytes.h"
#include "engine/base/json_out.h"
#include "engine/base/money.h"

namespace tributary {
namespace {

constexpr uint8_t kMeasurementVersion = 1;
constexpr int kAveragePlaces = 6;

std::string json_of(std::string_view text, MeasureType type) {
  std::string out;
  JsonOut json(out);
  if (type == MeasureType::text) {
    json.string(text);
  } else {
    json.raw(text);
  }
  return out;
}

/// Half to even. Nothing when it does not fit.
std::optional<Decimal> divide(Decimal sum, uint64_t count) {
  WideInteger divisor = count;
  for (; sum.scale < kAveragePlaces; ++sum.scale) {
    if (__builtin_mul_overflow(sum.digits, WideInteger{10}, &sum.digits)) return std::nullopt;
  }
  for (; sum.scale > kAveragePlaces; --sum.scale) {
    if (__builtin_mul_overflow(divisor, WideInteger{10}, &divisor)) return std::nullopt;
  }
  WideInteger quotient = sum.digits / divisor, rest = sum.digits % divisor;
  if (rest < 0) rest = -rest;
  bool up = rest > divisor - rest || (rest == divisor - rest && quotient % 2 != 0);
  if (up) quotient += sum.digits < 0 ? -1 : 1;
  return Decimal{quotient, kAveragePlaces};
}

constexpr WideInteger kPartLimit = 1'000'000'000'000'000'000;  // 10^kDecimalScaleMax

WideInteger power_of_ten(int exponent) {
  WideInteger power = 1;
  while (exponent-- > 0) power *= 10;
  return power;
}

/// What stands before the point, and what behind it as a count of 10^-18; both with the number's sign.
std::pair<WideInteger, WideInteger> split(const Decimal& number) {
  WideInteger unit = power_of_ten(number.scale);
  return {number.digits / unit, number.digits % unit * power_of_ten(kDecimalScaleMax - number.scale)};
}

bool is_less(const Decimal& a, const Decimal& b) { return split(a) < split(b); }

// One that overflows is before, or after, everything.
Timestamp earlier_by(Timestamp time, int64_t micros) {
  Timestamp earlier;
  if (__builtin_sub_overflow(time.micros, micros, &earlier.micros)) return {std::numeric_limits<int64_t>::min()};
  return earlier;
}

}  // namespace

TraitPeriod::TraitPeriod(const TraitWindow& window, const std::optional<TimeZone>& zone, Timestamp now)
    : window_(window), zone_(zone), now_(now), begin_{std::numeric_limits<int64_t>::min()} {
  if (window.kind == TraitWindow::Kind::rolling) begin_ = earlier_by(now, window.length - 1);
  if (window.kind != TraitWindow::Kind::days) return;
  first_day_ = day_of(now) - (window.length - 1);
  begin_ = earlier_by(now, (window.length + 1) * kMicrosPerDay);  // a day may have 25 hours, or be one that was skipped
}

bool TraitPeriod::holds(Timestamp at) const {
  if (at > now_ || at < begin_) return false;
  return window_.kind != TraitWindow::Kind::days || day_of(at) >= first_day_;
}

int64_t TraitPeriod::day_of(Timestamp at) const {
  if (zone_) return zone_->local_day(at);
  return at.micros / kMicrosPerDay - (at.micros % kMicrosPerDay < 0 ? 1 : 0);
}

void DecimalSum::add(const Decimal& number) {
  auto [whole, behind] = split(number);
  parts_[0] += behind;
  parts_[1] += whole % kPartLimit;
  parts_[2] += whole / kPartLimit;
}

std::optional<Decimal> DecimalSum::total() const {
  WideInteger parts[3] = {parts_[0], parts_[1], parts_[2]};
  auto carry = [&parts] {
    for (int i = 0; i < 2; ++i) {
      WideInteger rest = (parts[i] % kPartLimit + kPartLimit) % kPartLimit;
      parts[i + 1] += (parts[i] - rest) / kPartLimit;
      parts[i] = rest;
    }
  };
  carry();
  const bool negative = parts[2] < 0;
  if (negative) {
    for (WideInteger& part : parts) part = -part;
    carry();
  }
  int scale = kDecimalScaleMax;
  for (; scale > 0 && parts[0] % 10 == 0; --scale) parts[0] /= 10;
  WideInteger digits = parts[2];
  bool overflows = __builtin_mul_overflow(digits, kPartLimit, &digits);
  overflows |= __builtin_add_overflow(digits, parts[1], &digits);
  overflows |= __builtin_mul_overflow(digits, power_of_ten(scale), &digits);
  overflows |= __builtin_add_overflow(digits, parts[0], &digits);
  if (overflows) return std::nullopt;
  return Decimal{negative ? -digits : digits, scale};
}

void TraitTally::add(const Measurement& measurement) {
  using enum Aggregate;
  switch (aggregate_) {
    case count:
      ++count_;
      return;
    case sum:
    case min:
    case max:
    case average:
      return add_number(measurement);
    case first:
    case last:
      return add_end(measurement);
    case most_frequent:
    case unique_count:
    case unique_list:
      ++count_;
      ++values_[{measurement.text, measurement.type}];
  }
}

void TraitTally::add_number(const Measurement& measurement) {
  if (measurement.type != MeasureType::number && measurement.type != MeasureType::text) return;
  auto number = parse_amount(measurement.text);
  if (!number) return;
  ++count_;
  if (aggregate_ == Aggregate::sum || aggregate_ == Aggregate::average) return sum_.add(*number);
  if (!number_) {
    number_ = number;
  } else if (aggregate_ == Aggregate::min) {
    if (is_less(*number, *number_)) number_ = number;
  } else if (is_less(*number_, *number)) {
    number_ = number;
  }
}

void TraitTally::add_end(const Measurement& measurement) {
  ++count_;
  auto place = [](const Measurement& each) { return std::tie(each.at, each.message); };
  bool wins =
      !end_ || (aggregate_ == Aggregate::first ? place(measurement) < place(*end_) : place(*end_) < place(measurement));
  if (wins) end_ = measurement;
}

// Nothing for one that does not fit, and for all but a sum when nothing was measured.
std::optional<Decimal> TraitTally::number() const {
  if (aggregate_ == Aggregate::min || aggregate_ == Aggregate::max) return number_;
  auto total = sum_.total();
  if (aggregate_ == Aggregate::sum || !total) return total;
  return count_ == 0 ? std::nullopt : divide(*total, count_);
}

std::string TraitTally::list_json() const {
  std::string out;
  JsonOut json(out);
  json.begin_array();
  size_t shown = 0;
  for (const auto& [value, times] : values_) {
    if (shown++ == kUniqueListMax) break;
    json.raw(json_of(value.first, value.second));
  }
  json.end_array();
  return out;
}

std::string TraitTally::most_frequent_json() const {
  const Value* most = nullptr;
  uint64_t most_times = 0;
  for (const auto& [value, times] : values_) {
    if (times <= most_times) continue;
    most = &value;
    most_times = times;
  }
  return most == nullptr ? "null" : json_of(most->first, most->second);
}

ComputedValue TraitTally::value() const {
  using enum Aggregate;
  ComputedValue value;
  value.count = count_;
  switch (aggregate_) {
    case count:
      value.json = std::to_string(count_);
      break;
    case sum:
    case min:
    case max:
    case average:
      if (auto figure = number()) value.json = to_shortest_text(*figure);
      value.complete = value.json != "null" || count_ == 0;
      break;
    case first:
    case last:
      value.json = end_ ? json_of(end_->text, end_->type) : "null";
      break;
    case most_frequent:
      value.json = most_frequent_json();
      break;
    case unique_count:
      value.json = std::to_string(values_.size());
      break;
    case unique_list:
      value.json = list_json();
      value.list_whole = values_.size() <= kUniqueListMax;
  }
  return value;
}

void encode_measurement(const Measurement& measurement, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kMeasurementVersion);
  out.u8(static_cast<uint8_t>(measurement.type));
  out.text(measurement.text);
}

Result<void> decode_measurement(std::string_view bytes, Measurement& measurement) {
  ByteReader in(bytes);
  if (in.u8() != kMeasurementVersion) return Error{ErrorCode::corrupt, "measurement has an unknown version"};
  measurement.type = static_cast<MeasureType>(in.u8());
  measurement.text = in.text();
  if (!in.ok() || !in.at_end()) return Error{ErrorCode::corrupt, "measurement is cut short"};
  return {};
}

}  // namespace tributary
