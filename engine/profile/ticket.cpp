#include "engine/profile/ticket.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <tuple>

#include "engine/base/money.h"
#include "engine/profile/talks.h"

namespace tributary {
namespace {

constexpr int64_t kMicrosPerMinute = 60 * kMicrosPerSecond;
constexpr int64_t kReopenedSoonMicros = 7 * kMicrosPerDay;

using TicketFacts = std::vector<const Fact*>;
using TalksByTicket = std::map<std::string_view, std::vector<const Fact*>>;

TicketAct act_of(const Fact& fact) { return static_cast<TicketAct>(fact.act); }

bool happened_before(const Fact* a, const Fact* b) {
  return std::tie(a->at, a->act, a->message_id, a->source) < std::tie(b->at, b->act, b->message_id, b->source);
}

/// Leaves out claims that do not count.
TicketFacts counted_facts(const TicketFacts& said) {
  auto verified = [](const Fact* fact) { return fact->trust == Trust::verified; };
  bool known = std::ranges::any_of(said, verified);
  bool creation_known = std::ranges::any_of(
      said, [&](const Fact* fact) { return verified(fact) && act_of(*fact) == TicketAct::created; });
  TicketFacts counted;
  for (const Fact* fact : said) {
    TicketAct act = act_of(*fact);
    bool counts =
        verified(fact) || !known || act == TicketAct::reopened || (act == TicketAct::created && !creation_known);
    if (counts) counted.push_back(fact);
  }
  std::ranges::sort(counted, happened_before);
  return counted;
}

std::string last_told(const TicketFacts& facts, TicketField field) {
  const Fact* last = nullptr;
  for (const Fact* fact : facts) {
    if (!fact->text(field).empty() && (last == nullptr || told_before(*last, *fact))) last = fact;
  }
  return last == nullptr ? std::string() : std::string(last->text(field));
}

/// Keeps the first of several.
void note(std::optional<Timestamp>& when, Timestamp at) {
  if (!when) when = at;
}

/// Facts in the order in which they happened.
void walk(const TicketFacts& facts, Ticket& ticket) {
  for (const Fact* fact : facts) {
    switch (act_of(*fact)) {
      case TicketAct::created:
        note(ticket.created_at, fact->at);
        break;
      case TicketAct::assigned:
        break;
      case TicketAct::first_responded:
        note(ticket.first_response_at, fact->at);
        break;
      case TicketAct::solved:
        note(ticket.first_solved_at, fact->at);
        note(ticket.solved_at, fact->at);
        break;
      case TicketAct::closed:
        note(ticket.closed_at, fact->at);
        break;
      case TicketAct::reopened:
        if (ticket.solved_at || ticket.closed_at) ++ticket.reopened;
        ticket.solved_at = ticket.closed_at = std::nullopt;
        break;
    }
  }
  ticket.at = ticket.created_at.value_or(facts.front()->at);
  ticket.state = ticket.closed_at ? TicketState::closed : ticket.solved_at ? TicketState::solved : TicketState::open;
}

bool reopened_soon(const TicketFacts& facts, Timestamp solved_at) {
  return std::ranges::any_of(facts, [&](const Fact* fact) {
    int64_t after = fact->at.micros - solved_at.micros;
    return act_of(*fact) == TicketAct::reopened && after >= 0 && after <= kReopenedSoonMicros;
  });
}

Timestamp begin_of(const Fact& talk) {
  std::string_view text = talk.text(InteractionField::duration_ms);
  int64_t ms = 0;
  std::from_chars(text.data(), text.data() + text.size(), ms);
  bool plausible = ms > 0 && ms < kMicrosPerDay / 1000;
  return plausible ? Timestamp{talk.at.micros - ms * 1000} : talk.at;
}

/// Talks that began before the creation led to it: they are it, but for those beyond the first.
uint64_t inbound_contacts(const std::vector<const Fact*>& talks, const Ticket& ticket) {
  uint64_t before = 0, after = 0;
  for (const Fact* talk : talks) {
    if (talk->text(InteractionField::direction) != "inbound") continue;
    Timestamp begin = begin_of(*talk);
    if (ticket.first_solved_at && begin > *ticket.first_solved_at) continue;
    ++(begin <= ticket.at ? before : after);
  }
  return std::max<uint64_t>(before, 1) + after;
}

std::optional<bool> judge_target(const Ticket& ticket, Timestamp now) {
  auto minutes = response_target_minutes(ticket.type);
  if (!minutes || !ticket.created_at) return std::nullopt;
  int64_t target = *minutes * kMicrosPerMinute;
  if (auto response = ticket.response_micros()) return *response <= target;
  bool overdue = ticket.state == TicketState::open && now.micros - ticket.created_at->micros > target;
  return overdue ? std::optional(false) : std::nullopt;
}

Ticket judge_ticket(const TicketFacts& said, const TalksByTicket& talks, Timestamp now) {
  TicketFacts facts = counted_facts(said);
  Ticket ticket;
  ticket.subject = facts.front()->subject;
  ticket.id = facts.front()->subject_text;
  walk(facts, ticket);
  ticket.type = last_told(facts, TicketField::ticket_type);
  ticket.topic = last_told(facts, TicketField::topic);
  ticket.severity = last_told(facts, TicketField::severity);
  ticket.order_id = last_told(facts, TicketField::order_id);
  ticket.sentiment = last_told(facts, TicketField::sentiment);
  ticket.assignee = last_told(facts, TicketField::assignee);
  ticket.resolution = last_told(facts, TicketField::resolution);
  ticket.channel = last_told(facts, TicketField::channel);
  auto mine = talks.find(ticket.id);
  ticket.inbound_contacts = inbound_contacts(mine == talks.end() ? std::vector<const Fact*>() : mine->second, ticket);
  ticket.first_contact_resolved =
      ticket.first_solved_at && ticket.inbound_contacts == 1 && !reopened_soon(facts, *ticket.first_solved_at);
  ticket.in_target = judge_target(ticket, now);
  return ticket;
}

}  // namespace

std::string_view ticket_state_name(TicketState state) {
  switch (state) {
    case TicketState::open:
      return "open";
    case TicketState::solved:
      return "solved";
    case TicketState::closed:
      return "closed";
  }
  return "unknown";
}

std::optional<int64_t> response_target_minutes(std::string_view ticket_type) {
  if (ticket_type == "enquiry") return 60;
  if (ticket_type == "fault") return 120;
  if (ticket_type == "complaint") return 30;
  return std::nullopt;
}

std::optional<int64_t> Ticket::response_micros() const {
  if (!created_at || !first_response_at) return std::nullopt;
  return std::max<int64_t>(first_response_at->micros - created_at->micros, 0);
}

bool Ticket::same_day(const TimeZone& zone) const {
  return created_at && solved_at && zone.local_day(*solved_at) <= zone.local_day(*created_at);
}

bool Ticket::solved_within_24h() const {
  return created_at && solved_at && solved_at->micros - created_at->micros <= kMicrosPerDay;
}

std::vector<Ticket> tickets_of(std::span<const Fact> tickets, std::span<const Fact> talks, Timestamp now) {
  std::map<Hash128, TicketFacts> by_ticket;
  for (const Fact& fact : tickets) {
    if (fact.at <= now) by_ticket[fact.subject].push_back(&fact);
  }
  TalksByTicket talks_by_ticket;
  for (const Fact* talk : by_ticket.empty() ? std::vector<const Fact*>() : talks_of(talks)) {
    std::string_view id = talk->text(InteractionField::ticket_id);
    if (!id.empty() && talk->at <= now) talks_by_ticket[id].push_back(talk);
  }
  std::vector<Ticket> judged;
  judged.reserve(by_ticket.size());
  for (const auto& [subject, facts] : by_ticket) judged.push_back(judge_ticket(facts, talks_by_ticket, now));
  std::ranges::sort(
      judged, [](const Ticket& a, const Ticket& b) { return std::tie(a.at, a.subject) < std::tie(b.at, b.subject); });
  return judged;
}

TicketFigures ticket_figures(const std::vector<Ticket>& tickets, const TimeZone& zone) {
  TicketFigures figures;
  figures.tickets = tickets.size();
  WideInteger response_sum = 0;
  for (const Ticket& ticket : tickets) {
    figures.created += ticket.created_at ? 1 : 0;
    figures.open += ticket.state == TicketState::open ? 1 : 0;
    figures.complaints += ticket.type == "complaint" ? 1 : 0;
    if (auto response = ticket.response_micros()) {
      ++figures.responded;
      response_sum += *response;
    }
    if (ticket.in_target) ++figures.targets;
    figures.in_target += ticket.in_target.value_or(false) ? 1 : 0;
    figures.solved += ticket.first_solved_at ? 1 : 0;
    figures.first_contact_resolved += ticket.first_contact_resolved ? 1 : 0;
    figures.same_day += ticket.same_day(zone) ? 1 : 0;
    figures.within_24h += ticket.solved_within_24h() ? 1 : 0;
  }
  if (figures.responded > 0) {
    figures.response_mean_tenths =
        divide_half_even(response_sum * 10, WideInteger{kMicrosPerMinute} * figures.responded);
  }
  return figures;
}

}  // namespace tributary
