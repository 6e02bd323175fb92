#include "engine/profile/status.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "engine/domain/interaction.h"
#include "engine/profile/talks.h"

namespace tributary {
namespace {

constexpr int64_t kSilenceMicros = 30 * kMicrosPerDay;  // that a churn band stands at high before somebody is lost

constexpr Status kStatuses[] = {Status::potential, Status::interested, Status::won, Status::lost};

/// Whatever speaks for a change: what it is, and when.
enum class EvidenceKind : uint8_t { interest, contact, trial, quote, order, void_order, contract, silence };

struct StatusEvidence {
  EvidenceKind kind{};
  Timestamp at;
  std::string name;    // source and message id of an event, or namespace and number of an order
  bool proven = true;  // a server said so: without anybody's decision only this moves a status
};

std::string name_of(const Fact& fact) { return fact.source + ' ' + fact.message_id; }

void add_talks(const StatusBasis& basis, std::vector<StatusEvidence>& evidence) {
  for (const Fact* talk : talks_of(facts_of(basis.facts, FactKind::interaction))) {
    if (talk->at > basis.now) continue;
    std::string_view feedback = talk->text(InteractionField::feedback);
    bool proven = talk->trust == Trust::verified;
    bool visit = talk->text(InteractionField::mode) == "visit";
    bool inbound = talk->text(InteractionField::direction) == "inbound";
    if (feedback == "interested" || feedback == "needs_more_info") {
      evidence.push_back({EvidenceKind::interest, talk->at, name_of(*talk), proven});
    }
    if (visit || inbound) evidence.push_back({EvidenceKind::contact, talk->at, name_of(*talk), proven});
  }
}

/// One that was cancelled or given back was evidence once: what it changed waits for a decision.
void add_orders(const StatusBasis& basis, std::vector<StatusEvidence>& evidence) {
  for (const Order& order : basis.orders) {
    bool told = order.status != OrderStatus::pending && order.net_minor.value_or(0) >= 1 && !order.test;
    if (!told || order.at > basis.now) continue;
    EvidenceKind kind = order.counts ? EvidenceKind::order : EvidenceKind::void_order;
    bool proven = order.trust == Trust::verified;
    evidence.push_back({kind, order.at, order.order_namespace + '/' + order.order_id, proven});
  }
}

void add_papers(const StatusBasis& basis, std::vector<StatusEvidence>& evidence) {
  for (const Fact& fact : facts_of(basis.facts, FactKind::status)) {
    if (fact.at > basis.now) continue;
    bool proven = fact.trust == Trust::verified;
    switch (static_cast<StatusAct>(fact.act)) {
      case StatusAct::trial:
        evidence.push_back({EvidenceKind::trial, fact.at, name_of(fact), proven});
        break;
      case StatusAct::quote:
        if (proven) evidence.push_back({EvidenceKind::quote, fact.at, name_of(fact)});
        break;
      case StatusAct::contract:
      case StatusAct::opportunity_won:
        if (proven) evidence.push_back({EvidenceKind::contract, fact.at, name_of(fact)});
        break;
      default:
        break;
    }
  }
}

/// The times of the orders that count and that a server told of, rising.
std::vector<Timestamp> proven_order_times(const StatusBasis& basis) {
  std::vector<Timestamp> times;
  for (const Order& order : basis.orders) {
    if (order.counts && order.trust == Trust::verified && order.at <= basis.now) times.push_back(order.at);
  }
  std::sort(times.begin(), times.end());
  return times;
}

/// Each silence between two orders, and the one since the last, that lasted as long as a loss takes. How long that is
/// follows from the orders before it alone, so that later ones change nothing of what it was.
void add_silences(const StatusBasis& basis, std::vector<StatusEvidence>& evidence) {
  constexpr int64_t kShortestMicros = 3 * kExpectedGapDaysMin * kMicrosPerDay + kSilenceMicros;
  std::vector<Timestamp> times = proven_order_times(basis);
  std::vector<int64_t> days;
  for (size_t i = 0; i < times.size(); ++i) {
    int64_t day = basis.rules.zone.local_day(times[i]);
    if (days.empty() || days.back() < day) days.push_back(day);
    int64_t end = i + 1 < times.size() ? times[i + 1].micros : basis.now.micros + 1;
    if (end - times[i].micros <= kShortestMicros) continue;
    int64_t high_after = high_churn_after_micros(days, basis.rules, basis.scale);
    Timestamp at{times[i].micros + high_after + kSilenceMicros};
    if (at.micros < end) evidence.push_back({EvidenceKind::silence, at, format_iso8601(times[i])});
  }
}

/// Oldest first.
std::vector<StatusEvidence> evidence_of(const StatusBasis& basis) {
  std::vector<StatusEvidence> evidence;
  add_talks(basis, evidence);
  add_orders(basis, evidence);
  add_papers(basis, evidence);
  add_silences(basis, evidence);
  std::sort(evidence.begin(), evidence.end(), [](const StatusEvidence& a, const StatusEvidence& b) {
    return std::tie(a.at, a.kind, a.name) < std::tie(b.at, b.kind, b.name);
  });
  return evidence;
}

/// The words on one request or change.
struct StatusFile {
  const Fact* requested = nullptr;
  std::vector<const Fact*> decisions;  // in the order in which they were said
};

std::map<std::string_view, StatusFile> files_of(const StatusBasis& basis) {
  std::vector<const Fact*> words;
  for (const Fact& fact : facts_of(basis.facts, FactKind::status)) {
    if (fact.at <= basis.now && fact.trust == Trust::verified) words.push_back(&fact);
  }
  std::sort(words.begin(), words.end(), [](const Fact* a, const Fact* b) { return said_before(*a, *b); });
  std::map<std::string_view, StatusFile> files;
  for (const Fact* word : words) {
    auto act = static_cast<StatusAct>(word->act);
    if (act > StatusAct::reverted) continue;
    StatusFile& file = files[word->subject_text];
    if (act != StatusAct::requested) {
      file.decisions.push_back(word);
    } else if (file.requested == nullptr) {
      file.requested = word;
    }
  }
  return files;
}

/// Who asked for a change does not decide about it.
bool may_decide(const StatusFile& file, const Fact& decision) {
  std::string_view by = decision.text(StatusField::by);
  return file.requested == nullptr || file.requested->text(StatusField::by) != by;
}

const Fact* decision_of(const StatusFile& file, std::initializer_list<StatusAct> acts) {
  for (const Fact* decision : file.decisions) {
    bool wanted = std::find(acts.begin(), acts.end(), static_cast<StatusAct>(decision->act)) != acts.end();
    if (wanted && may_decide(file, *decision)) return decision;
  }
  return nullptr;
}

/// The first word of each kind that counts: a change that was approved may be reverted later.
const Fact* standing_decision(const StatusFile& file) {
  const Fact* reverted = decision_of(file, {StatusAct::reverted});
  return reverted != nullptr ? reverted : decision_of(file, {StatusAct::approved, StatusAct::rejected});
}

/// Something that may change the status when its time comes.
struct StatusMove {
  Timestamp at;
  int rank = 0;  // of one time decisions come last
  StatusChange change;
  std::vector<Status> from;  // empty: wherever may_follow() says
};

StatusMove rule_move(const StatusEvidence& evidence, Status to, std::string_view rule, std::vector<Status> from) {
  StatusMove move{evidence.at, 0, {}, std::move(from)};
  move.change.id = std::string(rule) + ' ' + evidence.name;
  move.change.to = to;
  move.change.at = evidence.at;
  move.change.actor = "rule:" + std::string(rule);
  move.change.evidence = evidence.name;
  return move;
}

void add_rule_moves(const std::vector<StatusEvidence>& evidence, std::vector<StatusMove>& moves) {
  using enum Status;
  for (const StatusEvidence& each : evidence) {
    if (!each.proven) continue;
    switch (each.kind) {
      case EvidenceKind::order:
      case EvidenceKind::void_order:
        moves.push_back(rule_move(each, won, "first_order", {potential, interested}));
        moves.push_back(rule_move(each, won, "order_after_loss", {lost}));
        break;
      case EvidenceKind::contract:
        moves.push_back(rule_move(each, won, "contract", {potential, interested, lost}));
        break;
      case EvidenceKind::interest:
      case EvidenceKind::quote:
        moves.push_back(rule_move(each, interested, "interest", {potential}));
        break;
      case EvidenceKind::trial:
        moves.push_back(rule_move(each, interested, "interest", {potential}));
        moves.push_back(rule_move(each, interested, "win_back", {lost}));
        break;
      case EvidenceKind::contact:
        moves.push_back(rule_move(each, interested, "win_back", {lost}));
        break;
      case EvidenceKind::silence:
        moves.push_back(rule_move(each, lost, "silence", {won}));
        break;
    }
  }
}

void add_approved_moves(const std::map<std::string_view, StatusFile>& files, std::vector<StatusMove>& moves) {
  for (const auto& [id, file] : files) {
    if (file.requested == nullptr) continue;
    const Fact* decision = decision_of(file, {StatusAct::approved, StatusAct::rejected});
    auto to = parse_status(file.requested->text(StatusField::to));
    if (decision == nullptr || decision->act != static_cast<uint8_t>(StatusAct::approved) || !to) continue;
    StatusMove move{std::max(decision->at, file.requested->at), 1, {}, {}};
    StatusChange& change = move.change;
    change.id = id;
    change.to = *to;
    change.at = move.at;
    change.actor = file.requested->text(StatusField::by);
    change.approver = decision->text(StatusField::by);
    change.reason = file.requested->text(StatusField::reason);
    change.text = file.requested->text(StatusField::text);
    change.evidence = file.requested->text(StatusField::evidence);
    change.remark = decision->text(StatusField::remark);
    change.asked_via = file.requested->source;
    change.approved_via = decision->source;
    moves.push_back(std::move(move));
  }
}

bool can_happen(const StatusMove& move, Status current) {
  if (move.from.empty()) return may_follow(current, move.change.to);
  return std::find(move.from.begin(), move.from.end(), current) != move.from.end();
}

void note_revert(const std::map<std::string_view, StatusFile>& files, StatusChange& change) {
  auto file = files.find(change.id);
  const Fact* revert = file == files.end() ? nullptr : decision_of(file->second, {StatusAct::reverted});
  if (revert == nullptr) return;
  change.reverted_at = revert->at;
  change.reverted_by = revert->text(StatusField::by);
  change.revert_remark = revert->text(StatusField::remark);
  change.reverted_via = revert->source;
}

/// From one change to the next; a reverted one is listed where it stood, and leads nowhere.
void run(std::vector<StatusMove> moves, const std::map<std::string_view, StatusFile>& files, CustomerStatus& status) {
  std::sort(moves.begin(), moves.end(), [](const StatusMove& a, const StatusMove& b) {
    return std::tie(a.at, a.rank, a.change.id) < std::tie(b.at, b.rank, b.change.id);
  });
  for (StatusMove& move : moves) {
    if (!can_happen(move, status.current)) continue;
    StatusChange& change = status.changes.emplace_back(std::move(move.change));
    change.from = status.current;
    note_revert(files, change);
    if (change.reverted_at) continue;
    status.current = change.to;
    status.since = change.at;
    status.actor = change.actor;
  }
}

void add_open_requests(const std::map<std::string_view, StatusFile>& files, CustomerStatus& status) {
  for (const auto& [id, file] : files) {
    if (file.requested == nullptr) continue;
    auto to = parse_status(file.requested->text(StatusField::to));
    if (!to || standing_decision(file) != nullptr) continue;
    StatusRequest& request = status.open.emplace_back();
    request.id = id;
    request.to = *to;
    request.at = file.requested->at;
    request.by = file.requested->text(StatusField::by);
    request.reason = file.requested->text(StatusField::reason);
    request.text = file.requested->text(StatusField::text);
    request.evidence = file.requested->text(StatusField::evidence);
    request.via = file.requested->source;
  }
}

bool speaks_for(const StatusEvidence& evidence, Status from, Status to, std::optional<Timestamp> since) {
  bool sale = evidence.kind == EvidenceKind::order || evidence.kind == EvidenceKind::contract;
  bool later = !since || evidence.at > *since;
  if (to == Status::won) return sale && (from != Status::lost || later);
  bool trial = evidence.kind == EvidenceKind::trial;
  if (from == Status::lost) return later && (trial || evidence.kind == EvidenceKind::contact);
  return trial || evidence.kind == EvidenceKind::interest || evidence.kind == EvidenceKind::quote;
}

/// Whether there still is what the change to `won` takes: for a decision anything, for a rule what it would act on.
bool still_stands(const StatusChange& change, std::optional<Timestamp> from_since,
                  const std::vector<StatusEvidence>& evidence) {
  return std::any_of(evidence.begin(), evidence.end(), [&](const StatusEvidence& each) {
    bool believed = each.proven || !change.approver.empty();
    return believed && speaks_for(each, change.from, Status::won, from_since);
  });
}

/// A customer who was won, by what is gone: an order that was cancelled or given back, a contract or an order that
/// turned out to be somebody else's.
void add_revert_requests(const std::vector<StatusEvidence>& evidence,
                         const std::map<std::string_view, StatusFile>& files, CustomerStatus& status) {
  if (status.current != Status::won) return;
  auto took_effect = [](const StatusChange& change) { return !change.reverted_at; };
  auto last = std::find_if(status.changes.rbegin(), status.changes.rend(), took_effect);
  if (last == status.changes.rend()) return;
  auto before = std::find_if(std::next(last), status.changes.rend(), took_effect);
  auto from_since = before == status.changes.rend() ? std::nullopt : std::optional(before->at);
  if (still_stands(*last, from_since, evidence)) return;
  auto file = files.find(last->id);
  bool kept = file != files.end() && decision_of(file->second, {StatusAct::rejected}) != nullptr;
  if (kept) return;
  StatusRequest& request = status.open.emplace_back();
  request.id = last->id;
  request.to = last->from;
  request.at = last->at;
  request.by = "rule:evidence_gone";
  request.reason = "the evidence for it is gone";
  request.evidence = last->evidence;
  request.revert = true;
}

}  // namespace

std::string_view status_name(Status status) {
  switch (status) {
    case Status::potential:
      return "potential";
    case Status::interested:
      return "interested";
    case Status::won:
      return "won";
    case Status::lost:
      return "lost";
  }
  return "unknown";
}

std::optional<Status> parse_status(std::string_view code) {
  for (Status status : kStatuses) {
    if (status_name(status) == code) return status;
  }
  return std::nullopt;
}

bool may_follow(Status from, Status to) {
  if (to == Status::lost) return from != Status::lost;
  if (to == Status::interested) return from == Status::potential || from == Status::lost;
  return to == Status::won && from != Status::won;
}

void StatusBasis::take(const CustomerRecord& record) {
  organisation = record.organisation;
  for (const RecordFieldState& field : record.fields) {
    auto status = field.field == RecordField::status ? parse_status(field.winner.value) : std::nullopt;
    if (status) first = std::pair{*status, field.winner.said->at};
  }
}

std::optional<StatusDecision> decision_about(const StatusBasis& basis, std::string_view id) {
  auto files = files_of(basis);
  auto file = files.find(id);
  const Fact* word = file == files.end() ? nullptr : standing_decision(file->second);
  if (word == nullptr) return std::nullopt;
  return StatusDecision{static_cast<StatusAct>(word->act),
                        word->at,
                        std::string(word->text(StatusField::by)),
                        std::string(word->text(StatusField::remark)),
                        word->source,
                        word->message_id};
}

CustomerStatus status_of(const StatusBasis& basis) {
  std::vector<StatusEvidence> evidence = evidence_of(basis);
  auto files = files_of(basis);
  CustomerStatus status;
  if (basis.first && basis.first->second <= basis.now) {
    status.current = basis.first->first;
    status.since = basis.first->second;
  }
  std::vector<StatusMove> moves;
  if (basis.rules.status_by_rule && !basis.organisation) add_rule_moves(evidence, moves);
  add_approved_moves(files, moves);
  run(std::move(moves), files, status);
  add_open_requests(files, status);
  add_revert_requests(evidence, files, status);
  std::sort(status.open.begin(), status.open.end(),
            [](const StatusRequest& a, const StatusRequest& b) { return std::tie(a.at, a.id) < std::tie(b.at, b.id); });
  return status;
}

std::vector<Status> allowed_targets(const StatusBasis& basis, std::string_view reason, std::string_view text) {
  CustomerStatus status = status_of(basis);
  std::vector<StatusEvidence> evidence = evidence_of(basis);
  std::vector<Status> targets;
  for (Status to : kStatuses) {
    if (!may_follow(status.current, to)) continue;
    bool proven = std::any_of(evidence.begin(), evidence.end(), [&](const StatusEvidence& each) {
      return speaks_for(each, status.current, to, status.since);
    });
    bool told = to == Status::interested && status.current == Status::potential && !text.empty();
    bool lost = to == Status::lost && (reason != "other" || !text.empty());
    if (proven || told || lost) targets.push_back(to);
  }
  return targets;
}

}  // namespace tributary
