#include "engine/ingest/interaction_reader.h"

#include <array>

#include "engine/domain/interaction.h"

namespace tributary {
namespace {

constexpr size_t kTopicBytesMax = 800;       // 200 characters
constexpr size_t kSummaryBytesMax = 40'000;  // 10,000 characters
constexpr size_t kPersonBytesMax = 200;
constexpr size_t kNumberBytesMax = 200;

constexpr std::array kDirections = {Term{"inbound", "呼入", "in"}, Term{"outbound", "呼出", "out"}};

using Told = InteractionField;

struct NextAction {
  std::string what, who, due;
};

std::string due_date_of(const FactProperties& properties, const JsonValue& value) {
  std::string text = properties.text_of(value, kNumberBytesMax);
  if (text.empty()) return {};
  auto due = parse_iso8601(text);
  if (!due) properties.note_wrong();
  return due ? format_iso8601(*due) : std::string();
}

NextAction next_action_of(const FactProperties& properties) {
  JsonValue value = properties.find("next_action");
  if (!value.is(JsonKind::object)) return {properties.text_of(value, kTopicBytesMax), {}, {}};
  JsonValue none = find_member(value, "none");
  if (none.is(JsonKind::boolean) && none.raw() == "true") return {kNoNextAction, {}, {}};
  return {properties.text_of(find_member(value, "what"), kTopicBytesMax),
          properties.text_of(find_member(value, "who"), kPersonBytesMax),
          due_date_of(properties, find_member(value, "due"))};
}

/// Named by its own number, else by its event: another event of that name is another talk.
FactSaid interaction_said(InteractionAct act, std::string number, const Event& event) {
  FactSaid fact;
  fact.kind = FactKind::interaction;
  fact.act = static_cast<uint8_t>(act);
  fact.subject_text = number.empty() ? event.source + ' ' + event.message_id : std::move(number);
  return fact;
}

}  // namespace

void read_interaction_logged(const FactProperties& properties, Event& event) {
  std::string mode = properties.code("mode", interaction_modes());
  std::string topic = properties.text("subject", kTopicBytesMax);
  std::string summary = properties.text("summary", kSummaryBytesMax);
  std::string customer_said = properties.text("customer_said", kSummaryBytesMax);
  std::string we_said = properties.text("we_said", kSummaryBytesMax);
  std::string feedback = properties.code("feedback", interaction_feedbacks());
  NextAction next = next_action_of(properties);
  std::string logged_by = properties.text("logged_by", kPersonBytesMax);
  bool told = !summary.empty() || (!customer_said.empty() && !we_said.empty());
  bool whole = !mode.empty() && !topic.empty() && told && !feedback.empty() && !next.what.empty() && !logged_by.empty();
  if (!whole || (event.flags & EventFlags::kFutureClamped) != 0) return properties.note_missing();
  std::string number = properties.text("interaction_no", kNumberBytesMax);
  FactSaid fact = interaction_said(InteractionAct::logged, std::move(number), event);
  fact.values = FactValues()
                    .add(Told::mode, std::move(mode))
                    .add(Told::topic, std::move(topic))
                    .add(Told::summary, std::move(summary))
                    .add(Told::customer_said, std::move(customer_said))
                    .add(Told::we_said, std::move(we_said))
                    .add(Told::feedback, std::move(feedback))
                    .add(Told::next_action, std::move(next.what))
                    .add(Told::next_by, std::move(next.who))
                    .add(Told::next_due, std::move(next.due))
                    .add(Told::logged_by, std::move(logged_by))
                    .add(Told::direction, properties.code("direction", kDirections))
                    .add(Told::sentiment, properties.sentiment("sentiment"))
                    .add(Told::ticket_id, properties.text("ticket_id", kNumberBytesMax))
                    .add(Told::opportunity_id, properties.text("opportunity_id", kNumberBytesMax))
                    .add(Told::channel, event.channel)
                    .take();
  event.facts.push_back(std::move(fact));
}

void read_call_completed(const FactProperties& properties, Event& event) {
  std::string direction = properties.code("direction", kDirections);
  if (direction.empty()) return properties.note_missing();
  FactSaid fact = interaction_said(InteractionAct::call, {}, event);
  fact.values = FactValues()
                    .add(Told::mode, "phone")
                    .add(Told::topic, properties.text("topic", kTopicBytesMax))
                    .add(Told::direction, std::move(direction))
                    .add(Told::sentiment, properties.sentiment("sentiment"))
                    .add(Told::ticket_id, properties.text("ticket_id", kNumberBytesMax))
                    .add(Told::channel, event.channel)
                    .add(Told::duration_ms, properties.number("duration_ms"))
                    .take();
  event.facts.push_back(std::move(fact));
}

void read_social_message(const FactProperties& properties, Event& event) {
  bool received = event.name == "Social Message Received";
  std::string account = properties.text("account", kPersonBytesMax);
  std::string text = properties.text("text", kSummaryBytesMax);
  if (text.empty()) text = properties.text("text_ref", kSummaryBytesMax);
  if (account.empty() || text.empty()) return properties.note_missing();
  auto act = received ? InteractionAct::message_received : InteractionAct::message_sent;
  FactSaid fact = interaction_said(act, {}, event);
  fact.values = FactValues()
                    .add(Told::summary, std::move(text))
                    .add(Told::direction, received ? "inbound" : "outbound")
                    .add(Told::sentiment, properties.sentiment("sentiment"))
                    .add(Told::ticket_id, properties.text("ticket_id", kNumberBytesMax))
                    .add(Told::channel, event.channel)
                    .take();
  event.facts.push_back(std::move(fact));
}

}  // namespace tributary
