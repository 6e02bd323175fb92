#include "connectors/query/facts_json.h"

#include <algorithm>

#include "connectors/query/json_members.h"
#include "engine/base/money.h"

namespace tributary {
namespace {

/// Open tickets that a profile shows, the newest first.
constexpr size_t kOpenTicketsShown = 100;
constexpr size_t kPreferencesShown = 50;
constexpr int64_t kMicrosPerMinute = 60 * kMicrosPerSecond;

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
  append_text_if_any(json, "who", talk.text(InteractionField::next_by));
  append_text_if_any(json, "due", talk.text(InteractionField::next_due));
  json.end_object();
}

void append_interaction(JsonOut& json, const Interaction& talk) {
  using enum InteractionField;
  json.begin_object().key("interaction_no").string(talk.number).key("kind").string(act_name(talk.told.act));
  json.key("occurred_at").string(format_iso8601(talk.told.at));
  json.key("recorded_at").string(format_iso8601(talk.told.received_at));
  append_text_if_any(json, "mode", talk.text(mode));
  append_text_if_any(json, "subject", talk.text(topic));
  append_text_if_any(json, "summary", talk.text(summary));
  append_text_if_any(json, "customer_said", talk.text(customer_said));
  append_text_if_any(json, "we_said", talk.text(we_said));
  append_text_if_any(json, "feedback", talk.text(feedback));
  append_next_action(json, talk);
  append_text_if_any(json, "logged_by", talk.text(logged_by));
  append_text_if_any(json, "direction", talk.text(direction));
  append_text_if_any(json, "channel", talk.text(channel));
  if (auto feeling = talk.text(sentiment); !feeling.empty()) json.key("sentiment").raw(feeling);
  if (auto length = talk.text(duration_ms); !length.empty()) json.key("duration_ms").raw(length);
  append_text_if_any(json, "ticket_id", talk.text(ticket_id));
  append_text_if_any(json, "opportunity_id", talk.text(opportunity_id));
  json.key("source").string(talk.told.source).key("message_id").string(talk.told.message_id);
  json.key("flags").begin_array();
  if (talk.late()) json.string("late");
  if (talk.vague()) json.string("next_action_vague");
  json.end_array().end_object();
}

void append_truth_or_null(JsonOut& json, std::string_view name, std::optional<bool> truth) {
  json.key(name);
  if (truth) {
    json.boolean(*truth);
  } else {
    json.null();
  }
}

/// Minutes with one place.
std::optional<Decimal> minutes_of(std::optional<int64_t> micros) {
  if (!micros) return std::nullopt;
  return Decimal{divide_half_even(WideInteger{*micros} * 10, kMicrosPerMinute), 1};
}

std::optional<Decimal> tenths(std::optional<int64_t> count) {
  return count ? std::optional(Decimal{*count, 1}) : std::nullopt;
}

void append_ticket(JsonOut& json, const Ticket& ticket, const TimeZone& zone) {
  json.begin_object().key("ticket_id").string(ticket.id).key("state").string(ticket_state_name(ticket.state));
  append_text_if_any(json, "ticket_type", ticket.type);
  append_text_if_any(json, "topic", ticket.topic);
  append_text_if_any(json, "severity", ticket.severity);
  append_text_if_any(json, "order_id", ticket.order_id);
  if (!ticket.sentiment.empty()) json.key("sentiment").raw(ticket.sentiment);
  append_text_if_any(json, "assignee", ticket.assignee);
  append_text_if_any(json, "resolution", ticket.resolution);
  append_text_if_any(json, "channel", ticket.channel);
  append_time_or_null(json, "created_at", ticket.created_at);
  append_time_or_null(json, "first_response_at", ticket.first_response_at);
  append_time_or_null(json, "solved_at", ticket.solved_at);
  append_time_or_null(json, "closed_at", ticket.closed_at);
  append_decimal_or_null(json, "response_minutes", minutes_of(ticket.response_micros()));
  append_number_or_null(json, "response_target_minutes", response_target_minutes(ticket.type));
  append_truth_or_null(json, "in_target", ticket.in_target);
  json.key("same_day").boolean(ticket.same_day(zone)).key("within_24h").boolean(ticket.solved_within_24h());
  json.key("inbound_contacts").unsigned_number(ticket.inbound_contacts);
  json.key("first_contact_resolved").boolean(ticket.first_contact_resolved);
  json.key("reopened").unsigned_number(ticket.reopened).end_object();
}

void append_open_tickets(JsonOut& json, const std::vector<Ticket>& tickets) {
  size_t shown = 0;
  json.key("open_tickets").begin_array();
  for (auto ticket = tickets.rbegin(); ticket != tickets.rend() && shown < kOpenTicketsShown; ++ticket) {
    if (ticket->state != TicketState::open) continue;
    ++shown;
    json.begin_object().key("ticket_id").string(ticket->id);
    append_text_if_any(json, "ticket_type", ticket->type);
    append_text_if_any(json, "topic", ticket->topic);
    append_time_or_null(json, "created_at", ticket->created_at);
    json.end_object();
  }
  json.end_array();
}

void append_feedback(JsonOut& json, const SurveyFigures& figures, bool complete) {
  json.key("feedback").begin_object();
  append_number_or_null(json, "nps_last", figures.nps_last);
  append_text_or_null(json, "nps_class", figures.nps_last ? figures.nps_class() : std::string_view());
  append_time_or_null(json, "nps_last_at", figures.nps_last_at);
  append_number_or_null(json, "ces_last", figures.ces_last);
  append_decimal_or_null(json, "csat_avg_90d", figures.csat_avg_90d);
  json.key("csat_count_90d").unsigned_number(figures.csat_count_90d);
  json.key("csat_satisfied_90d").unsigned_number(figures.csat_satisfied_90d);
  append_decimal_or_null(json, "sentiment_avg_90d", figures.sentiment_avg_90d);
  json.key("sentiment_count_90d").unsigned_number(figures.sentiment_count_90d);
  json.key("negative_count_90d").unsigned_number(figures.negative_count_90d);
  json.key("complete").boolean(complete).end_object();
}

void append_evidence(JsonOut& json, const PreferenceEvidence& evidence) {
  json.key("source").string(evidence.source).key("message_id").string(evidence.message_id);
}

void append_preference(JsonOut& json, const Preference& preference) {
  json.begin_object().key("kind").string(preference.kind).key("value").string(preference.value);
  json.key("weight").raw(to_text(preference.weight)).key("origin").string(preference.set ? "explicit" : "inferred");
  json.key("score").number(preference.score).key("inferred_weight").raw(to_text(preference.inferred_weight));
  json.key("updated_at").string(format_iso8601(preference.evidence.at));
  append_evidence(json, preference.evidence);
  json.end_object();
}

void append_exclusion(JsonOut& json, const Exclusion& exclusion) {
  json.begin_object().key("kind").string(exclusion.kind).key("value").string(exclusion.value);
  json.key("origin").string(exclusion_origin_name(exclusion.origin));
  append_text_if_any(json, "reason", exclusion.reason);
  json.key("since").string(format_iso8601(exclusion.evidence.at));
  append_time_or_null(json, "until", exclusion.until);
  append_evidence(json, exclusion.evidence);
  json.end_object();
}

template <class AppendElement>
void append_page(JsonOut& json, const CustomerId& customer, std::string_view name, AppendElement append_elements,
                 bool complete, const std::string& next_cursor) {
  json.begin_object().key("customer_id").string(customer.text()).key(name).begin_array();
  append_elements();
  json.end_array().key("complete").boolean(complete);
  append_text_or_null(json, "next", next_cursor);
  json.end_object();
}

}  // namespace

void append_interaction_figures(JsonOut& json, const ProfileView& profile, const std::vector<Interaction>& talks,
                                Timestamp now) {
  InteractionFigures figures = interaction_figures(talks, now);
  json.key("interactions").begin_object().key("count").unsigned_number(figures.count);
  json.key("count_30d").unsigned_number(figures.count_30d).key("level").string(figures.level());
  append_time_or_null(json, "last_at", figures.last_at);
  append_text_or_null(json, "last_feedback", figures.last_feedback);
  append_time_or_null(json, "next_action_due", figures.next_due);
  json.key("complete").boolean(profile.knows_all({FactKind::interaction})).end_object();
}

void append_service_figures(JsonOut& json, const ProfileView& profile, const ValueMoment& moment) {
  std::vector<Ticket> tickets =
      tickets_of(facts_of(profile.facts, FactKind::ticket), facts_of(profile.facts, FactKind::interaction), moment.now);
  TicketFigures figures = ticket_figures(tickets, moment.rules.zone);
  json.key("service").begin_object().key("tickets").unsigned_number(figures.tickets);
  json.key("tickets_created").unsigned_number(figures.created).key("tickets_open").unsigned_number(figures.open);
  append_open_tickets(json, tickets);
  json.key("complaints").unsigned_number(figures.complaints).key("responded").unsigned_number(figures.responded);
  append_decimal_or_null(json, "response_minutes_avg", tenths(figures.response_mean_tenths));
  json.key("targets").unsigned_number(figures.targets).key("in_target").unsigned_number(figures.in_target);
  json.key("solved").unsigned_number(figures.solved);
  json.key("first_contact_resolved").unsigned_number(figures.first_contact_resolved);
  json.key("same_day").unsigned_number(figures.same_day);
  json.key("within_24h").unsigned_number(figures.within_24h);
  json.key("complete").boolean(profile.knows_all({FactKind::ticket, FactKind::interaction})).end_object();
  append_feedback(json, survey_figures(profile.facts, moment.now),
                  profile.knows_all({FactKind::survey, FactKind::ticket, FactKind::interaction}));
}

CustomerPreferences preferences_of(const ProfileView& profile, Timestamp now) {
  return judge_preferences(facts_of(profile.facts, FactKind::preference), facts_of(profile.facts, FactKind::exclusion),
                           profile.orders, now);
}

void append_preferences(JsonOut& json, const ProfileView& profile, const CustomerPreferences& judged) {
  json.key("preferences").begin_array();
  for (size_t i = 0; i < std::min(judged.preferences.size(), kPreferencesShown); ++i) {
    append_preference(json, judged.preferences[i]);
  }
  json.end_array().key("exclusions").begin_array();
  for (const Exclusion& exclusion : judged.exclusions) append_exclusion(json, exclusion);
  bool complete = profile.orders_complete && profile.knows_all({FactKind::preference, FactKind::exclusion});
  json.end_array().key("preferences_complete").boolean(complete);
}

std::string interactions_json(const InteractionsPage& page) {
  std::string out;
  JsonOut json(out);
  auto append_all = [&] {
    for (const Interaction& talk : page.interactions) append_interaction(json, talk);
  };
  append_page(json, page.customer, "interactions", append_all, page.complete, page.next_cursor);
  return out;
}

std::string tickets_json(const TicketsPage& page, const TimeZone& zone) {
  std::string out;
  JsonOut json(out);
  auto append_all = [&] {
    for (const Ticket& ticket : page.tickets) append_ticket(json, ticket, zone);
  };
  append_page(json, page.customer, "tickets", append_all, page.complete, page.next_cursor);
  return out;
}

}  // namespace tributary
