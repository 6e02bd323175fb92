// The matters that service works on for a customer: what became of each, how fast, and what follows from all of them.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/time_zone.h"
#include "engine/domain/ticket.h"
#include "engine/profile/interaction.h"

namespace tributary {

enum class TicketState : uint8_t { open, solved, closed };
std::string_view ticket_state_name(TicketState state);

/// One ticket as of a moment.
struct Ticket {
  Hash128 subject;  // names it
  std::string id;
  Timestamp at;  // of its creation, else of the first that was said
  TicketState state = TicketState::open;
  std::string type;  // empty: nobody said
  std::string topic, severity, order_id, sentiment, assignee, resolution, channel;
  std::optional<Timestamp> created_at, first_response_at;
  std::optional<Timestamp> first_solved_at;
  std::optional<Timestamp> solved_at, closed_at;  // nothing once it was reopened
  uint64_t reopened = 0;
  /// What the customer had to say until it was solved first: its creation with the talk that led to it, and each talk
  /// that began later.
  uint64_t inbound_contacts = 0;
  bool first_contact_resolved = false;  // solved with one contact, and not reopened within 7 days
  std::optional<bool> in_target;        // nothing while there is time, and where nobody said what it takes

  /// From creation to first response.
  std::optional<int64_t> response_micros() const;
  /// Solved before the local day of its creation ended.
  bool same_day(const TimeZone& zone) const;
  bool solved_within_24h() const;
};

/// Within which a ticket of this type is to be answered: enquiries 60, faults 120, complaints 30 minutes around the
/// clock. Nothing for other text.
std::optional<int64_t> response_target_minutes(std::string_view ticket_type);

/// Oldest first. Of facts of the kinds `ticket` and `interaction`, in any order, up to the moment. Once somebody
/// entitled tells of a ticket, claims count only as its creation, while nobody entitled told it, and its reopening.
std::vector<Ticket> tickets_of(std::span<const Fact> tickets, std::span<const Fact> talks, Timestamp now);

struct TicketFigures {
  uint64_t tickets = 0;
  uint64_t created = 0;  // of them: those whose creation is known
  uint64_t open = 0;
  uint64_t complaints = 0;
  uint64_t responded = 0;
  std::optional<int64_t> response_mean_tenths;  // of minutes, half to even
  uint64_t targets = 0, in_target = 0;          // those that could be kept, and were
  uint64_t solved = 0;                          // at some moment
  uint64_t first_contact_resolved = 0;
  uint64_t same_day = 0, within_24h = 0;
};
TicketFigures ticket_figures(const std::vector<Ticket>& tickets, const TimeZone& zone);

}  // namespace tributary
