#include "engine/fold/fold.h"

#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/base/check.h"
#include "engine/base/crc32c.h"
#include "engine/profile/computed_trait.h"
#include "engine/profile/rfm_scale.h"

namespace tributary {
namespace {

// A sweep holds up what came meanwhile for so many containers.
constexpr size_t kContainersPerSweep = 256;

// Of the feed, with a group: more than a group adds, so that it gets shorter.
constexpr size_t kTrimmedPerGroup = 1000;

// Shares of the front table: fragments are touched by every event, the rest only by new evidence.
constexpr size_t share(size_t bytes, size_t percent) { return bytes / 100 * percent; }

// A decision that is sent again, because its answer got lost, must not overrule what was decided since.
Hash128 decision_hash(std::string subject, const RecordView& record, const Decision& decision) {
  ByteWriter(subject).u32(record.workspace.value());
  subject += decision.id;
  return Hash128::from_bytes(sha256(subject));
}

ItemOutcome outcome_of_duplicate(RecordKind kind) {
  if (kind == RecordKind::event) return ItemOutcome::duplicate;
  bool decision = kind == RecordKind::assertion || kind == RecordKind::erasure || kind == RecordKind::workspace_fact;
  return decision ? ItemOutcome::accepted : ItemOutcome::rejected;
}

FirstEvent first_of(const EventView& event) {
  return {event.occurred_at, std::string(event.message_id), std::string(event.source)};
}

RecordCause cause_of(const RecordView& record, const EventView& event) {
  ChangeCause cause{CauseKind::event, std::string(event.message_id), std::string(event.source), {}, {}};
  return {record.workspace, record.lsn, record.received_at, std::move(cause)};
}

// One id may stand for an erasure and for its lift, and for the lift of another one.
std::string subject_of(const ErasureRecord& record) {
  const auto* lift = std::get_if<SuppressionLift>(&record);
  return lift == nullptr ? "erasure" : "lift of " + lift->erasure + " ";
}

const Decision& decision_of(const ErasureRecord& record) {
  return std::visit([](const auto& one) -> const Decision& { return one.decision; }, record);
}

RecordCause cause_of(const RecordView& record, const Decision& decision, CauseKind kind) {
  ChangeCause cause{kind, decision.id, {}, decision.author, decision.reason};
  return {record.workspace, record.lsn, record.received_at, std::move(cause)};
}

}  // namespace

Fold::Fold(StateStore& store, const FoldOptions& options, Metrics& metrics)
    : store_(store),
      options_(options),
      metrics_(metrics),
      measure_reader_(options.computed_traits ? options.computed_traits->definitions : std::vector<ComputedTrait>()),
      evidence_(share(options.front_table_bytes, 55)),
      identity_(store, share(options.front_table_bytes, 10), share(options.front_table_bytes, 35), metrics) {}

Result<void> Fold::open() {
  auto applied = store_.applied();
  if (!applied) return applied.error();
  applied_ = *applied;
  store_.set_log_time(applied_.received_at);
  return identity_.open();
}

Result<void> Fold::apply(std::span<const RecordView> records, std::vector<ItemOutcome>& outcomes) {
  if (records.empty()) return {};
  TRIBUTARY_CHECK(records.front().lsn > applied_.lsn);
  begin();
  outcomes.clear();
  TRIBUTARY_TRY(decode(records));
  TRIBUTARY_TRY(prefetch_messages());
  TRIBUTARY_TRY(prefetch_fragments());
  TRIBUTARY_TRY(fold_group(outcomes));
  TRIBUTARY_TRY(identity_.settle());
  put_fragments();
  pending_.lsn = records.back().lsn;
  pending_.received_at = records.back().received_at;
  return commit();
}

void Fold::begin() {
  pending_ = applied_;
  if (batch_ == nullptr) batch_ = store_.make_batch();
  batch_->clear();
  identity_.begin(*batch_, pending_);
}

Result<void> Fold::sweep() {
  begin();
  TRIBUTARY_TRY(identity_.sweep(kContainersPerSweep));
  TRIBUTARY_TRY(identity_.settle());
  return commit();
}

Result<void> Fold::decode(std::span<const RecordView> records) {
  steps_.resize(records.size());
  for (size_t i = 0; i < records.size(); ++i) {
    Step& step = steps_[i];
    step.record = &records[i];
    step.message = step.said = {};
    step.admission = Admission::admitted;
    step.known = nullptr;
    if (step.record->kind == RecordKind::event) {
      if (auto decoded = decode_event(step.record->payload, step.event); !decoded) return decoded.error();
      step.message = step.event.message_hash;
      step.said = step.event.evidence;
      if (identity_.has_cuts()) step.admission = identity_.naming(step.record->workspace).admit(step.event);
    } else if (step.record->kind == RecordKind::rejected_event) {
      auto decoded = decode_rejected(step.record->payload);
      if (!decoded) return decoded.error();
      step.rejected = *decoded;
      step.message = step.rejected.message_hash;
    } else if (step.record->kind == RecordKind::assertion) {
      TRIBUTARY_CHECK(records.size() == 1);
      auto decoded = decode_assertion(step.record->payload);
      if (!decoded) return decoded.error();
      step.assertion = std::move(*decoded);
      step.message = decision_hash("decision", *step.record, step.assertion.decision);
    } else if (step.record->kind == RecordKind::rule_set) {
      TRIBUTARY_CHECK(records.size() == 1);
      auto decoded = decode_rule_set_change(step.record->payload);
      if (!decoded) return decoded.error();
      step.rules = std::move(*decoded);
    } else if (step.record->kind == RecordKind::erasure) {
      TRIBUTARY_CHECK(records.size() == 1);
      auto decoded = decode_erasure(step.record->payload);
      if (!decoded) return decoded.error();
      step.erasure = std::move(*decoded);
      step.message = decision_hash(subject_of(step.erasure), *step.record, decision_of(step.erasure));
    } else if (step.record->kind == RecordKind::position) {
      auto decoded = decode_position(step.record->payload);
      if (!decoded) return decoded.error();
      step.position = std::move(*decoded);
    } else if (step.record->kind == RecordKind::rfm_scale) {
      if (auto decoded = decode_rfm_scale(step.record->payload); !decoded) return decoded.error();
    } else if (step.record->kind == RecordKind::workspace_fact) {
      auto decoded = decode_workspace_fact(step.record->payload);
      if (!decoded) return decoded.error();
      step.workspace_fact = std::move(*decoded);
      step.message = decision_hash("workspace fact", *step.record, step.workspace_fact.decision);
    } else if (step.record->kind == RecordKind::profile_change) {
      auto decoded = decode_profile_change(step.record->payload);
      if (!decoded) return decoded.error();
      step.profile_change = std::move(*decoded);
    } else {
      // Passing over it would leave a state that no later program could tell from a whole one.
      return Error{ErrorCode::corrupt, "record " + std::to_string(step.record->lsn.value()) + " is of kind " +
                                           std::to_string(static_cast<int>(step.record->kind)) +
                                           ", which needs a newer program"};
    }
  }
  return {};
}

Result<void> Fold::prefetch_messages() {
  messages_.clear();
  std::vector<std::string> keys;
  std::vector<Hash128> hashes;
  for (const Step& step : steps_) {
    if (step.message == Hash128{} || step.admission != Admission::admitted) continue;
    keys.push_back(id_key(step.record->workspace, step.message));
    hashes.push_back(step.message);
  }
  std::vector<std::optional<std::string>> rows;
  TRIBUTARY_TRY(store_.multi_get(Family::dedup, keys, rows));
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i]) continue;
    auto row = decode_dedup(*rows[i]);
    if (!row) return row.error();
    messages_.emplace(hashes[i], *row);
  }
  return {};
}

Result<void> Fold::prefetch_fragments() {
  std::vector<std::string> keys;
  std::vector<std::pair<Hash128, EvidenceEntry>> wanted;
  boost::unordered_flat_set<Hash128, std::hash<Hash128>> asked;
  for (Step& step : steps_) {
    if (step.record->kind != RecordKind::event || step.event.identifiers.empty()) continue;
    if (step.admission != Admission::admitted) continue;
    step.known = evidence_.find(step.event.evidence);
    if (step.known != nullptr || !asked.insert(step.event.evidence).second) continue;
    Hash128 home = home_of(members_of(step.event)).id;
    keys.push_back(fragment_key(step.record->workspace, home, step.event.evidence));
    EvidenceEntry& entry = wanted.emplace_back(step.event.evidence, EvidenceEntry{}).second;
    entry.workspace = step.record->workspace;
    entry.home = home;
  }
  metrics_.front_misses.increment(static_cast<double>(wanted.size()));
  metrics_.front_hits.increment(static_cast<double>(steps_.size() - wanted.size()));
  std::vector<std::optional<std::string>> rows;
  TRIBUTARY_TRY(store_.multi_get(Family::fragment, keys, rows));
  for (size_t i = 0; i < rows.size(); ++i) {
    if (!rows[i]) continue;
    auto fragment = decode_fragment(*rows[i]);
    if (!fragment) return fragment.error();
    auto& [hash, entry] = wanted[i];
    entry.fragment = std::move(*fragment);
    size_t bytes = memory_bytes(entry.fragment);
    entry.bytes = bytes;
    evidence_.insert(hash, std::move(entry), bytes);
  }
  return {};
}

Result<void> Fold::fold_group(std::vector<ItemOutcome>& outcomes) {
  outcomes.reserve(steps_.size());
  for (const Step& step : steps_) {
    if (step.admission != Admission::admitted) {
      count_not_taken(step.admission, metrics_);
      outcomes.push_back(ItemOutcome::accepted);  // nobody learns from the answer that somebody was erased
      continue;
    }
    if (is_duplicate(step)) {
      outcomes.push_back(outcome_of_duplicate(step.record->kind));
      continue;
    }
    switch (step.record->kind) {
      case RecordKind::event:
        TRIBUTARY_TRY(fold_event(step));
        outcomes.push_back(ItemOutcome::accepted);
        break;
      case RecordKind::rejected_event:
        fold_rejected(step);
        outcomes.push_back(ItemOutcome::rejected);
        break;
      case RecordKind::position:
        fold_position(step);
        outcomes.push_back(ItemOutcome::accepted);
        break;
      case RecordKind::rfm_scale:
        fold_rfm_scale(step);
        outcomes.push_back(ItemOutcome::accepted);
        break;
      case RecordKind::workspace_fact:
        fold_workspace_fact(step);
        outcomes.push_back(ItemOutcome::accepted);
        break;
      case RecordKind::profile_change:
        TRIBUTARY_TRY(fold_profile_change(step));
        outcomes.push_back(ItemOutcome::accepted);
        break;
      default: {
        auto outcome = fold_decision(step);
        if (!outcome) return outcome.error();
        if (*outcome == ItemOutcome::rejected) forget_message(step);
        outcomes.push_back(*outcome);
      }
    }
    TRIBUTARY_TRY(identity_.end_record());
  }
  return {};
}

// Remembers the message when it is new. The first stored copy wins; the window is measured in log time.
bool Fold::is_duplicate(const Step& step) {
  if (step.message == Hash128{}) return false;
  bool event = step.record->kind == RecordKind::event;
  DedupRow row{step.record->received_at, crc32c(event ? step.event.json : step.record->payload)};
  auto [place, added] = messages_.emplace(step.message, row);
  if (!added) {
    bool inside = row.received_at.micros - place->second.received_at.micros <= options_.dedup_window_micros;
    if (inside) {
      if (event && place->second.content_crc != row.content_crc) metrics_.conflicting_duplicates.increment();
      return true;
    }
    place->second = row;
  }
  buffer_.clear();
  encode(row, buffer_);
  batch_->put(Family::dedup, id_key(step.record->workspace, step.message), buffer_);
  return false;
}

// It had no effect: sent again, it may have one.
void Fold::forget_message(const Step& step) {
  if (messages_.erase(step.message) == 0) return;
  batch_->erase(Family::dedup, id_key(step.record->workspace, step.message));
}

void Fold::fold_rejected(const Step& step) {
  buffer_.clear();
  encode(RejectedRow{step.rejected.code, crc32c(step.rejected.source)}, buffer_);
  batch_->put(Family::rejected, rejected_key(step.record->workspace, step.record->received_at, step.record->lsn),
              buffer_);
}

// The last one counts: a stream that was made anew at the broker begins below where the old one ended.
void Fold::fold_position(const Step& step) {
  buffer_.clear();
  encode_position(step.position, buffer_);
  batch_->put(Family::meta, position_key(step.record->workspace, step.position), buffer_);
}

void Fold::fold_rfm_scale(const Step& step) {
  batch_->put(Family::meta, rfm_scale_key(step.record->workspace), step.record->payload);
}

void Fold::fold_workspace_fact(const Step& step) {
  Fact fact = fact_of(step.workspace_fact, step.message, step.record->received_at);
  buffer_.clear();
  encode_fact(fact, buffer_);
  batch_->put(Family::fact, fact_key(step.record->workspace, kOfWorkspace, kOfWorkspace, fact), buffer_);
  buffer_.clear();
  ByteWriter(buffer_).u64(step.record->lsn.value());
  batch_->put(Family::meta, workspace_facts_key(step.record->workspace), buffer_);
}

Result<void> Fold::fold_profile_change(const Step& step) {
  WorkspaceId workspace = step.record->workspace;
  const ProfileChange& change = step.profile_change;
  auto vertex = load_vertex(store_, workspace, change.customer);
  if (!vertex) return vertex.error();
  if (*vertex && ((*vertex)->out & OutFlags::kNobody) != 0) return {};  // erased since it was noticed
  std::string key = told_key(workspace, change.customer, change.figure);
  auto told = store_.get(Family::history, key, buffer_);
  if (!told) return told.error();
  if (*told && buffer_ == change.to) return {};  // its record came twice
  batch_->put(Family::history, key, change.to);
  if (!change.is_told()) return {};
  buffer_.clear();
  encode(FeedRow{step.record->received_at, change}, buffer_);
  batch_->put(Family::history, feed_key(workspace, step.record->lsn), buffer_);
  return trim_feed(step);
}

// Once in a group, and from where the last one ended: passing over what was erased would cost more each time.
Result<void> Fold::trim_feed(const Step& step) {
  WorkspaceId workspace = step.record->workspace;
  if (!trimmed_.insert(workspace).second) return {};
  auto trimmed = load_feed_trimmed(store_, workspace);
  if (!trimmed) return trimmed.error();
  Lsn last = *trimmed;
  auto rows = store_.scan(Family::history, feed_prefix(workspace));
  rows->seek(feed_key(workspace, next(last)));
  for (size_t gone = 0; rows->valid() && gone < kTrimmedPerGroup; ++gone) {
    auto row = decode_feed(rows->value());
    if (!row) return row.error();
    if (step.record->received_at.micros - row->noticed_at.micros <= kFeedKeptMicros) break;
    last = feed_position(rows->key());
    batch_->erase(Family::history, rows->key());
    rows->next();
  }
  TRIBUTARY_TRY(rows->status());
  if (last == *trimmed) return {};
  buffer_.clear();
  encode_feed_trimmed(last, buffer_);
  batch_->put(Family::meta, feed_trimmed_key(workspace), buffer_);
  return {};
}

// All whom the event names: which of them owns it is known when the container is settled.
void Fold::touch_customers(const Step& step) {
  if (options_.touched == nullptr || !step.event.order) return;
  for (const RecordIdentifier& each : step.event.identifiers) {
    touched_.push_back({step.record->workspace, each.hash, ProfileChangeCause::event});
  }
}

Result<void> Fold::fold_event(const Step& step) {
  // All its identifiers are blocked values: stored, but nobody's.
  if (step.event.identifiers.empty()) return {};
  auto entry = find_or_add_evidence(step);
  if (!entry) return entry.error();
  Fragment& fragment = (*entry)->fragment;
  bool earlier = std::make_tuple(step.event.occurred_at, step.event.message_id) <
                 std::make_tuple(fragment.first_at, std::string_view(fragment.first_message_id));
  TRIBUTARY_TRY(follow_times(step, **entry, earlier && fragment.events > 0));
  tributary::apply(fragment, step.event);
  touch(step.event.evidence, **entry);
  if (step.event.order) join_order(step, (*entry)->home);
  touch_customers(step);
  put_facts(step, (*entry)->home);
  put_measurements(step, **entry);
  put_timeline(step, (*entry)->home);
  return {};
}

Result<Fold::EvidenceEntry*> Fold::find_or_add_evidence(const Step& step) {
  if (step.known != nullptr) return step.known;
  if (EvidenceEntry* known = evidence_.find(step.event.evidence)) return known;  // fetched ahead, or of this group
  Evidence evidence;
  evidence.hash = step.event.evidence;
  if (step.said != evidence.hash) evidence.divided_from = step.said;
  evidence.members = members_of(step.event);
  evidence.first = first_of(step.event);
  evidence.last_at = step.event.occurred_at;
  Hash128 home = home_of(evidence.members).id;
  TRIBUTARY_TRY(identity_.add(std::move(evidence), step.event.identifiers, cause_of(*step.record, step.event)));
  EvidenceEntry entry;
  entry.workspace = step.record->workspace;
  entry.home = home;
  entry.bytes = sizeof(Fragment);
  return &evidence_.insert(step.event.evidence, std::move(entry), sizeof(Fragment));
}

void Fold::touch(const Hash128& evidence, EvidenceEntry& entry) {
  if (entry.dirty) return;
  entry.dirty = true;
  dirty_evidence_.emplace_back(evidence, &entry);
}

// A late event with an earlier time moves links and anchors; any later one may, where whoever came last owns a device.
Result<void> Fold::follow_times(const Step& step, const EvidenceEntry& entry, bool earlier) {
  const Hash128& evidence = step.event.evidence;
  if (earlier) {
    TRIBUTARY_TRY(identity_.set_first(evidence, entry.home, first_of(step.event), cause_of(*step.record, step.event)));
  }
  auto rules = identity_.rules(step.record->workspace);
  if (!rules) return rules.error();
  if (!(*rules)->has_newest()) return {};
  return identity_.set_last(evidence, entry.home, step.event.occurred_at, cause_of(*step.record, step.event));
}

Result<ItemOutcome> Fold::fold_decision(const Step& step) {
  auto decided = decide(step);
  if (!decided) return decided.error();
  return *decided ? ItemOutcome::accepted : ItemOutcome::rejected;
}

Result<bool> Fold::decide(const Step& step) {
  switch (step.record->kind) {
    case RecordKind::assertion: {
      RecordCause cause = cause_of(*step.record, step.assertion.decision, CauseKind::assertion);
      bool cut = step.assertion.subject == AssertionSubject::cut;
      return cut ? fold_cut(step, cause) : identity_.decide(step.assertion, cause);
    }
    case RecordKind::erasure:
      return fold_erasure(step, cause_of(*step.record, decision_of(step.erasure), CauseKind::erasure));
    default:  // rule_set, the last kind of decision
      return identity_.change_rules(step.rules, cause_of(*step.record, step.rules.decision, CauseKind::rules));
  }
}

void Fold::put_timeline(const Step& step, const Hash128& home) {
  buffer_.clear();
  encode(TimelineRow{step.record->received_at, step.event.evidence, step.event.type, crc32c(step.event.source),
                     crc32c(step.event.name)},
         buffer_);
  batch_->put(Family::timeline, timeline_key(step.record->workspace, home, step.event.occurred_at, step.record->lsn),
              buffer_);
}

// The store joins it with what is known of the order: reading that first would cost more than all the rest.
void Fold::join_order(const Step& step, const Hash128& home) {
  buffer_.clear();
  encode_order(step.event, buffer_);
  Hash128 order = step.event.order->order;
  batch_->join(Family::order, order_key(step.record->workspace, home, step.event.evidence, order), buffer_);
}

void Fold::put_facts(const Step& step, const Hash128& home) {
  for (size_t i = 0; i < step.event.facts.size(); ++i) {
    Fact fact = fact_of(step.event, step.record->received_at, i);
    buffer_.clear();
    encode_fact(fact, buffer_);
    batch_->put(Family::fact, fact_key(step.record->workspace, home, step.event.evidence, fact), buffer_);
  }
}

void Fold::put_measurements(const Step& step, EvidenceEntry& entry) {
  for (const auto& [measure, measurement] : measure_reader_.read(step.record->workspace, step.event)) {
    entry.fragment.fact_kinds |= kMeasuredBit;
    buffer_.clear();
    encode_measurement(measurement, buffer_);
    std::string prefix = measure_prefix(step.record->workspace, entry.home, step.event.evidence, measure);
    batch_->put(Family::measure, measure_key(prefix, measurement.at, measurement.message), buffer_);
    metrics_.measurements.increment();
  }
}

void Fold::put_fragments() {
  for (auto& [hash, entry] : dirty_evidence_) {
    entry->dirty = false;
    buffer_.clear();
    encode_fragment(entry->fragment, buffer_);
    batch_->put(Family::fragment, fragment_key(entry->workspace, entry->home, hash), buffer_);
    size_t bytes = memory_bytes(entry->fragment);
    if (bytes != entry->bytes) evidence_.resize(hash, bytes);
    entry->bytes = bytes;
  }
  dirty_evidence_.clear();  // their addresses are good within the group only
}

Result<void> Fold::advance(Lsn lsn) {
  if (lsn <= applied_.lsn) return {};
  begin();
  pending_.lsn = lsn;
  return commit();
}

Result<void> Fold::commit() {
  TRIBUTARY_TRY(store_.commit(*batch_, pending_));
  forget_group();
  return {};
}

void Fold::forget_group() {
  applied_ = pending_;
  trimmed_.clear();
  if (options_.touched != nullptr) {
    identity_.add_touched(touched_);
    if (!touched_.empty()) options_.touched->note(touched_);
    touched_.clear();
  }
  evidence_.evict();
  identity_.forget_group();
}

}  // namespace tributary
