#include "engine/query/duplicates.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <utility>

#include "engine/ingest/text_fold.h"
#include "engine/profile/customer_record.h"
#include "engine/query/customer.h"
#include "engine/query/facts.h"

namespace tributary {
namespace {

constexpr size_t kEvidenceKeyBytes = 4 + 16 + 16;
constexpr size_t kAskedEvery = 1024;
constexpr const char* kNobodyWaits = "nobody waits for the search";

/// A candidate with what is told of it when it is found.
struct KnownCandidate {
  DuplicateSide side;
  DuplicateCandidate candidate;
};

/// That somebody decided about identifiers of two customers.
struct DecidedCustomers {
  CustomerId a, b;
  bool holds = true;  // false: it was withdrawn
};

std::string folded(std::string_view text) { return match_text(text).value_or(""); }

/// Who said the fields, without repeats.
std::vector<std::string> events_of(const CustomerRecord& record, std::initializer_list<RecordField> fields) {
  std::vector<std::string> events;
  for (const RecordFieldState& state : record.fields) {
    if (std::ranges::find(fields, state.field) == fields.end() || state.winner.value.empty()) continue;
    std::string event = state.winner.said->source + ":" + state.winner.said->message_id;
    if (std::ranges::find(events, event) == events.end()) events.push_back(std::move(event));
  }
  return events;
}

class DuplicateSearch {
 public:
  DuplicateSearch(const StateReader& reader, WorkspaceId workspace, const KeyedHash& index_key, const RuleSet& rules,
                  Timestamp now, const std::function<bool()>& cancelled)
      : reader_(reader), workspace_(workspace), key_(index_key), rules_(rules), now_(now), cancelled_(cancelled) {}

  Result<void> run(const DuplicateActions& actions, DuplicatesView& view) {
    TRIBUTARY_TRY(find_records());
    for (const Hash128& root : roots_) {
      TRIBUTARY_TRY(go_on());
      if (known_.size() >= kDuplicateCandidatesMax) {
        complete_ = false;
        break;
      }
      TRIBUTARY_TRY(read_container(root));
    }
    std::ranges::sort(known_, {}, id_of);
    view.customers = known_.size();
    std::vector<DuplicateCandidate> candidates;
    candidates.reserve(known_.size());
    for (KnownCandidate& known : known_) candidates.push_back(std::move(known.candidate));
    DuplicateFindings found = find_duplicates(candidates, actions, decided_pairs(), {kDuplicatePairsMax, cancelled_});
    if (cancelled_()) return Error{ErrorCode::stopping, kNobodyWaits};
    complete_ = complete_ && found.complete;
    view.groups_left_out = found.groups_left_out.size();
    for (DuplicateFinding& finding : found.findings) {
      view.pairs.push_back({finding.rule, finding.kind, finding.action, std::move(finding.guards),
                            known_[finding.a].side, known_[finding.b].side});
    }
    view.complete = complete_;
    return {};
  }

 private:
  static const CustomerId& id_of(const KnownCandidate& known) { return known.side.customer; }

  Result<void> go_on() {
    if (++steps_ % kAskedEvery == 0 && cancelled_()) return Error{ErrorCode::stopping, kNobodyWaits};
    return {};
  }

  /// The evidence that says something of base records, and the containers it lives in.
  Result<void> find_records() {
    auto rows = reader_.scan(Family::fact, workspace_prefix(workspace_));
    while (rows->valid()) {
      TRIBUTARY_TRY(go_on());
      std::string past(rows->key().substr(0, kEvidenceKeyBytes));
      Fact fact;
      read_fact_key(rows->key(), fact);
      // Rows stand by kind, and records are the first one.
      if (fact.kind == FactKind::record) {
        Hash128 home = Hash128::from_bytes(std::string_view(past).substr(4));
        Hash128 evidence = Hash128::from_bytes(std::string_view(past).substr(4 + 16));
        with_records_.insert(evidence);
        TRIBUTARY_TRY(add_root(home, evidence));
      }
      rows->seek(past += '\xff');
    }
    TRIBUTARY_TRY(rows->status());
    std::ranges::sort(roots_);
    roots_.erase(std::unique(roots_.begin(), roots_.end()), roots_.end());
    return {};
  }

  Result<void> add_root(const Hash128& home, const Hash128& evidence) {
    auto vertex = load_vertex(reader_, workspace_, home);
    if (!vertex) return vertex.error();
    if (!*vertex) return Error{ErrorCode::corrupt, "evidence without an identifier: " + base32(evidence)};
    if ((*vertex)->out != 0) {
      auto elsewhere = load_hub_evidence(reader_, workspace_, home, evidence);
      if (!elsewhere) return elsewhere.error();
      if (*elsewhere) {
        vertex = load_vertex(reader_, workspace_, (*elsewhere)->seat);
        if (!vertex) return vertex.error();
        if (!*vertex) return Error{ErrorCode::corrupt, "evidence without an identifier: " + base32(evidence)};
      }
    }
    roots_.push_back((*vertex)->root);
    return {};
  }

  Result<void> read_container(const Hash128& root) {
    Customer customer;
    customer.workspace = workspace_;
    auto container = load_container(reader_, workspace_, root, rules_);
    if (!container) return container.error();
    customer.container = std::move(*container);
    customer.clusters = compute_clusters(customer.container, rules_);
    std::vector<std::vector<const Evidence*>> said(customer.clusters.clusters.size());
    for (size_t i = 0; i < customer.container.evidence.size(); ++i) {
      uint32_t owner = customer.clusters.of_evidence[i];
      const Evidence& evidence = customer.container.evidence[i];
      if (owner != kNobody && with_records_.contains(evidence.hash)) said[owner].push_back(&evidence);
    }
    for (uint32_t i = 0; i < said.size(); ++i) {
      if (said[i].empty()) continue;
      customer.cluster = i;
      customer.id = CustomerId{customer.clusters.clusters[i].anchor};
      customer.members = customer.clusters.clusters[i].members;
      customer.evidence = std::move(said[i]);
      TRIBUTARY_TRY(read_customer(customer));
    }
    note_decisions(customer);
    return {};
  }

  void note_decisions(const Customer& customer) {
    const Clusters& clusters = customer.clusters;
    for (const PairRegister& pair : customer.container.pairs) {
      uint32_t a = clusters.of_member[customer.container.index_of(pair.a)];
      uint32_t b = clusters.of_member[customer.container.index_of(pair.b)];
      if (a == kNobody || b == kNobody || a == b) continue;
      decided_.push_back({CustomerId{clusters.clusters[a].anchor}, CustomerId{clusters.clusters[b].anchor},
                          pair.state != PairState::none});
    }
  }

  Result<void> read_customer(const Customer& customer) {
    bool complete = true;
    auto facts = read_facts(reader_, customer, FactKind::record, complete);
    if (!facts) return facts.error();
    complete_ = complete_ && complete;
    auto record = customer_record(*facts, utc_, now_);
    if (!record) return {};
    auto identifier = own_identifier(customer);
    if (!identifier) return identifier.error();
    if (!*identifier) return {};
    RecordField phone = record->organisation ? RecordField::contact_phone : RecordField::phone;
    DuplicateSide side{customer.id,
                       **identifier,
                       std::string(record->text(RecordField::name)),
                       record->organisation ? std::string(record->text(RecordField::contact_name)) : "",
                       std::string(record->text(phone)),
                       events_of(*record, {RecordField::name, RecordField::contact_name, phone})};
    auto candidate = candidate_of(*record, side, phone, customer);
    if (!candidate) return candidate.error();
    known_.push_back({std::move(side), std::move(*candidate)});
    return {};
  }

  Result<DuplicateCandidate> candidate_of(const CustomerRecord& record, const DuplicateSide& side, RecordField phone,
                                          const Customer& customer) const {
    DuplicateCandidate candidate;
    candidate.organisation = record.organisation;
    candidate.name = folded(side.name);
    candidate.contact = folded(side.contact);
    candidate.phone = side.phone;
    candidate.phone_masked = side.phone.empty() && std::ranges::any_of(record.flags, [&](const RecordFlag& flag) {
                               return flag.field == phone && flag.code == "value_masked";
                             });
    auto add_unique = [&](IdentifierFamily family, const Hash128& id) {
      candidate.unique_ids.emplace(kind_name({family, {}}), base32(id));
    };
    for (const Hash128& id : customer.members) {
      const ContainerMember& member = *customer.container.find(id);
      IdentifierFamily family = family_of(member.kind);
      bool unique = family == IdentifierFamily::user_id || family == IdentifierFamily::uscc;
      if (unique && member.out == 0) add_unique(family, id);
    }
    std::string_view code = record.text(RecordField::uscc);
    if (!code.empty()) {
      add_unique(IdentifierFamily::uscc, identifier_hash(key_, {IdentifierFamily::uscc, {}}, code));
    }
    if (candidate.phone.empty()) return candidate;
    // The phone of a contact identifies nobody here; that many customers have it is known all the same.
    auto vertex =
        load_vertex(reader_, workspace_, identifier_hash(key_, {IdentifierFamily::phone, {}}, candidate.phone));
    if (!vertex) return vertex.error();
    candidate.phone_shared = *vertex && (*vertex)->out != 0;
    return candidate;
  }

  /// The one that the customer is called by, or else the first that links. What changed hands can't be named alone.
  Result<std::optional<Identifier>> own_identifier(const Customer& customer) const {
    std::vector<Hash128> members{customer.id.anchor};
    members.insert(members.end(), customer.members.begin(), customer.members.end());
    for (const Hash128& id : members) {
      if (customer.container.find(id)->out != 0) continue;
      auto row = load_value(reader_, workspace_, id);
      if (!row) return row.error();
      if (!row->from) return std::optional(Identifier::from_normalised(row->kind, row->value));
    }
    return std::optional<Identifier>();
  }

  DecidedPairs decided_pairs() const {
    DecidedPairs pairs;
    for (const DecidedCustomers& decided : decided_) {
      auto a = std::ranges::lower_bound(known_, std::min(decided.a, decided.b), {}, id_of);
      auto b = std::ranges::lower_bound(known_, std::max(decided.a, decided.b), {}, id_of);
      if (a == known_.end() || b == known_.end()) continue;
      if (id_of(*a) != std::min(decided.a, decided.b) || id_of(*b) != std::max(decided.a, decided.b)) continue;
      auto& into = decided.holds ? pairs.settled : pairs.withdrawn;
      into.emplace(static_cast<size_t>(a - known_.begin()), static_cast<size_t>(b - known_.begin()));
    }
    return pairs;
  }

  const StateReader& reader_;
  const WorkspaceId workspace_;
  const KeyedHash& key_;
  const RuleSet& rules_;
  const Timestamp now_;
  const std::function<bool()>& cancelled_;
  const TimeZone utc_ = *TimeZone::load("UTC");  // nothing that depends on local days is asked of a record here
  size_t steps_ = 0;
  bool complete_ = true;
  boost::unordered_flat_set<Hash128, std::hash<Hash128>> with_records_;
  std::vector<Hash128> roots_;
  std::vector<KnownCandidate> known_;
  std::vector<DecidedCustomers> decided_;
};

}  // namespace

Result<DuplicatesView> search_duplicates(const StateReader& reader, WorkspaceId workspace, const KeyedHash& index_key,
                                         const RuleSet& rules, const DuplicateQuery& query, Timestamp now,
                                         const std::function<bool()>& cancelled) {
  DuplicatesView view;
  view.at = now;
  std::string bytes;
  auto found = reader.get(Family::meta, kAppliedKey, bytes);
  if (!found) return found.error();
  if (*found) {
    auto applied = decode_applied(bytes);
    if (!applied) return applied.error();
    view.lsn = applied->lsn;
  }
  view.unchanged = query.known == view.lsn;
  if (view.unchanged) return view;
  TRIBUTARY_TRY(DuplicateSearch(reader, workspace, index_key, rules, now, cancelled).run(query.actions, view));
  return view;
}

}  // namespace tributary
