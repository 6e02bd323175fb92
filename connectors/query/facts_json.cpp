#include "connectors/query/facts_json.h"

namespace tributary {
namespace {

void append_time_or_null(JsonOut& json, std::string_view name, const std::optional<Timestamp>& time) {
  json.key(name);
  if (time) {
    json.string(format_iso8601(*time));
  } else {
    json.null();
  }
}

/// Left out when nobody said it.
void append_said(JsonOut& json, std::string_view name, std::string_view text) {
  if (!text.empty()) json.key(name).string(text);
}

std::string_view act_name(uint8_t act) {
  switch (static_cast<InteractionAct>(act)) {
    case InteractionAct::logged:
      return "logged";
    case InteractionAct::call:
      return "call";
    case InteractionAct::message_received:
      return "message_received";
    case InteractionAct::message_sent:
      return "message_sent";
  }
  return "unknown";
}

void append_next_action(JsonOut& json, const Interaction& talk) {
  std::string_view what = talk.text(InteractionField::next_action);
  if (what.empty() || what == kNoNextAction) return;
  json.key("next_action").begin_object().key("what").string(what);
  append_said(json, "who", talk.text(InteractionField::next_by));
  append_said(json, "due", talk.text(InteractionField::next_due));
  json.end_object();
}

void append_interaction(JsonOut& json, const Interaction& talk) {
  using enum InteractionField;
  json.begin_object().key("interaction_no").string(talk.number).key("kind").string(act_name(talk.told.act));
  json.key("occurred_at").string(format_iso8601(talk.told.at));
  json.key("recorded_at").string(format_iso8601(talk.told.received_at));
  append_said(json, "mode", talk.text(mode));
  append_said(json, "subject", talk.text(topic));
  append_said(json, "summary", talk.text(summary));
  append_said(json, "customer_said", talk.text(customer_said));
  append_said(json, "we_said", talk.text(we_said));
  append_said(json, "feedback", talk.text(feedback));
  append_next_action(json, talk);
  append_said(json, "logged_by", talk.text(logged_by));
  append_said(json, "direction", talk.text(direction));
  if (auto feeling = talk.text(sentiment); !feeling.empty()) json.key("sentiment").raw(feeling);
  append_said(json, "ticket_id", talk.text(ticket_id));
  append_said(json, "opportunity_id", talk.text(opportunity_id));
  json.key("source").string(talk.told.source).key("message_id").string(talk.told.message_id);
  json.key("flags").begin_array();
  if (talk.late()) json.string("late");
  if (talk.vague()) json.string("next_action_vague");
  json.end_array().end_object();
}

}  // namespace

void append_interaction_figures(JsonOut& json, const ProfileView& profile, Timestamp now) {
  InteractionFigures figures =
      interaction_figures(interactions_of(facts_of(profile.facts, FactKind::interaction)), now);
  json.key("interactions").begin_object().key("count").unsigned_number(figures.count);
  json.key("count_30d").unsigned_number(figures.count_30d).key("level").string(figures.level());
  append_time_or_null(json, "last_at", figures.last_at);
  json.key("last_feedback");
  if (figures.last_feedback.empty()) {
    json.null();
  } else {
    json.string(figures.last_feedback);
  }
  append_time_or_null(json, "next_action_due", figures.next_due);
  json.end_object();
}

std::string interactions_json(const InteractionsPage& page) {
  std::string out;
  JsonOut json(out);
  json.begin_object().key("customer_id").string(page.customer.text()).key("interactions").begin_array();
  for (const Interaction& talk : page.interactions) append_interaction(json, talk);
  json.end_array().key("complete").boolean(page.complete).key("next");
  if (page.next_cursor.empty()) {
    json.null();
  } else {
    json.string(page.next_cursor);
  }
  json.end_object();
  return out;
}

}  // namespace tributary
