#include "engine/profile/history.h"

#include <algorithm>
#include <map>
#include <tuple>

#include "engine/domain/tag.h"
#include "engine/profile/customer_record.h"
#include "engine/profile/preference.h"
#include "engine/profile/status.h"

namespace tributary {
namespace {

using HistoryEntries = std::vector<HistoryEntry>;

HistoryEntry& add_entry(HistoryEntries& entries, std::string_view what, const Fact& said) {
  HistoryEntry& entry = entries.emplace_back();
  entry.at = said.at;
  entry.what = what;
  entry.source = said.source;
  entry.message_id = said.message_id;
  entry.key = std::string(said.message.view()) + std::string(said.subject.view());
  return entry;
}

void add_record_changes(const HistoryBasis& basis, HistoryEntries& entries) {
  for (const RecordChange& change : record_changes(facts_of(basis.facts, FactKind::record), basis.now)) {
    HistoryEntry& entry = add_entry(entries, "field_changed", *change.said);
    entry.subject = record_field_name(change.field);
    entry.from = change.from;
    entry.to = change.to;
    entry.by = change.said->text(RecordField::actor);
    entry.key += static_cast<char>(change.field);
  }
}

/// Words that change whether the customer has the tag, oldest first: giving one again tells nothing new.
void add_tag_changes(const HistoryBasis& basis, HistoryEntries& entries) {
  std::map<std::string_view, std::vector<const Fact*>> words;
  for (const Fact& fact : facts_of(basis.facts, FactKind::tag)) {
    if (fact.at <= basis.now) words[fact.subject_text].push_back(&fact);
  }
  for (auto& [subject, said] : words) {
    std::ranges::sort(said, [](const Fact* a, const Fact* b) { return said_before(*a, *b); });
    bool held = false;
    for (const Fact* fact : said) {
      bool added = fact->act == static_cast<uint8_t>(TagAct::added);
      if (added == held) continue;
      held = added;
      HistoryEntry& entry = add_entry(entries, added ? "tag_added" : "tag_removed", *fact);
      entry.subject = fact->text(TagField::type);
      (added ? entry.to : entry.from) = fact->text(TagField::name);
      entry.by = fact->text(TagField::by);
      entry.reason = fact->text(TagField::note);
      entry.evidence = fact->text(TagField::evidence);
    }
  }
}

std::string_view exclusion_reason(const PreferenceChange& change) {
  using enum ExclusionAct;
  std::string_view said = change.said->text(ExclusionField::reason);
  if (change.change == PreferenceChange::Kind::expired) return "expired";
  if (change.said->kind != FactKind::exclusion || !said.empty()) return said;
  auto act = static_cast<ExclusionAct>(change.said->act);
  if (act == dismissed) return "dismissal";
  return act == rated_badly || act == rated_better ? "rating" : "";
}

void add_preference_changes(const HistoryBasis& basis, HistoryEntries& entries) {
  using Kind = PreferenceChange::Kind;
  for (const PreferenceChange& change : preference_changes(facts_of(basis.facts, FactKind::preference),
                                                           facts_of(basis.facts, FactKind::exclusion), basis.now)) {
    if (change.change == Kind::weight_set) {
      HistoryEntry& entry = add_entry(entries, "preference_set", *change.said);
      entry.subject = change.kind + '/' + change.value;
      entry.from = change.from;
      entry.to = change.to;
      continue;
    }
    bool began = change.change == Kind::excluded;
    HistoryEntry& entry = add_entry(entries, began ? "exclusion_added" : "exclusion_removed", *change.said);
    entry.at = change.at;
    entry.subject = change.kind;
    (began ? entry.to : entry.from) = change.value;
    // A weight above 0 ends an exclusion; its entry says so itself.
    entry.reason = change.said->kind == FactKind::exclusion ? exclusion_reason(change) : "preference_set";
  }
}

std::string told_reason(std::string_view reason, std::string_view text) {
  std::string told(reason);
  if (!text.empty()) told.append(told.empty() ? "" : ": ").append(text);
  return told;
}

void add_status_changes(const CustomerStatus& status, HistoryEntries& entries) {
  for (const StatusChange& change : status.changes) {
    HistoryEntry& entry = entries.emplace_back();
    entry.at = change.at;
    entry.what = "status_changed";
    entry.from = status_name(change.from);
    entry.to = status_name(change.to);
    entry.by = change.approver.empty() ? change.actor : change.approver;
    entry.reason = told_reason(change.reason, change.text);
    entry.evidence = change.evidence;
    // Of one time decisions come behind rules, as they do where the status is judged.
    entry.key = (change.approver.empty() ? '0' : '1') + change.id;
    if (!change.reverted_at) continue;
    HistoryEntry revert;
    revert.at = *change.reverted_at;
    revert.what = "status_reverted";
    revert.from = status_name(change.to);
    revert.to = status_name(change.from);
    revert.by = change.reverted_by;
    revert.reason = change.revert_remark;
    revert.evidence = change.evidence;
    revert.key = change.id;
    entries.push_back(std::move(revert));
  }
}

/// The words of people that are verified: who asked for a change, and who refused it.
void add_status_words(const HistoryBasis& basis, HistoryEntries& entries) {
  std::map<std::string_view, const Fact*> requests;
  auto words = facts_of(basis.facts, FactKind::status);
  auto counts = [&](const Fact& fact) { return fact.at <= basis.now && fact.trust == Trust::verified; };
  for (const Fact& fact : words) {
    if (fact.act != static_cast<uint8_t>(StatusAct::requested) || !counts(fact)) continue;
    const Fact*& first = requests[fact.subject_text];
    if (first == nullptr || said_before(fact, *first)) first = &fact;
  }
  for (const auto& [id, request] : requests) {
    HistoryEntry& entry = add_entry(entries, "status_requested", *request);
    entry.to = request->text(StatusField::to);
    entry.by = request->text(StatusField::by);
    entry.reason = told_reason(request->text(StatusField::reason), request->text(StatusField::text));
    entry.evidence = request->text(StatusField::evidence);
  }
  for (const Fact& fact : words) {
    if (fact.act != static_cast<uint8_t>(StatusAct::rejected) || !counts(fact)) continue;
    auto request = requests.find(fact.subject_text);
    std::string_view by = fact.text(StatusField::by);
    if (request != requests.end() && request->second->text(StatusField::by) == by) continue;  // no decision
    HistoryEntry& entry = add_entry(entries, "status_rejected", fact);
    if (request != requests.end()) entry.to = request->second->text(StatusField::to);
    entry.by = by;
    entry.reason = fact.text(StatusField::remark);
  }
}

void add_status(const HistoryBasis& basis, HistoryEntries& entries) {
  StatusBasis status{basis.facts, basis.orders, basis.rules, basis.now};
  status.scale = basis.scale;
  auto record = customer_record(facts_of(basis.facts, FactKind::record), basis.rules.zone, basis.now);
  if (record) status.take(*record);
  add_status_changes(status_of(status), entries);
  add_status_words(basis, entries);
}

void add_lifecycle_changes(const HistoryBasis& basis, HistoryEntries& entries) {
  for (const LifecycleChange& change : lifecycle_history(basis.orders, basis.rules, basis.now)) {
    HistoryEntry& entry = entries.emplace_back();
    entry.at = change.at;
    entry.what = "lifecycle_changed";
    entry.from = lifecycle_stage_name(change.from);
    entry.to = lifecycle_stage_name(change.to);
    entry.by = change.order ? "rule:order" : "rule:silence";
    if (change.order) entry.evidence = change.order_namespace + '/' + change.order_id;
    entry.key = static_cast<char>(change.from);
  }
}

}  // namespace

bool happened_before(const HistoryEntry& a, const HistoryEntry& b) {
  return std::tie(a.at, a.what, a.key) < std::tie(b.at, b.what, b.key);
}

std::vector<HistoryEntry> history_of(const HistoryBasis& basis) {
  HistoryEntries entries;
  add_status(basis, entries);
  add_tag_changes(basis, entries);
  add_record_changes(basis, entries);
  add_preference_changes(basis, entries);
  add_lifecycle_changes(basis, entries);
  return entries;
}

}  // namespace tributary
