#include <algorithm>
#include <map>
#include <tuple>

#include "engine/fold/fold.h"

namespace tributary {

// A cut divides evidence by the time of its events. Fragments and orders cannot be taken apart, so both parts are
// folded again from the records; facts, measurements and timeline rows of the later part move to its home.
struct Fold::Division {
  struct Part {
    Fragment fragment;
    std::map<Hash128, OrderState> orders;
    FirstEvent first;
  };
  struct Row {
    Timestamp at;
    Lsn lsn;
    TimelineRow row;
  };
  Evidence evidence;  // as it is
  Hash128 divided;    // the identifier that was cut, as this evidence names it
  Hash128 made;       // the one it is after the cut
  Timestamp cut_at;
  Part earlier, later;
  std::vector<Row> moving;
};

namespace {

// What this evidence is in events after the cut.
Evidence after_cut(const Evidence& evidence, const Hash128& divided, const Hash128& made) {
  Evidence after = evidence;
  for (EvidenceMember& member : after.members) {
    if (member.id == divided) member.id = made;
  }
  std::sort(after.members.begin(), after.members.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  std::vector<Hash128> members;
  members.reserve(after.members.size());
  for (const EvidenceMember& member : after.members) members.push_back(member.id);
  after.divided_from = evidence.said();
  after.hash = divided_evidence(evidence.said(), members);
  return after;
}

}  // namespace

// All records are read before anything is changed: a cut is made whole or not at all.
Result<bool> Fold::fold_cut(const Step& step, const RecordCause& cause) {
  const Assertion& cut = step.assertion;
  if (cut.identifiers.size() != 1) return false;
  const Hash128& identifier = cut.identifiers[0].hash;
  const Hash128 divided = identity_.cuts(cause.workspace).right_after(identifier, cut.cut_at);
  if (identity_.naming(cause.workspace).erasures.contains(divided)) return false;  // there is nothing to divide
  auto concerned = identity_.concerned_by(cut, cause);
  if (!concerned) return concerned.error();
  std::vector<Division> divisions;
  for (Evidence& evidence : *concerned) {
    auto division = read_division(std::move(evidence), cut, cause.workspace);
    if (!division) return division.error();
    if (!*division) return false;
    if ((*division)->moving.empty()) continue;
    (*division)->divided = divided;
    (*division)->made = generation_hash(identifier, cut.cut_at);
    (*division)->cut_at = cut.cut_at;
    divisions.push_back(std::move(**division));
  }
  TRIBUTARY_TRY(identity_.cut(cut, cause));
  for (Division& division : divisions) TRIBUTARY_TRY(apply_division(std::move(division), cause));
  if (!divisions.empty()) identity_.settle_cut(divided, cause);
  return true;
}

// Nothing when retention deleted some of its records: what is left of them does not say what is on which side.
Result<std::optional<Fold::Division>> Fold::read_division(Evidence evidence, const Assertion& cut,
                                                          WorkspaceId workspace) {
  Division division;
  division.evidence = std::move(evidence);
  const Hash128 home = home_of(division.evidence.members).id;
  std::string value;
  auto found = store_.get(Family::fragment, fragment_key(workspace, home, division.evidence.hash), value);
  if (!found) return found.error();
  if (!*found) return Error{ErrorCode::corrupt, "evidence without a fragment: " + base32(division.evidence.hash)};
  auto whole = decode_fragment(value);
  if (!whole) return whole.error();
  if (whole->last_at <= cut.cut_at) return std::optional<Division>(std::move(division));
  auto rows = store_.scan(Family::timeline, id_key(workspace, home));
  for (; rows->valid(); rows->next()) {
    NewestFirst position = newest_first_position(rows->key());
    if (position.at < whole->first_at) break;  // newest first
    auto row = decode_timeline(rows->value());
    if (!row) return row.error();
    if (row->evidence != division.evidence.hash) continue;
    auto read = read_event(position.lsn, cut.cut_at, division);
    if (!read) return read.error();
    if (!*read) return std::optional<Division>();
    if (position.at > cut.cut_at) division.moving.push_back({position.at, position.lsn, *row});
  }
  TRIBUTARY_TRY(rows->status());
  if (division.earlier.fragment.events + division.later.fragment.events != whole->events) {
    return std::optional<Division>();
  }
  return std::optional<Division>(std::move(division));
}

// False when the log does not hold it any more.
Result<bool> Fold::read_event(Lsn lsn, Timestamp cut_at, Division& division) {
  if (log_ == nullptr) return Error{ErrorCode::unavailable, "no log to read records again from"};
  auto record = log_->read_one(lsn);
  if (!record && record.error().code == ErrorCode::not_found) return false;
  if (!record) return with_context("folding again", record.error());
  EventView event;
  TRIBUTARY_TRY(decode_event(record->second, event));
  Division::Part& part = event.occurred_at > cut_at ? division.later : division.earlier;
  FirstEvent first{event.occurred_at, std::string(event.message_id), std::string(event.source)};
  if (part.fragment.events == 0 || first < part.first) part.first = std::move(first);
  tributary::apply(part.fragment, event);
  if (event.order) tributary::apply(part.orders[event.order->order], event);
  return true;
}

Result<void> Fold::apply_division(Division division, const RecordCause& cause) {
  WorkspaceId workspace = cause.workspace;
  Evidence moved = after_cut(division.evidence, division.divided, division.made);
  TRIBUTARY_TRY(move_measurements(workspace, division, moved));
  auto& [evidence, divided, made, cut_at, earlier, later, moving] = division;
  moved.first = later.first;
  moved.last_at = later.fragment.last_at;
  const Hash128 old_home = home_of(evidence.members).id, new_home = home_of(moved.members).id;
  for (auto& [at, lsn, row] : moving) {
    batch_->erase(Family::timeline, timeline_key(workspace, old_home, at, lsn));
    row.evidence = moved.hash;
    buffer_.clear();
    encode(row, buffer_);
    batch_->put(Family::timeline, timeline_key(workspace, new_home, at, lsn), buffer_);
  }
  // The front table takes them from the store when they are asked for next.
  evidence_.erase(evidence.hash);
  TRIBUTARY_TRY(erase_rows(Family::order, workspace, old_home, evidence.hash));
  put_orders(workspace, evidence, earlier.orders);
  put_orders(workspace, moved, later.orders);
  TRIBUTARY_TRY(move_facts(workspace, evidence, moved, cut_at));
  std::optional<Evidence> kept;
  if (earlier.fragment.events > 0) {
    kept = evidence;
    kept->first = earlier.first;
    kept->last_at = earlier.fragment.last_at;
    put_fragment(workspace, evidence, earlier.fragment);
  } else {
    batch_->erase(Family::fragment, fragment_key(workspace, old_home, evidence.hash));
  }
  put_fragment(workspace, moved, later.fragment);
  return identity_.divide({std::move(evidence), std::move(kept), std::move(moved)}, cause);
}

void Fold::put_orders(WorkspaceId workspace, const Evidence& evidence, const std::map<Hash128, OrderState>& orders) {
  for (const auto& [order, state] : orders) {
    buffer_.clear();
    encode_order(state, buffer_);
    batch_->put(Family::order, order_key(workspace, home_of(evidence.members).id, evidence.hash, order), buffer_);
  }
}

// Each says its time.
Result<void> Fold::move_facts(WorkspaceId workspace, const Evidence& from, const Evidence& to, Timestamp after) {
  const Hash128 old_home = home_of(from.members).id, new_home = home_of(to.members).id;
  auto rows = store_.scan(Family::fact, fragment_key(workspace, old_home, from.hash));
  for (; rows->valid(); rows->next()) {
    Fact fact;
    read_fact_key(rows->key(), fact);
    if (fact.at <= after) continue;
    batch_->put(Family::fact, fact_key(workspace, new_home, to.hash, fact), rows->value());
    batch_->erase(Family::fact, rows->key());
  }
  return rows->status();
}

// The fragments, which were folded anew, learn from the rows whether they have any.
Result<void> Fold::move_measurements(WorkspaceId workspace, Division& division, const Evidence& to) {
  const Hash128 old_home = home_of(division.evidence.members).id, new_home = home_of(to.members).id;
  auto rows = store_.scan(Family::measure, fragment_key(workspace, old_home, division.evidence.hash));
  for (; rows->valid(); rows->next()) {
    auto [measure, at, message] = measure_position(rows->key());
    bool moves = at > division.cut_at;
    (moves ? division.later : division.earlier).fragment.fact_kinds |= kMeasuredBit;
    if (!moves) continue;
    std::string prefix = measure_prefix(workspace, new_home, to.hash, measure);
    batch_->put(Family::measure, measure_key(prefix, at, message), rows->value());
    batch_->erase(Family::measure, rows->key());
  }
  return rows->status();
}

void Fold::put_fragment(WorkspaceId workspace, const Evidence& evidence, const Fragment& fragment) {
  buffer_.clear();
  encode_fragment(fragment, buffer_);
  batch_->put(Family::fragment, fragment_key(workspace, home_of(evidence.members).id, evidence.hash), buffer_);
}

}  // namespace tributary
