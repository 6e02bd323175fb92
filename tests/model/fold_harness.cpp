#include "tests/model/fold_harness.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "engine/base/check.h"
#include "engine/query/export.h"

namespace tributary::model {
namespace {

constexpr size_t kWholeTimeline = 100'000;

CustomerLine line_of(const ProfileView& view) {
  CustomerLine line;
  for (const IdentifierView& id : view.identifiers) {
    std::optional<int64_t> from;
    if (id.from) from = id.from->micros;
    line.identifiers.push_back({kind_name(id.kind), id.value, from, id.trust == Trust::verified, id.first_seen.micros,
                                id.last_seen.micros, id.events, id.shared});
  }
  std::sort(line.identifiers.begin(), line.identifiers.end());
  for (const TraitView& trait : view.traits) {
    TraitLine value{trait.value_json, trait.source, trait.message_id, trait.occurred_at.micros};
    TRIBUTARY_CHECK(line.traits.emplace(trait.key, value).second);
  }
  for (const EventCountView& count : view.event_counts) {
    TRIBUTARY_CHECK(line.event_counts.emplace(count.name, count.events).second);
  }
  for (const Fact& fact : view.facts) {
    std::string said =
        fmt::format("{}.{} {} at {} trust {} by {}/{}", static_cast<int>(fact.kind), static_cast<int>(fact.act),
                    fact.subject_text, fact.at.micros, static_cast<int>(fact.trust), fact.source, fact.message_id);
    for (const FactValue& value : fact.values) said += fmt::format(" {}={}", value.field, value.text);
    line.facts.push_back(std::move(said));
  }
  std::sort(line.facts.begin(), line.facts.end());
  for (const Order& order : view.orders) {
    line.orders.push_back({order.order_namespace + "/" + order.order_id, order.currency, order.net_minor.value_or(-1),
                           order.refunded_minor, order.value_minor, order.at.micros, order.counts,
                           order.status == OrderStatus::pending, order.status == OrderStatus::cancelled});
  }
  std::sort(line.orders.begin(), line.orders.end());
  line.channels = view.channels;
  line.events = view.events;
  line.first_seen = view.first_seen.micros;
  line.last_seen = view.last_seen.micros;
  return line;
}

}  // namespace

FoldHarness::FoldHarness(const KeyedHash& index_key, HarnessOptions options)
    : index_key_(&index_key), options_(std::move(options)) {
  if (options_.directory.empty()) {
    own_directory_ = std::make_unique<TempDirectory>();
    options_.directory = own_directory_->path() + "/state";
  }
  open_store();
}

void FoldHarness::open_store() {
  store_ = must(StateStore::open({options_.directory, options_.fold.dedup_window_micros, false}, memory_));
  restart(options_.fold);
  last_lsn_ = std::max(last_lsn_, fold_->applied().lsn.value());
}

void FoldHarness::restart(FoldOptions options) {
  options_.fold = options;
  fold_ = std::make_unique<Fold>(*store_, options, metrics_);
  must(fold_->open());
  fold_->read_again_from(log_);
}

void FoldHarness::reopen() {
  fold_.reset();
  store_.reset();
  open_store();
}

void FoldHarness::append(Record record, std::vector<std::string>& payloads, std::vector<RecordView>& views) {
  Lsn lsn{++last_lsn_};
  log_.put(lsn, record.kind, record.payload, record.workspace, record.received_at);
  payloads.push_back(std::move(record.payload));
  views.push_back({lsn, record.kind, record.workspace, PartitionId{0}, record.received_at, {}});
}

std::vector<ItemOutcome> FoldHarness::apply(std::vector<std::string>& payloads, std::vector<RecordView>& views) {
  for (size_t i = 0; i < views.size(); ++i) views[i].payload = payloads[i];
  std::vector<ItemOutcome> outcomes;
  must(fold_->apply(views, outcomes));
  TRIBUTARY_CHECK(outcomes.size() == views.size());
  return outcomes;
}

std::vector<ItemOutcome> FoldHarness::fold(WorkspaceId workspace, const std::vector<Event>& events) {
  std::vector<std::string> payloads;
  std::vector<RecordView> views;
  for (const Event& event : events) {
    Record record{RecordKind::event, workspace, PartitionId{0}, event.received_at, {}};
    encode_event(event, *index_key_, record.payload);
    append(std::move(record), payloads, views);
  }
  return apply(payloads, views);
}

ItemOutcome FoldHarness::notice(WorkspaceId workspace, const ProfileChange& change, Timestamp at) {
  std::vector<std::string> payloads;
  std::vector<RecordView> views;
  Record written{RecordKind::profile_change, workspace, PartitionId{0}, at, {}};
  encode_profile_change(change, written.payload);
  append(std::move(written), payloads, views);
  return apply(payloads, views).front();
}

std::vector<ItemOutcome> FoldHarness::fold_rejected(WorkspaceId workspace, const std::vector<Rejected>& rejected) {
  std::vector<std::string> payloads;
  std::vector<RecordView> views;
  for (const Rejected& item : rejected) {
    Record record{RecordKind::rejected_event, workspace, PartitionId{0}, item.received_at, {}};
    encode_rejected(item, *index_key_, record.payload);
    append(std::move(record), payloads, views);
  }
  return apply(payloads, views);
}

void FoldHarness::decide(WorkspaceId workspace, const Assertion& assertion) {
  TRIBUTARY_CHECK(try_to_decide(workspace, assertion) == ItemOutcome::accepted);
}

ItemOutcome FoldHarness::try_to_decide(WorkspaceId workspace, const Assertion& assertion) {
  std::vector<std::string> payloads;
  std::vector<RecordView> views;
  Record record{RecordKind::assertion, workspace, PartitionId{0}, fold_->applied().received_at, {}};
  encode_assertion(assertion, record.payload);
  append(std::move(record), payloads, views);
  return apply(payloads, views).front();
}

void FoldHarness::change_rules(WorkspaceId workspace, const Rules& rules) {
  finish_sweeps();
  uint32_t active = must(load_rules(*store_, workspace)).version;
  std::vector<std::string> payloads;
  std::vector<RecordView> views;
  Record record{RecordKind::rule_set, workspace, PartitionId{0}, fold_->applied().received_at, {}};
  RuleSetChange change{
      active, {Timestamp{}, "rules-" + std::to_string(active + 1), "test", "test"}, encode_rules(rules)};
  encode_rule_set_change(change, record.payload);
  append(std::move(record), payloads, views);
  TRIBUTARY_CHECK(apply(payloads, views).front() == ItemOutcome::accepted);
  if (sweeps_at_once_) finish_sweeps();
}

Erasure FoldHarness::erase(WorkspaceId workspace, const Identifier& identifier, Decision decision) {
  finish_sweeps();
  RuleSet rules = this->rules(workspace);
  Hash128 now = must(named_at(*store_, workspace, identifier_hash(*index_key_, identifier), std::nullopt));
  Erasure erasure = must(list_for_erasure(*store_, must(find_customer(*store_, workspace, now, rules)), rules));
  erasure.decision = std::move(decision);
  TRIBUTARY_CHECK(erase(workspace, erasure) == ItemOutcome::accepted);
  return erasure;
}

ItemOutcome FoldHarness::erase(WorkspaceId workspace, const ErasureRecord& record) {
  std::vector<std::string> payloads;
  std::vector<RecordView> views;
  Record written{RecordKind::erasure, workspace, PartitionId{0}, fold_->applied().received_at, {}};
  encode_erasure(record, written.payload);
  append(std::move(written), payloads, views);
  return apply(payloads, views).front();
}

void FoldHarness::finish_sweeps() {
  while (fold_->sweeping()) must(fold_->sweep());
}

RuleSet FoldHarness::rules(WorkspaceId workspace) { return must(RulesReader().rules(*store_, workspace)); }

// An export is everything that was read one by one, once.
void FoldHarness::check_exports(WorkspaceId workspace, std::shared_ptr<const StateReader> snapshot,
                                const RuleSet& rules, const Export& all) {
  std::map<std::string, CustomerLine> profiles;
  auto profile_export = export_profiles(snapshot, workspace, rules);
  ProfileView profile;
  for (auto step = must(profile_export->next(profile)); step != ExportStep::end;
       step = must(profile_export->next(profile))) {
    if (step != ExportStep::item) continue;
    bool added = profiles.emplace(profile.id.text(), line_of(profile)).second;
    if (!added) throw std::runtime_error("exported twice: " + profile.id.text());
  }
  auto event_export = must(export_events(snapshot, log_, workspace, rules, {}));
  ExportedEvent event;
  for (auto step = must(event_export->next(event)); step != ExportStep::end; step = must(event_export->next(event))) {
    if (step != ExportStep::item || !event.customer) continue;
    auto customer = profiles.find(event.customer->text());
    if (customer == profiles.end()) throw std::runtime_error("event of nobody: " + event.customer->text());
    customer->second.timeline.push_back(event.entry.source + "/" + event.entry.message_id);
  }
  auto sorted = [](std::map<std::string, CustomerLine> customers) {
    for (auto& [id, line] : customers) std::sort(line.timeline.begin(), line.timeline.end());
    return customers;
  };
  if (sorted(std::move(profiles)) != sorted(all.customers)) throw std::runtime_error("an export differs from reading");
}

Export FoldHarness::read_all(WorkspaceId workspace) {
  finish_sweeps();
  Export all;
  auto snapshot = store_->snapshot();
  RuleSet rules = must(RulesReader().rules(*snapshot, workspace));
  std::set<Hash128> roots;
  std::string prefix = id_key(workspace, Hash128{}).substr(0, 4);
  for (auto rows = snapshot->scan(Family::vertex, prefix); rows->valid(); rows->next()) {
    Hash128 id = Hash128::from_bytes(rows->key().substr(prefix.size()));
    ++all.identifiers;
    uint8_t out = must(decode_vertex(rows->value())).out;
    if ((out & OutFlags::kErased) != 0) --all.identifiers;
    if (out != 0 && (out & OutFlags::kErased) == 0) ++all.hubs;
    if ((out & OutFlags::kNobody) != 0) {
      // Nobody's, and refused; but its container may refuse links of its own.
      TRIBUTARY_CHECK(!find_customer(*snapshot, workspace, id, rules));
      continue;
    }
    Customer customer = must(find_customer(*snapshot, workspace, id, rules));
    TRIBUTARY_CHECK(std::binary_search(customer.members.begin(), customer.members.end(), id));
    if (roots.insert(customer.container.root).second) {
      const ContainerSummary& summary = customer.container.summary;
      all.refused_cannot += summary.refused_cannot;
      all.refused_trust += summary.refused_trust;
      all.refused_limit += summary.refused_limit;
      all.refused_window += summary.refused_window;
    }
    if (all.customers.contains(customer.id.text())) continue;
    CustomerLine line = line_of(must(read_profile(*snapshot, customer)));
    TimelineQuery query;
    query.limit = kWholeTimeline;
    TimelinePage page = must(read_timeline(*snapshot, log_, *index_key_, customer, query));
    // Events of one time stand as they were received; the reference, which knows no arrival, sorts them by hash.
    auto newest_first = [](const TimelineEntry& a, const TimelineEntry& b) { return a.occurred_at > b.occurred_at; };
    TRIBUTARY_CHECK(std::is_sorted(page.entries.begin(), page.entries.end(), newest_first));
    std::sort(page.entries.begin(), page.entries.end(), [&](const TimelineEntry& a, const TimelineEntry& b) {
      if (a.occurred_at != b.occurred_at) return newest_first(a, b);
      return message_hash(*index_key_, a.source, a.message_id) < message_hash(*index_key_, b.source, b.message_id);
    });
    for (const TimelineEntry& entry : page.entries) line.timeline.push_back(entry.source + "/" + entry.message_id);
    all.customers.emplace(customer.id.text(), std::move(line));
  }
  // An export walks the whole log, that of all workspaces.
  ++reads_;
  if (reads_ <= 20 || reads_ % 50 == 0) check_exports(workspace, std::move(snapshot), rules, all);
  return all;
}

}  // namespace tributary::model
