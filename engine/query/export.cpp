#include "engine/query/export.h"

#include <boost/unordered/unordered_flat_map.hpp>
#include <utility>

#include "engine/query/customer.h"
#include "engine/query/customer_walk.h"

namespace tributary {
namespace {

constexpr size_t kLogBatchBytes = 1 << 20;
constexpr size_t kRecordsPerStep = 4096;        // passed over before the caller is asked again
constexpr size_t kKnownEvidenceMax = 64 << 10;  // of each of two generations

class ProfileWalk : public ProfileExport {
 public:
  ProfileWalk(std::shared_ptr<const StateReader> snapshot, WorkspaceId workspace, RuleSet rules,
              ComputedTraitsAsOf computed)
      : walk_(std::move(snapshot), workspace, std::move(rules)), computed_(std::move(computed)) {}

  Result<ExportStep> next(ProfileView& profile) override {
    auto step = walk_.next();
    if (!step || *step != ExportStep::item) return step;
    auto read = read_profile(walk_.snapshot(), walk_.customer(), computed_);
    if (!read) return read.error();
    profile = std::move(*read);
    return ExportStep::item;
  }

 private:
  CustomerWalk walk_;
  const ComputedTraitsAsOf computed_;
};

/// Whose evidence is, as far as it was asked lately. What is known of a container comes in together, because events of
/// its customers tend to come together.
class OwnersOfEvidence {
 public:
  OwnersOfEvidence(const StateReader& reader, WorkspaceId workspace, const RuleSet& rules)
      : reader_(reader), workspace_(workspace), rules_(rules) {}

  Result<std::optional<CustomerId>> of(const EventView& event) {
    if (const Owner* known = find(event.evidence)) return *known;
    for (const RecordIdentifier& member : event.identifiers) {
      auto vertex = load_vertex(reader_, workspace_, member.hash);
      if (!vertex) return vertex.error();
      if (!*vertex) continue;
      TRIBUTARY_TRY(learn((*vertex)->root));
      // Somebody whom many share may be at home elsewhere than the evidence that names it.
      if (const Owner* known = find(event.evidence)) return *known;
    }
    return Owner{};
  }

 private:
  using Owner = std::optional<CustomerId>;
  using Known = boost::unordered_flat_map<Hash128, Owner, std::hash<Hash128>>;

  const Owner* find(const Hash128& evidence) {
    auto fresh = fresh_.find(evidence);
    if (fresh != fresh_.end()) return &fresh->second;
    auto old = old_.find(evidence);
    if (old == old_.end()) return nullptr;
    return &fresh_.emplace(evidence, old->second).first->second;
  }

  Result<void> learn(const Hash128& root) {
    auto container = load_container(reader_, workspace_, root, rules_);
    if (!container) return container.error();
    if (fresh_.size() + container->evidence.size() > kKnownEvidenceMax) {
      old_ = std::move(fresh_);
      fresh_.clear();
    }
    Clusters clusters = compute_clusters(*container, rules_);
    for (size_t i = 0; i < container->evidence.size(); ++i) {
      uint32_t owner = clusters.of_evidence[i];
      fresh_[container->evidence[i].hash] =
          owner == kNobody ? Owner{} : Owner{CustomerId{clusters.clusters[owner].anchor}};
    }
    return {};
  }

  const StateReader& reader_;
  const WorkspaceId workspace_;
  const RuleSet& rules_;
  Known fresh_, old_;
};

class EventWalk : public EventExport {
 public:
  EventWalk(std::shared_ptr<const StateReader> snapshot, Log& log, WorkspaceId workspace, RuleSet rules, Lsn last,
            Cuts cuts, const EventExportQuery& query)
      : snapshot_(std::move(snapshot)),
        cursor_(log.read(Lsn{1})),
        workspace_(workspace),
        rules_(std::move(rules)),
        last_(last),
        cuts_(std::move(cuts)),
        query_(query),
        owners_(*snapshot_, workspace, rules_) {}

  Result<ExportStep> next(ExportedEvent& event) override {
    if (at_ == records_.size()) {
      auto batch = cursor_->next_batch(kLogBatchBytes);
      if (!batch) return batch.error();
      records_ = std::move(*batch);
      at_ = 0;
      if (records_.empty()) return ExportStep::end;
    }
    for (size_t passed = 0; at_ < records_.size() && passed < kRecordsPerStep; ++passed) {
      const RecordView& record = records_[at_++];
      if (record.lsn > last_) return ExportStep::end;
      if (record.kind != RecordKind::event || record.workspace != workspace_) continue;
      auto taken = take(record, event);
      if (!taken) return taken.error();
      if (*taken) return ExportStep::item;
    }
    return ExportStep::nothing;
  }

 private:
  Result<bool> take(const RecordView& record, ExportedEvent& exported) {
    EventView event;
    TRIBUTARY_TRY(decode_event(record.payload, event));
    if (query_.from && event.occurred_at < *query_.from) return false;
    if (query_.until && event.occurred_at >= *query_.until) return false;
    if (event.identifiers.empty()) return false;
    if (!cuts_.empty()) cuts_.apply_to(event);
    Hash128 home = home_of(members_of(event)).id;
    auto counts = snapshot_->get(Family::timeline, timeline_key(workspace_, home, event.occurred_at, record.lsn), row_);
    if (!counts) return counts.error();
    if (!*counts) return false;
    auto owner = owners_.of(event);
    if (!owner) return owner.error();
    exported.customer = *owner;
    exported.entry = entry_of(record, event);
    return true;
  }

  static TimelineEntry entry_of(const RecordView& record, const EventView& event) {
    TimelineEntry entry;
    entry.type = event.type;
    entry.name = event.name;
    entry.message_id = event.message_id;
    entry.source = event.source;
    entry.channel = event.channel;
    entry.touchpoint = event.touchpoint;
    entry.occurred_at = event.occurred_at;
    entry.received_at = record.received_at;
    entry.flags = event.flags;
    entry.lsn = record.lsn.value();
    entry.json = event.json;
    return entry;
  }

  std::shared_ptr<const StateReader> snapshot_;
  std::unique_ptr<LogCursor> cursor_;
  const WorkspaceId workspace_;
  const RuleSet rules_;
  const Lsn last_;
  const Cuts cuts_;
  const EventExportQuery query_;
  OwnersOfEvidence owners_;
  std::vector<RecordView> records_;
  size_t at_ = 0;
  std::string row_;
};

}  // namespace

std::unique_ptr<ProfileExport> export_profiles(std::shared_ptr<const StateReader> snapshot, WorkspaceId workspace,
                                               RuleSet rules, ComputedTraitsAsOf computed) {
  return std::make_unique<ProfileWalk>(std::move(snapshot), workspace, std::move(rules), std::move(computed));
}

Result<std::unique_ptr<EventExport>> export_events(std::shared_ptr<const StateReader> snapshot, Log& log,
                                                   WorkspaceId workspace, RuleSet rules,
                                                   const EventExportQuery& query) {
  std::string bytes;
  auto found = snapshot->get(Family::meta, kAppliedKey, bytes);
  if (!found) return found.error();
  Lsn last;
  if (*found) {
    auto applied = decode_applied(bytes);
    if (!applied) return applied.error();
    last = applied->lsn;
  }
  auto cuts = load_cut_times(*snapshot, cut_prefix(workspace));
  if (!cuts) return cuts.error();
  return std::unique_ptr<EventExport>(std::make_unique<EventWalk>(std::move(snapshot), log, workspace, std::move(rules),
                                                                  last, std::move(*cuts), query));
}

}  // namespace tributary
