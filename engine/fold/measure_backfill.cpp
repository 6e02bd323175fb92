#include "engine/fold/measure_backfill.h"

#include <algorithm>
#include <chrono>
#include <iterator>
#include <thread>

#include "engine/profile/computed_trait.h"
#include "engine/profile/fragment.h"
#include "engine/store/container_rows.h"

namespace tributary {
namespace {

constexpr std::chrono::milliseconds kStallPause{20};
constexpr std::chrono::seconds kBackfillStallMax{30};

}  // namespace

MeasureBackfill::MeasureBackfill(StateStore& store, const std::vector<ComputedTrait>& definitions)
    : store_(store), definitions_(definitions) {
  for (const ComputedTrait& definition : definitions) wanted_.push_back(measure_of(definition.rule));
  std::ranges::sort(wanted_);
  wanted_.erase(std::ranges::unique(wanted_).begin(), wanted_.end());
}

// What is not measured from now on is forgotten before the fold goes on: declared again, it must be read again.
Result<bool> MeasureBackfill::begin() {
  auto applied = store_.applied();
  if (!applied) return applied.error();
  applied_ = *applied;
  std::string bytes;
  auto found = store_.get(Family::meta, kMeasuresKey, bytes);
  if (!found) return found.error();
  MeasuresRow known;
  if (*found) {
    auto row = decode_measures(bytes);
    if (!row) return row.error();
    known = std::move(*row);
  }
  if (known.measures == wanted_) return false;
  if (applied_.lsn == Lsn{}) {  // nothing was folded without them
    TRIBUTARY_TRY(note(wanted_));
    return false;
  }
  std::vector<Hash128> kept;
  std::ranges::set_intersection(known.measures, wanted_, std::back_inserter(kept));
  std::ranges::set_difference(wanted_, kept, std::back_inserter(missing_));
  TRIBUTARY_TRY(note(std::move(kept)));
  if (missing_.empty()) return false;
  std::erase_if(definitions_, [this](const ComputedTrait& each) {
    return !std::ranges::binary_search(missing_, measure_of(each.rule));
  });
  reader_ = std::make_unique<MeasureReader>(definitions_);
  return true;
}

Result<void> MeasureBackfill::add(std::span<const RecordView> records) {
  batch_ = store_.make_batch();
  marked_.clear();
  EventView event;
  for (const RecordView& record : records) {
    if (record.kind != RecordKind::event || record.lsn > applied_.lsn) continue;
    TRIBUTARY_TRY(decode_event(record.payload, event));
    if (!event.identifiers.empty()) TRIBUTARY_TRY(add_event(record, event));
  }
  return commit(*batch_);
}

Result<void> MeasureBackfill::add_event(const RecordView& record, const EventView& event) {
  const auto& said = reader_->read(record.workspace, event);
  if (said.empty()) return {};
  auto cuts = cuts_of(record.workspace);
  if (!cuts) return cuts.error();
  EventView now = event;
  if (!(*cuts)->empty()) (*cuts)->apply_to(now);
  Hash128 home = home_of(members_of(now)).id;
  auto counts =
      store_.get(Family::timeline, timeline_key(record.workspace, home, now.occurred_at, record.lsn), buffer_);
  if (!counts) return counts.error();
  if (!*counts) return {};
  auto row = decode_timeline(buffer_);
  if (!row) return row.error();
  for (const auto& [measure, measurement] : said) {
    buffer_.clear();
    encode_measurement(measurement, buffer_);
    std::string prefix = measure_prefix(record.workspace, home, row->evidence, measure);
    batch_->put(Family::measure, measure_key(prefix, measurement.at, measurement.message), buffer_);
  }
  return mark_fragment(record.workspace, home, row->evidence);
}

Result<void> MeasureBackfill::mark_fragment(WorkspaceId workspace, const Hash128& home, const Hash128& evidence) {
  std::string key = fragment_key(workspace, home, evidence);
  if (!marked_.insert(key).second) return {};
  auto found = store_.get(Family::fragment, key, buffer_);
  if (!found) return found.error();
  if (!*found) return Error{ErrorCode::corrupt, "evidence without a fragment: " + base32(evidence)};
  auto fragment = decode_fragment(buffer_);
  if (!fragment) return fragment.error();
  if ((fragment->fact_kinds & kMeasuredBit) != 0) return {};
  fragment->fact_kinds |= kMeasuredBit;
  buffer_.clear();
  encode_fragment(*fragment, buffer_);
  batch_->put(Family::fragment, key, buffer_);
  return {};
}

Result<const Cuts*> MeasureBackfill::cuts_of(WorkspaceId workspace) {
  auto known = cuts_.find(workspace);
  if (known == cuts_.end()) {
    auto cuts = load_cut_times(store_, cut_prefix(workspace));
    if (!cuts) return cuts.error();
    known = cuts_.emplace(workspace, std::move(*cuts)).first;
  }
  return &known->second;
}

Result<void> MeasureBackfill::finish() { return note(wanted_); }

Result<void> MeasureBackfill::note(std::vector<Hash128> measures) {
  auto batch = store_.make_batch();
  buffer_.clear();
  encode(MeasuresRow{std::move(measures)}, buffer_);
  batch->put(Family::meta, kMeasuresKey, buffer_);
  return commit(*batch);
}

Result<void> MeasureBackfill::commit(StateBatch& batch) {
  auto began = std::chrono::steady_clock::now();
  while (true) {
    auto committed = store_.commit(batch, applied_);
    if (committed || committed.error().code != ErrorCode::overloaded) return committed;
    if (std::chrono::steady_clock::now() - began > kBackfillStallMax) return committed;
    std::this_thread::sleep_for(kStallPause);
  }
}

}  // namespace tributary
