#include "engine/ingest/ticket_reader.h"

#include <array>
#include <utility>

#include "engine/domain/ticket.h"

namespace tributary {
namespace {

constexpr size_t kTicketTextBytesMax = 800;       // 200 characters
constexpr size_t kResolutionBytesMax = 40'000;    // 10,000 characters
constexpr size_t kTicketReferenceBytesMax = 200;  // as talks name it

constexpr std::array<std::pair<std::string_view, TicketAct>, 6> kTicketActs = {{
    {"Ticket Created", TicketAct::created},
    {"Ticket Assigned", TicketAct::assigned},
    {"Ticket First Responded", TicketAct::first_responded},
    {"Ticket Solved", TicketAct::solved},
    {"Ticket Reopened", TicketAct::reopened},
    {"Ticket Closed", TicketAct::closed},
}};

TicketAct ticket_act_of(std::string_view event_name) {
  for (const auto& [name, act] : kTicketActs) {
    if (name == event_name) return act;
  }
  return TicketAct::created;
}

}  // namespace

void read_ticket(const FactProperties& properties, Event& event) {
  TicketAct act = ticket_act_of(event.name);
  std::string id = properties.text("ticket_id", kTicketReferenceBytesMax);
  std::string type = properties.code("ticket_type", ticket_types());
  if (id.empty() || (act == TicketAct::created && type.empty())) return properties.note_missing();
  FactSaid fact;
  fact.kind = FactKind::ticket;
  fact.act = static_cast<uint8_t>(act);
  fact.subject_text = std::move(id);
  fact.values = FactValues()
                    .add(TicketField::ticket_type, std::move(type))
                    .add(TicketField::topic, properties.text("topic", kTicketTextBytesMax))
                    .add(TicketField::severity, properties.text("severity", kTicketTextBytesMax))
                    .add(TicketField::order_id, properties.text("order_id", kTicketReferenceBytesMax))
                    .add(TicketField::sentiment, properties.sentiment("sentiment"))
                    .add(TicketField::assignee, properties.text("assignee", kTicketTextBytesMax))
                    .add(TicketField::resolution, properties.text("resolution", kResolutionBytesMax))
                    .add(TicketField::channel, properties.text("channel", kTicketTextBytesMax))
                    .take();
  event.facts.push_back(std::move(fact));
}

}  // namespace tributary
