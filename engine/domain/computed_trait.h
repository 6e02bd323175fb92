// Traits that users declare: a figure over the events of a customer that pass a filter, within a window.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/keyed_hash.h"
#include "engine/base/strong_id.h"
#include "engine/base/time_zone.h"
#include "engine/domain/event.h"

namespace tributary {

enum class Aggregate : uint8_t {
  count,
  sum,
  min,
  max,
  average,
  first,
  last,
  most_frequent,
  unique_count,
  unique_list,
};

/// What one property of an event must be like.
struct PropertyCondition {
  enum class Test : uint8_t { is, is_not, at_least, at_most, exists, one_of };
  std::vector<std::string> path;  // names of members, the first `properties`, `traits` or `context`
  Test test = Test::is;
  std::vector<std::string> values;  // one; of one_of 1..; of exists "true" or "false"
  friend bool operator==(const PropertyCondition&, const PropertyCondition&) = default;
};

/// Which events are measured, and what of them. Definitions that agree in this share their measurements.
struct MeasureRule {
  std::optional<WorkspaceId> workspace;  // none: of every one
  EventType type = EventType::track;
  std::string name;  // of a track, as the catalogue spells it
  std::vector<PropertyCondition> where;
  std::vector<std::string> value;          // path as of a condition; empty: only that there was an event
  std::optional<int64_t> value_most = {};  // a number above it counts as this
  friend bool operator==(const MeasureRule&, const MeasureRule&) = default;
};

/// Names what a rule measures, in every store and program. Stored: the text under it must never change.
Hash128 measure_of(const MeasureRule& rule);

/// The part of time that counts, up to a moment that the reader gives.
struct TraitWindow {
  enum class Kind : uint8_t { all, rolling, days };
  Kind kind = Kind::all;
  int64_t length = 0;  // rolling: microseconds; days: the local day of the moment and those before it, together so many
  friend bool operator==(const TraitWindow&, const TraitWindow&) = default;
};

/// One definition.
struct ComputedTrait {
  std::string name;  // unique in its workspace
  Aggregate aggregate = Aggregate::count;
  MeasureRule rule;
  TraitWindow window;
  friend bool operator==(const ComputedTrait&, const ComputedTrait&) = default;
};

constexpr size_t kComputedTraitsMax = 200;

struct ComputedTraits {
  std::vector<ComputedTrait> definitions;  // sorted by name
  std::optional<TimeZone> zone;            // of windows of days; none: UTC
};

bool is_for(const ComputedTrait& trait, WorkspaceId workspace);

/// What an event says for a rule. Stored: never renumber.
enum class MeasureType : uint8_t { nothing = 0, text = 1, number = 2, boolean = 3 };

/// Longer texts are not measured.
constexpr size_t kMeasureTextMax = 256;

struct Measurement {
  Timestamp at;
  Hash128 message;  // keyed hash of source and message id
  MeasureType type = MeasureType::nothing;
  std::string text;  // a number in its shortest exact spelling, so that 1, 1.0 and 1e0 are one value
};

/// As definitions spell them: `sum`, `most_frequent`; `30d`, `30cd`, `all`.
std::string_view aggregate_name(Aggregate aggregate);
std::optional<Aggregate> parse_aggregate(std::string_view name);
std::string window_text(const TraitWindow& window);
std::string_view test_name(PropertyCondition::Test test);

}  // namespace tributary
