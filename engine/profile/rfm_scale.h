// What the buyers of a workspace are like: the cut points by which recency, frequency and money of one of them are
// scored against all, and the gap between orders that is usual. Source: quintiles as the practice of RFM has them.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/profile/value.h"

namespace tributary {

/// Of scores 2, 3, 4 and 5: the weakest value that reached it. They rise, or stay the same; those at the end are
/// missing when so many values are alike that nobody reached the score.
using CutPoints = std::vector<int64_t>;

/// With w of n values below a value its score is 1 + floor(5w / n): those that are alike share one, and some scores may
/// be nobody's. Sorts the values.
CutPoints cut_points(std::vector<int64_t>& values);

/// 1 to 5: the highest score whose cut point the value reaches.
int score_of(int64_t value, const CutPoints& cuts);

/// How the buyers are whose sums are of one currency: amounts of two can't be compared.
struct CurrencyScale {
  std::string currency;
  uint64_t customers = 0;  // with an order in the window
  CutPoints recency;       // of days since the last order with a minus, because fewer are better
  CutPoints frequency, money, average;
};

struct RfmScale {
  Timestamp computed_at;
  Timestamp as_of;                        // its orders are those up to this moment
  std::optional<int64_t> window_micros;   // as ValueRules has it
  std::vector<CurrencyScale> currencies;  // by name; of very many those with the most buyers
  uint64_t gaps = 0;                      // between two order days of a customer, both of the last 365 days
  std::optional<int64_t> gap_halves;      // half days of the median of all these gaps; nothing: there is none

  /// Null for a currency that nobody bought in.
  const CurrencyScale* of(std::string_view currency) const;
  uint64_t customers() const;  // of all currencies
};

/// Currencies of which a scale is kept. Any three letters are taken for one, so there may be more than there are.
constexpr size_t kScaleCurrenciesMax = 200;

/// Takes one customer after the other and makes a scale of them. Memory: 32 bytes for each that has an order in the
/// window, twice that while it grows.
class RfmPopulation {
 public:
  RfmPopulation(ValueRules rules, Timestamp as_of);

  /// All orders of a customer, in any order.
  void add(const std::vector<Order>& orders);

  /// Ends the population. The order in which customers came plays no part.
  RfmScale scale(Timestamp computed_at);

 private:
  static constexpr size_t kGapDays = 367;
  struct Values {
    std::vector<int64_t> recency, frequency, money, average;
  };

  void add_gaps(const std::vector<Order>& orders);
  std::optional<int64_t> median_gap_halves(uint64_t gaps) const;

  const ValueRules rules_;
  const Timestamp as_of_;
  std::map<std::string, Values> currencies_;
  std::array<uint64_t, kGapDays> gaps_{};  // how many are of so many days
};

/// Payload of a record, and the row that the fold makes of it, version 1 (integers big-endian, text = varint length +
/// bytes):
///
///   u8 version | i64 computed_at | i64 as_of | u8 0, or 1 and i64 window | u64 gaps | u8 0, or 1 and i64 gap_halves |
///   varint n { text currency | u64 customers | four times: varint n { i64 cut point } }
void encode_rfm_scale(const RfmScale& scale, std::string& payload);

/// Errors: corrupt for an unknown version or a cut payload.
Result<RfmScale> decode_rfm_scale(std::string_view payload);

}  // namespace tributary
