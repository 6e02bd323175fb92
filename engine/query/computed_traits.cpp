#include "engine/query/computed_traits.h"

#include <algorithm>
#include <optional>

#include "engine/base/quantity.h"
#include "engine/domain/behaviour.h"
#include "engine/query/evidence_rows.h"

namespace tributary {
namespace {

/// One trait while measurements are read.
struct TraitUnderWay {
  const ComputedTrait* trait;
  Hash128 measure;
  TraitPeriod period;
  TraitTally tally;
  size_t left;  // of measurements that it may take
  bool whole = true;
};

/// Traits of one measure, which differ in aggregate or window: each row is read once for all of them.
using SameMeasure = std::vector<TraitUnderWay*>;

std::vector<SameMeasure> by_measure(std::vector<TraitUnderWay>& traits) {
  std::vector<SameMeasure> groups;
  for (TraitUnderWay& each : traits) {
    auto same = [&](const SameMeasure& group) { return group.front()->measure == each.measure; };
    auto group = std::ranges::find_if(groups, same);
    if (group == groups.end()) group = groups.emplace(groups.end());
    group->push_back(&each);
  }
  return groups;
}

Timestamp begin_of(const SameMeasure& group) {
  Timestamp begin = group.front()->period.begin();
  for (const TraitUnderWay* each : group) begin = std::min(begin, each->period.begin());
  return begin;
}

void give_up(SameMeasure& group) {
  for (TraitUnderWay* each : group) each->whole = false;
  group.clear();
}

/// Hands the row to those whose window holds it; who has as much as it may take leaves the group. `left`: rows that may
/// still be read for this answer.
Result<void> hand_out(const EvidenceRows& rows, const MeasurePosition& position, SameMeasure& group, size_t& left) {
  std::optional<Measurement> measurement;
  for (TraitUnderWay* each : group) {
    if (!each->period.holds(position.at)) continue;
    if (each->left == 0) {
      each->whole = false;
      continue;
    }
    if (!measurement) {
      if (left == 0) {
        give_up(group);
        return {};
      }
      --left;
      measurement.emplace();
      measurement->at = position.at;
      measurement->message = position.message;
      TRIBUTARY_TRY(decode_measurement(rows.value(), *measurement));
    }
    --each->left;
    each->tally.add(*measurement);
  }
  std::erase_if(group, [](const TraitUnderWay* each) { return !each->whole; });
  return {};
}

Result<void> add_measurements(EvidenceRows& rows, const std::string& prefix, Timestamp now, SameMeasure& group,
                              size_t& left) {
  if (group.empty()) return {};
  auto to = [&](Timestamp begin) { rows.to(prefix, measure_key(prefix, begin, Hash128{})); };
  to(begin_of(group));
  while (rows.valid()) {
    MeasurePosition position = measure_position(rows.key());
    if (position.at > now) return {};
    size_t takers = group.size();
    TRIBUTARY_TRY(hand_out(rows, position, group, left));
    if (group.empty()) return {};
    // Those that are left may look at later times only.
    if (group.size() < takers && begin_of(group) > position.at) {
      to(begin_of(group));
    } else {
      rows.next();
    }
  }
  return rows.status();
}

}  // namespace

Result<std::vector<ComputedTraitView>> read_computed_traits(const StateReader& reader, WorkspaceId workspace,
                                                            const std::vector<const Evidence*>& measured,
                                                            const ComputedTraits& traits, Timestamp now,
                                                            const MeasurementLimits& limits) {
  std::vector<TraitUnderWay> under_way;
  for (const ComputedTrait& trait : traits.definitions) {
    if (!is_for(trait, workspace)) continue;
    under_way.push_back({&trait, measure_of(trait.rule), TraitPeriod(trait.window, traits.zone, now),
                         TraitTally(trait.aggregate), limits.per_trait});
  }
  std::vector<EvidencePlace> places = places_of(measured);
  EvidenceRows rows(reader, Family::measure);
  size_t left = limits.per_answer;
  for (SameMeasure& group : by_measure(under_way)) {
    const Hash128 measure = group.front()->measure;
    for (const EvidencePlace& each : places) {
      std::string prefix = measure_prefix(workspace, each.home, each.evidence->hash, measure);
      TRIBUTARY_TRY(add_measurements(rows, prefix, now, group, left));
    }
  }
  std::vector<ComputedTraitView> views;
  views.reserve(under_way.size());
  for (const TraitUnderWay& each : under_way) {
    ComputedTraitView& view =
        views.emplace_back(ComputedTraitView{each.trait->name, each.trait->window, each.tally.value()});
    view.value.complete = view.value.complete && each.whole;
  }
  return views;
}

Result<BehaviourFigures> read_behaviour(const StateReader& reader, WorkspaceId workspace,
                                        const std::vector<const Evidence*>& measured, Timestamp now) {
  auto traits = read_computed_traits(reader, workspace, measured, behaviour_traits(), now);
  if (!traits) return traits.error();
  BehaviourFigures figures;
  for (const auto& [name, window, value] : *traits) {
    if (name == kDwellTrait) figures.dwell_ms = parse_decimal(value.json).value_or(Decimal{});
    if (name == kFeaturesTrait)
      figures.features_used = value.count == 0 ? 0 : static_cast<uint64_t>(*parse_integer(value.json));
    figures.complete = figures.complete && value.complete;
  }
  return figures;
}

}  // namespace tributary
