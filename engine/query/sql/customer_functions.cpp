// Functions of one customer's history.
#include <algorithm>
#include <limits>
#include <set>

#include "engine/base/money.h"
#include "engine/ingest/catalogue.h"
#include "engine/ingest/tag_name.h"
#include "engine/ingest/text_fold.h"
#include "engine/query/sql/function.h"
#include "engine/query/sql/table.h"
#include "engine/query/sql/window.h"
#include "engine/query/timeline.h"

namespace tributary {
namespace {

using CallResult = Result<SqlValue>;

constexpr size_t kEventsPerRead = 1000;
constexpr size_t kSequenceStepsMax = 10;

SqlValue yes_or_no(bool is) { return SqlValue(int64_t{is ? 1 : 0}); }

Result<SqlCustomer*> customer_argument(const SqlArguments& arguments) {
  return arguments.statement().customer(arguments.text(0));
}

/// Calls on_event(TimelineEntry&) for the events of these names in the window, newest first, until it says false.
template <class OnEvent>
Result<void> for_each_event(SqlCustomer& customer, std::vector<std::string> names, const SqlWindow& window,
                            OnEvent on_event) {
  SqlStatement& statement = customer.statement();
  TimelineQuery query;
  query.type = EventType::track;
  query.names = std::move(names);
  if (window.after) query.from = Timestamp{window.after->micros + 1};
  query.until = Timestamp{window.now.micros + 1};
  query.limit = kEventsPerRead;
  do {
    auto page = read_timeline(*statement.source.snapshot, statement.source.log, statement.source.cursor_key,
                              customer.customer(), query);
    if (!page) return page.error();
    for (TimelineEntry& entry : page->entries) {
      if (!on_event(entry)) return {};
    }
    query.cursor = page->next_cursor;
  } while (!query.cursor.empty() && !statement.must_end());
  return {};
}

CallResult event_count(const SqlArguments& arguments) {
  auto window = window_argument(arguments, 2);
  if (!window) return window.error();
  auto customer = customer_argument(arguments);
  if (!customer) return customer.error();
  if (*customer == nullptr) return SqlValue();
  int64_t count = 0;
  TRIBUTARY_TRY(for_each_event(**customer, {arguments.text(1)}, *window, [&](const TimelineEntry&) {
    ++count;
    return true;
  }));
  return SqlValue(count);
}

CallResult event_days(const SqlArguments& arguments) {
  auto window = window_argument(arguments, 2);
  if (!window) return window.error();
  auto customer = customer_argument(arguments);
  if (!customer) return customer.error();
  if (*customer == nullptr) return SqlValue();
  std::set<int64_t> days;
  const TimeZone& zone = arguments.statement().query.rules.zone;
  TRIBUTARY_TRY(for_each_event(**customer, {arguments.text(1)}, *window, [&](const TimelineEntry& entry) {
    days.insert(zone.local_day(entry.occurred_at));
    return true;
  }));
  return SqlValue(static_cast<int64_t>(days.size()));
}

CallResult event_sum(const SqlArguments& arguments) {
  auto window = window_argument(arguments, 3);
  if (!window) return window.error();
  auto customer = customer_argument(arguments);
  if (!customer) return customer.error();
  if (*customer == nullptr) return SqlValue();
  std::string property = arguments.text(2);
  Decimal sum;
  bool fits = true;
  TRIBUTARY_TRY(for_each_event(**customer, {arguments.text(1)}, *window, [&](const TimelineEntry& entry) {
    JsonValue value = find_member(arguments.statement().member_of(entry.json, "properties"), property);
    if (!value.is(JsonKind::number)) return true;
    auto number = parse_amount(value.raw());
    auto more = number ? add(sum, *number) : std::nullopt;
    fits = fits && (!number || more);
    if (more) sum = *more;
    return true;
  }));
  if (!fits) return Error(ErrorCode::invalid, "the sum has too many digits");
  std::string text = to_shortest_text(sum);
  if (text.find('.') == text.npos) return sql_integer(parse_decimal(text)->digits);
  return SqlValue(std::stod(text));
}

CallResult event_last(const SqlArguments& arguments) {
  auto customer = customer_argument(arguments);
  if (!customer) return customer.error();
  if (*customer == nullptr) return SqlValue();
  SqlValue last;
  SqlWindow window{std::nullopt, arguments.statement().query.now};
  TRIBUTARY_TRY(for_each_event(**customer, {arguments.text(1)}, window, [&](const TimelineEntry& entry) {
    last = sql_time(entry.occurred_at);
    return false;
  }));
  return last;
}

CallResult event_first(const SqlArguments& arguments) {
  auto customer = customer_argument(arguments);
  if (!customer) return customer.error();
  if (*customer == nullptr) return SqlValue();
  SqlValue first;
  SqlWindow window{std::nullopt, arguments.statement().query.now};
  TRIBUTARY_TRY(for_each_event(**customer, {arguments.text(1)}, window, [&](const TimelineEntry& entry) {
    first = sql_time(entry.occurred_at);
    return true;
  }));
  return first;
}

CallResult order_count(const SqlArguments& arguments) {
  auto window = window_argument(arguments, 1);
  if (!window) return window.error();
  auto customer = customer_argument(arguments);
  if (!customer) return customer.error();
  if (*customer == nullptr) return SqlValue();
  auto orders = (*customer)->orders();
  if (!orders) return orders.error();
  return SqlValue(static_cast<int64_t>(
      std::ranges::count_if(**orders, [&](const Order& order) { return order.counts && window->holds(order.at); })));
}

/// In the customer's currency alone, as every sum of its figures.
CallResult order_sum(const SqlArguments& arguments) {
  auto window = window_argument(arguments, 1);
  if (!window) return window.error();
  auto customer = customer_argument(arguments);
  if (!customer) return customer.error();
  if (*customer == nullptr) return SqlValue();
  auto orders = (*customer)->orders();
  if (!orders) return orders.error();
  auto value = (*customer)->value();
  if (!value) return value.error();
  WideInteger sum = 0;
  for (const Order& order : **orders) {
    if (order.counts && order.currency == (*value)->currency && window->holds(order.at)) sum += order.value_minor;
  }
  return sql_integer(sum);
}

CallResult bought(const SqlArguments& arguments) {
  auto window = window_argument(arguments, 3);
  if (!window) return window.error();
  std::string kind = arguments.text(1), scratch;
  if (kind != "category" && kind != "brand" && kind != "product_id" && kind != "sku") {
    return Error(ErrorCode::invalid, "expected category, brand, product_id or sku");
  }
  auto customer = customer_argument(arguments);
  if (!customer) return customer.error();
  if (*customer == nullptr) return SqlValue();
  auto orders = (*customer)->orders_with_lines();
  if (!orders) return orders.error();
  auto wanted = match_text(arguments.text(2));
  bool found = false;
  for (const Order& order : **orders) {
    if (!order.counts || order.gift || !window->holds(order.at)) continue;
    std::string lines = "{\"lines\":" + order.lines_json + "}";
    for_each_element(arguments.statement().member_of(lines, "lines"), [&](const JsonValue& line) {
      JsonValue said = find_member(line, kind);
      if (!said.missing()) found = found || match_text(said.text(scratch)) == wanted;
    });
  }
  return yes_or_no(found);
}

/// Names of events in the order in which they have to happen, and one that must not follow.
struct EventSequence {
  std::vector<std::string> steps;
  std::string forbidden;  // empty: none
};

std::string as_catalogued(std::string_view name) {
  const CatalogueEvent* known = find_catalogue_event(name);
  return std::string(known != nullptr ? known->name : name);
}

Result<EventSequence> parse_sequence(std::string_view text) {
  EventSequence sequence;
  while (!text.empty()) {
    size_t end = std::min(text.find('>'), text.size());
    std::string_view step = trim_white_space(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
    bool never = step.starts_with('!');
    if (never) step = trim_white_space(step.substr(1));
    if (step.empty() || (never && !text.empty())) {
      return Error(ErrorCode::invalid, "expected 'A > B', or 'A > B > !C' with what must not follow last");
    }
    if (never) {
      sequence.forbidden = as_catalogued(step);
    } else {
      sequence.steps.push_back(as_catalogued(step));
    }
  }
  if (sequence.steps.empty() || sequence.steps.size() > kSequenceStepsMax) {
    return Error(ErrorCode::invalid, "expected 1 to 10 events that happen");
  }
  return sequence;
}

struct SequenceEvent {
  Timestamp at;
  std::string name;
};

/// Whether the steps follow the event at `first`, which is the first of them, within the length.
bool follows(const std::vector<SequenceEvent>& events, size_t first, const EventSequence& sequence,
             std::optional<int64_t> length, Timestamp now) {
  int64_t end = length ? events[first].at.micros + *length : std::numeric_limits<int64_t>::max();
  size_t step = 1, at = first + 1;
  for (; at < events.size() && step < sequence.steps.size() && events[at].at.micros <= end; ++at) {
    if (events[at].name == sequence.steps[step]) ++step;
  }
  if (step < sequence.steps.size()) return false;
  if (sequence.forbidden.empty()) return true;
  if (!length || end > now.micros) return false;
  for (; at < events.size() && events[at].at.micros <= end; ++at) {
    if (events[at].name == sequence.forbidden) return false;
  }
  return true;
}

CallResult did_sequence(const SqlArguments& arguments) {
  std::string length_text = arguments.text(2);
  auto length = parse_fixed_length(length_text);
  if (!length && length_text != "all") return Error(ErrorCode::invalid, "expected a length such as 30d, 12h or all");
  auto sequence = parse_sequence(arguments.text(1));
  if (!sequence) return sequence.error();
  auto customer = customer_argument(arguments);
  if (!customer) return customer.error();
  if (*customer == nullptr) return SqlValue();
  std::vector<std::string> names = sequence->steps;
  if (!sequence->forbidden.empty()) names.push_back(sequence->forbidden);
  std::vector<SequenceEvent> events;
  Timestamp now = arguments.statement().query.now;
  TRIBUTARY_TRY(for_each_event(**customer, names, {std::nullopt, now}, [&](TimelineEntry& entry) {
    events.push_back({entry.occurred_at, std::move(entry.name)});
    return true;
  }));
  std::ranges::reverse(events);
  for (size_t i = 0; i < events.size(); ++i) {
    if (events[i].name != sequence->steps.front()) continue;
    if (follows(events, i, *sequence, length, now)) return yes_or_no(true);
    if (!length || arguments.statement().must_end()) break;  // what does not follow the first follows no later one
  }
  return yes_or_no(false);
}

CallResult has_tag(const SqlArguments& arguments) {
  auto customer = customer_argument(arguments);
  if (!customer) return customer.error();
  if (*customer == nullptr) return SqlValue();
  auto tags = (*customer)->tags();
  if (!tags) return tags.error();
  std::string type = tag_type_code(arguments.text(1));
  const TagEntry* entry = arguments.statement().source.tags->find_in_force(tag_subject(type, arguments.text(2)));
  return yes_or_no(entry != nullptr && std::ranges::any_of(**tags, [&](const CustomerTag& tag) {
                     return tag.entry->subject == entry->subject;
                   }));
}

CallResult has_identifier(const SqlArguments& arguments) {
  std::string kind = arguments.text(1);
  auto known = parse_rule_kind(kind);
  if (!known) known = parse_kind(kind);
  if (!known) return Error(ErrorCode::invalid, "the second argument is no kind of identifier");
  auto customer = customer_argument(arguments);
  if (!customer) return customer.error();
  if (*customer == nullptr) return SqlValue();
  auto profile = (*customer)->profile();
  if (!profile) return profile.error();
  bool any_platform = has_platforms(known->family) && known->platform.empty();
  return yes_or_no(std::ranges::any_of((*profile)->identifiers, [&](const IdentifierView& identifier) {
    return any_platform ? identifier.kind.family == known->family : identifier.kind == *known;
  }));
}

CallResult has_channel(const SqlArguments& arguments) {
  auto customer = customer_argument(arguments);
  if (!customer) return customer.error();
  if (*customer == nullptr) return SqlValue();
  auto profile = (*customer)->profile();
  if (!profile) return profile.error();
  return yes_or_no(std::ranges::find((*profile)->channels, arguments.text(1)) != (*profile)->channels.end());
}

bool is_excluded(const CustomerPreferences& preferences, const std::string& kind, const std::string& value) {
  auto wanted = match_text(value);
  return std::ranges::any_of(preferences.exclusions, [&](const Exclusion& exclusion) {
    return exclusion.kind == kind && match_text(exclusion.value) == wanted;
  });
}

CallResult excluded(const SqlArguments& arguments) {
  auto customer = customer_argument(arguments);
  if (!customer) return customer.error();
  if (*customer == nullptr) return SqlValue();
  auto preferences = (*customer)->preferences();
  if (!preferences) return preferences.error();
  return yes_or_no(is_excluded(**preferences, arguments.text(1), arguments.text(2)));
}

CallResult prefers(const SqlArguments& arguments) {
  auto customer = customer_argument(arguments);
  if (!customer) return customer.error();
  if (*customer == nullptr) return SqlValue();
  auto judged = (*customer)->preferences();
  if (!judged) return judged.error();
  std::string kind = arguments.text(1), value = arguments.text(2);
  auto wanted = match_text(value);
  bool liked = std::ranges::any_of((*judged)->preferences, [&](const Preference& preference) {
    return preference.kind == kind && preference.weight.digits > 0 && match_text(preference.value) == wanted;
  });
  return yes_or_no(liked && !is_excluded(**judged, kind, value));
}

constexpr SqlFunction kCustomerFunctions[] = {
    {"event_count", 3, event_count},
    {"event_sum", 4, event_sum},
    {"event_last", 2, event_last},
    {"event_first", 2, event_first},
    {"event_days", 3, event_days},
    {"order_count", 2, order_count},
    {"order_sum", 2, order_sum},
    {"bought", 4, bought},
    {"did_sequence", 3, did_sequence},
    {"has_tag", 3, has_tag},
    {"has_identifier", 2, has_identifier},
    {"has_channel", 2, has_channel},
    {"prefers", 3, prefers},
    {"excluded", 3, excluded},
};

}  // namespace

std::span<const SqlFunction> customer_functions() { return kCustomerFunctions; }

}  // namespace tributary
