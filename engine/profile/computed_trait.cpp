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

bool is_less(const Decimal& a, const Decimal& b, bool& fits) {
  auto difference = add(a, negate(b));
  if (!difference) fits = false;
  return difference && difference->digits < 0;
}

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
  if (!number_) {
    number_ = number;
  } else if (aggregate_ == Aggregate::min) {
    if (is_less(*number, *number_, fits_)) number_ = number;
  } else if (aggregate_ == Aggregate::max) {
    if (is_less(*number_, *number, fits_)) number_ = number;
  } else if (auto sum = tributary::add(*number_, *number)) {
    number_ = sum;
  } else {
    fits_ = false;
  }
}

void TraitTally::add_end(const Measurement& measurement) {
  ++count_;
  auto place = [](const Measurement& each) { return std::tie(each.at, each.message); };
  bool wins =
      !end_ || (aggregate_ == Aggregate::first ? place(measurement) < place(*end_) : place(*end_) < place(measurement));
  if (wins) end_ = measurement;
}

std::string TraitTally::number_json() const {
  if (!fits_) return "null";
  if (!number_) return aggregate_ == Aggregate::sum ? "0" : "null";
  if (aggregate_ != Aggregate::average) return to_shortest_text(*number_);
  auto average = divide(*number_, count_);
  return average ? to_shortest_text(*average) : "null";
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
  value.complete = fits_;
  switch (aggregate_) {
    case count:
      value.json = std::to_string(count_);
      break;
    case sum:
    case min:
    case max:
    case average:
      value.json = number_json();
      value.complete = fits_ && (value.json != "null" || !number_);
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
