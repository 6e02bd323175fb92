// The vocabulary of talks with a customer, as facts of kind `interaction` keep it.
#pragma once

#include <cstdint>

namespace tributary {

/// What was told. Stored: never renumber.
enum class InteractionAct : uint8_t { logged = 1, call = 2, message_received = 3, message_sent = 4 };

/// Stored: never renumber.
enum class InteractionField : uint8_t {
  mode = 1,  // a code of interaction_modes()
  topic = 2,
  summary = 3,
  customer_said = 4,
  we_said = 5,
  feedback = 6,     // a code of interaction_feedbacks()
  next_action = 7,  // what is to be done; "-": nothing is
  next_by = 8,      // who does it
  next_due = 9,     // until when, ISO 8601
  logged_by = 10,
  direction = 11,  // "inbound" or "outbound"
  sentiment = 12,  // -1 to 1
  ticket_id = 13,
  opportunity_id = 14,
  channel = 15,      // of the event; a code of channels()
  duration_ms = 16,  // of a call; it ended when it was told
};

/// Of next_action: nothing is to be done.
constexpr char kNoNextAction[] = "-";

}  // namespace tributary
