#include "engine/query/computed_traits.h"

#include <algorithm>

#include "engine/profile/fragment.h"

namespace tributary {
namespace {

/// Where evidence has measurements, by which rows of a measure are found.
struct MeasuredEvidence {
  Hash128 home, evidence;
};

Result<std::vector<MeasuredEvidence>> measured_evidence(const StateReader& reader, const Customer& customer) {
  std::vector<MeasuredEvidence> measured;
  std::string value;
  for (const Evidence* evidence : customer.evidence) {
    Hash128 home = home_of(evidence->members).id;
    auto found = reader.get(Family::fragment, fragment_key(customer.workspace, home, evidence->hash), value);
    if (!found) return found.error();
    if (!*found) continue;
    auto fragment = decode_fragment(value);
    if (!fragment) return fragment.error();
    if ((fragment->fact_kinds & kMeasuredBit) != 0) measured.push_back({home, evidence->hash});
  }
  return measured;
}

/// False when there is more than may be read.
Result<bool> add_measurements(const StateReader& reader, const std::string& prefix, const TraitPeriod& period,
                              size_t& left, TraitTally& tally) {
  auto rows = reader.scan(Family::measure, prefix);
  if (rows->valid()) rows->seek(measure_key(prefix, period.begin(), Hash128{}));
  Measurement measurement;
  for (; rows->valid(); rows->next()) {
    MeasurePosition position = measure_position(rows->key());
    if (position.at > period.end()) break;
    if (!period.holds(position.at)) continue;
    if (left == 0) return false;
    --left;
    measurement.at = position.at;
    measurement.message = position.message;
    TRIBUTARY_TRY(decode_measurement(rows->value(), measurement));
    tally.add(measurement);
  }
  TRIBUTARY_TRY(rows->status());
  return true;
}

}  // namespace

Result<std::vector<ComputedTraitView>> read_computed_traits(const StateReader& reader, const Customer& customer,
                                                            const ComputedTraits& traits, Timestamp now) {
  std::vector<ComputedTraitView> views;
  auto is_ours = [&](const ComputedTrait& trait) { return is_for(trait, customer.workspace); };
  if (std::ranges::none_of(traits.definitions, is_ours)) return views;
  auto measured = measured_evidence(reader, customer);
  if (!measured) return measured.error();
  for (const ComputedTrait& trait : traits.definitions) {
    if (!is_ours(trait)) continue;
    TraitPeriod period(trait.window, traits.zone, now);
    TraitTally tally(trait.aggregate);
    Hash128 measure = measure_of(trait.rule);
    size_t left = kMeasurementsPerTraitMax;
    bool whole = true;
    for (const MeasuredEvidence& each : *measured) {
      auto added = add_measurements(reader, measure_prefix(customer.workspace, each.home, each.evidence, measure),
                                    period, left, tally);
      if (!added) return added.error();
      whole = *added;
      if (!whole) break;
    }
    ComputedTraitView& view = views.emplace_back(ComputedTraitView{trait.name, trait.window, tally.value()});
    view.value.complete = view.value.complete && whole;
  }
  return views;
}

}  // namespace tributary
