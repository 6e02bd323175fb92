// One row per event on a timeline: of one customer from its timeline, of all from the log.
#include <algorithm>

#include "engine/base/json_out.h"
#include "engine/query/export.h"
#include "engine/query/sql/table.h"
#include "engine/query/timeline.h"

namespace tributary {
namespace {

constexpr int kEventCustomer = 1, kEventTime = 7;
constexpr size_t kEventsPerPage = 200;
constexpr int64_t kMicrosPerMilli = 1000;

SqlTable make_events_table();

/// The moment that a text stands for where texts of times are compared; nothing for other texts.
std::optional<Timestamp> bound_of(const SqlValue& value) {
  constexpr size_t kDateBytes = 10, kTimeBytes = 24;
  const auto* text = std::get_if<std::string>(&value);
  if (text == nullptr || (text->size() != kDateBytes && text->size() != kTimeBytes)) return std::nullopt;
  auto time = parse_iso8601(*text);
  if (!time || sql_time(*time).substr(0, text->size()) != *text) return std::nullopt;
  return time;
}

class EventCursor : public SqlCursor {
 public:
  explicit EventCursor(SqlStatement& statement) : statement_(statement), customers_(statement) {}

  Result<void> begin(std::span<const SqlBound> bounds) override {
    walk_.reset();
    page_ = {};
    at_ = 0;
    query_ = {};
    query_.limit = kEventsPerPage;
    for (const SqlBound& bound : bounds) narrow(bound);
    of_one_ = equal_to(bounds, kEventCustomer) != nullptr;
    if (!of_one_) {
      const SqlSource& read = statement_.source;
      auto walk = export_events(read.snapshot, read.log, read.workspace, read.rules,
                                EventExportQuery{query_.from, query_.until});
      if (!walk) return walk.error();
      walk_ = std::move(*walk);
      return {};
    }
    TRIBUTARY_TRY(find_by_customer_id(customers_, bounds, kEventCustomer));
    auto found = customers_.next();
    if (!found) return found.error();
    if (!*found) return {};
    event_.customer = customers_.current().customer().id;
    return read_page();
  }

  Result<bool> next() override {
    parsed_ = false;
    return of_one_ ? next_of_customer() : next_of_all();
  }

  Result<SqlValue> cell(int column) override;

 private:
  enum Column {
    event_id,
    customer_id,
    type,
    name,
    channel,
    touchpoint,
    source,
    occurred_at,
    received_at,
    flags,
    properties,
    event
  };

  void narrow(const SqlBound& bound) {
    auto time = bound.column == kEventTime ? bound_of(bound.value) : std::nullopt;
    if (!time) return;
    if (bound.test == SqlBound::Test::at_least) {
      query_.from = query_.from ? std::max(*query_.from, *time) : *time;
    } else if (bound.test == SqlBound::Test::at_most) {
      Timestamp behind{time->micros + kMicrosPerMilli};
      query_.until = query_.until ? std::min(*query_.until, behind) : behind;
    }
  }

  Result<void> read_page() {
    const SqlSource& read = statement_.source;
    auto page = read_timeline(*read.snapshot, read.log, read.cursor_key, customers_.current().customer(), query_);
    if (!page) return page.error();
    page_ = std::move(*page);
    query_.cursor = page_.next_cursor;
    at_ = 0;
    return {};
  }

  Result<bool> next_of_customer() {
    while (at_ == page_.entries.size()) {
      if (query_.cursor.empty() || statement_.must_end()) return false;
      TRIBUTARY_TRY(read_page());
    }
    event_.entry = std::move(page_.entries[at_++]);
    return true;
  }

  Result<bool> next_of_all() {
    while (!statement_.must_end()) {
      auto step = walk_->next(event_);
      if (!step) return step.error();
      if (*step == ExportStep::end) return false;
      if (*step == ExportStep::item) return true;
    }
    return false;
  }

  const std::string& properties_json() {
    if (!parsed_) properties_ = statement_.event_member(event_.entry.json, "properties");
    parsed_ = true;
    return properties_;
  }

  SqlStatement& statement_;
  SqlCustomers customers_;
  TimelineQuery query_;
  TimelinePage page_;
  size_t at_ = 0;
  bool of_one_ = false;
  std::unique_ptr<EventExport> walk_;
  ExportedEvent event_;
  bool parsed_ = false;
  std::string properties_;
};

SqlValue flags_json(uint8_t flags) {
  std::string text;
  JsonOut json(text);
  json.begin_array();
  for (std::string_view name : flag_names(flags)) json.string(name);
  json.end_array();
  return text;
}

Result<SqlValue> EventCursor::cell(int column) {
  const TimelineEntry& entry = event_.entry;
  switch (static_cast<Column>(column)) {
    case event_id:
      return SqlValue(entry.message_id);
    case customer_id:
      return event_.customer ? SqlValue(event_.customer->text()) : SqlValue();
    case type:
      return SqlValue(std::string(event_type_name(entry.type)));
    case name:
      return sql_text(entry.name);
    case channel:
      return sql_text(entry.channel);
    case touchpoint:
      return sql_text(entry.touchpoint);
    case source:
      return SqlValue(entry.source);
    case occurred_at:
      return SqlValue(sql_time(entry.occurred_at));
    case received_at:
      return SqlValue(sql_time(entry.received_at));
    case flags:
      return flags_json(entry.flags);
    case properties:
      return sql_text(properties_json());
    case event:
      return SqlValue(entry.json);
  }
  return SqlValue();
}

SqlTable make_events_table() {
  constexpr double kEventsOfACustomer = 30;
  SqlTable table;
  table.name = "events";
  table.columns = {{"event_id"},    {"customer_id"}, {"type"},       {"name"},
                   {"channel"},     {"touchpoint"},  {"source"},     {"occurred_at"},
                   {"received_at"}, {"flags"},       {"properties"}, {.name = "event", .hidden = true}};
  table.keys = {{kEventCustomer}};
  table.time_column = kEventTime;
  table.newest_first_by_key = true;
  table.rows = 1e6 * kEventsOfACustomer;
  table.open = [](SqlStatement& statement) -> std::unique_ptr<SqlCursor> {
    return std::make_unique<EventCursor>(statement);
  };
  return table;
}

}  // namespace

SqlTable events_table() { return make_events_table(); }

}  // namespace tributary
