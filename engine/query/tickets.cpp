#include "engine/query/tickets.h"

#include <algorithm>
#include <tuple>

#include "engine/query/cursor.h"
#include "engine/query/facts.h"

namespace tributary {
namespace {

constexpr std::string_view kTicketsCursor = "tickets";

bool opened_before(const Ticket& a, const Ticket& b) { return std::tie(a.at, a.subject) < std::tie(b.at, b.subject); }

}  // namespace

Result<TicketsPage> read_tickets_page(const StateReader& reader, const KeyedHash& cursor_key, const Customer& customer,
                                      const PageQuery& query, Timestamp now) {
  TicketsPage page;
  page.customer = customer.id;
  bool talks_complete = true;
  auto facts = read_facts(reader, customer, FactKind::ticket, page.complete);
  if (!facts) return facts.error();
  auto talks = read_facts(reader, customer, FactKind::interaction, talks_complete);
  if (!talks) return talks.error();
  page.complete = page.complete && talks_complete;
  std::vector<Ticket> tickets = tickets_of(*facts, *talks, now);
  auto end = tickets.end();
  if (!query.cursor.empty()) {
    auto place = open_dated_cursor(cursor_key, kTicketsCursor, query.cursor);
    if (!place) return place.error();
    Ticket before;
    before.at = place->at;
    before.subject = place->hash;
    end = std::lower_bound(tickets.begin(), tickets.end(), before, opened_before);
  }
  while (end != tickets.begin() && page.tickets.size() < query.limit) page.tickets.push_back(std::move(*--end));
  if (end == tickets.begin()) return page;
  const Ticket& last = page.tickets.back();
  page.next_cursor = seal_cursor(cursor_key, kTicketsCursor, DatedPlace{last.at, last.subject});
  return page;
}

}  // namespace tributary
