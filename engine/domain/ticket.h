// The vocabulary of service tickets, as facts of kind `ticket` keep it. The subject is the ticket's id.
#pragma once

#include <cstdint>

namespace tributary {

/// What happened to it. Stored: never renumber; of one moment the greater one is the later.
enum class TicketAct : uint8_t { created = 1, assigned = 2, first_responded = 3, solved = 4, reopened = 5, closed = 6 };

/// Stored: never renumber.
enum class TicketField : uint8_t {
  ticket_type = 1,  // a code of ticket_types()
  topic = 2,
  severity = 3,
  order_id = 4,
  sentiment = 5,  // -1 to 1
  assignee = 6,
  resolution = 7,
  channel = 8,
};

}  // namespace tributary
