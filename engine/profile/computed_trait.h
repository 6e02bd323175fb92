// What measurements come to. Every figure is a function of their set: the order in which they are added is of no
// account.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "engine/base/decimal.h"
#include "engine/base/result.h"
#include "engine/domain/computed_trait.h"

namespace tributary {

/// Entries of a unique_list: the smallest ones by their bytes.
constexpr size_t kUniqueListMax = 100;

/// The window's part of time, which ends with `now`.
class TraitPeriod {
 public:
  /// `zone` is of windows of days; none: UTC.
  TraitPeriod(const TraitWindow& window, const std::optional<TimeZone>& zone, Timestamp now);
  /// rolling: (now - length, now]. days: local days of `now` and before. all: up to `now`.
  bool holds(Timestamp at) const;
  /// No earlier time is in the period; a few more may not be either.
  Timestamp begin() const { return begin_; }
  Timestamp end() const { return now_; }  // inclusive

 private:
  int64_t day_of(Timestamp at) const;

  TraitWindow window_;
  const std::optional<TimeZone>& zone_;
  Timestamp now_, begin_;
  int64_t first_day_ = 0;
};

/// The value of a computed trait.
struct ComputedValue {
  std::string json = "null";  // a number, text or boolean, a list of them; `null` when nothing was measured
  uint64_t count = 0;         // measurements in it
  bool complete = true;       // false: there are more than are read, or the sum does not fit 38 digits
  bool list_whole = true;     // false: a unique_list that shows kUniqueListMax of its entries
};

/// Adds decimals without loss, however many and in whatever order: what the sum comes to is a function of their set.
class DecimalSum {
 public:
  void add(const Decimal& number);
  /// With as few places as it needs; nothing for a sum that does not fit a Decimal.
  std::optional<Decimal> total() const;

 private:
  WideInteger parts_[3] = {};  // times 10^-18, 1 and 10^18: room for 10^20 numbers
};

/// Adds up the measurements of one trait. sum, min, max and average take numbers, and texts that spell one; other
/// values do not count for them. Sums are exact; an average is rounded half to even at 6 places. Of first and last,
/// ties in time go by the message's hash; of most_frequent to the smallest value by its bytes.
class TraitTally {
 public:
  explicit TraitTally(Aggregate aggregate) : aggregate_(aggregate) {}
  void add(const Measurement& measurement);
  ComputedValue value() const;

 private:
  using Value = std::pair<std::string, MeasureType>;

  void add_number(const Measurement& measurement);
  void add_end(const Measurement& measurement);
  std::optional<Decimal> number() const;
  std::string list_json() const;
  std::string most_frequent_json() const;

  Aggregate aggregate_;
  uint64_t count_ = 0;
  DecimalSum sum_;
  std::optional<Decimal> number_;  // least or greatest
  std::optional<Measurement> end_;
  std::map<Value, uint64_t> values_;  // with their counts
};

/// The value of a measure row, version 1: what its key does not tell.
void encode_measurement(const Measurement& measurement, std::string& out);
/// Fills what encode_measurement() wrote. Errors: corrupt.
Result<void> decode_measurement(std::string_view bytes, Measurement& measurement);

}  // namespace tributary
