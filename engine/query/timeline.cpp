#include "engine/query/timeline.h"

#include <algorithm>
#include <deque>
#include <set>
#include <utility>

#include "engine/base/crc32c.h"
#include "engine/ingest/catalogue.h"
#include "engine/query/cursor.h"
#include "engine/query/newest_first.h"
#include "engine/query/page_budget.h"

namespace tributary {
namespace {

constexpr std::string_view kTimelineCursor = "timeline";
constexpr std::string_view kOldestFirstCursor = "oldest_first";

// Where the events asked for stand, and whose rows there are meant: a home may be others', too.
struct TimelineOwners {
  TimelineOwners(const Customer& customer, const TimelineQuery& query) {
    for (const Evidence* owned : customer.evidence) {
      if (query.naming && !owned->names(*query.naming)) continue;
      evidence.insert(owned->hash);
      homes.insert(home_of(owned->members).id);
    }
  }

  std::set<Hash128> evidence, homes;
};

// A customer's homes, merged newest first. Each home's rows are in order already; the suffix of a key is the position.
class MergedTimeline {
 public:
  MergedTimeline(const StateReader& reader, WorkspaceId workspace, const TimelineOwners& owners,
                 std::string_view after) {
    for (const Hash128& home : owners.homes) {
      std::string prefix = id_key(workspace, home);
      auto rows = reader.scan(Family::timeline, prefix);
      if (!after.empty()) rows->seek(prefix + std::string(after));
      if (rows->valid() && suffix(*rows) == after) rows->next();
      rows_.push_back(std::move(rows));
    }
  }

  /// The newest row that was not taken yet; null at the end.
  StateIterator* next() {
    if (current_ != nullptr) current_->next();
    current_ = nullptr;
    for (auto& rows : rows_) {
      if (rows->valid() && (current_ == nullptr || suffix(*rows) < suffix(*current_))) current_ = rows.get();
    }
    return current_;
  }

  Result<void> status() const {
    for (const auto& rows : rows_) TRIBUTARY_TRY(rows->status());
    return {};
  }

  static std::string_view suffix(const StateIterator& rows) {
    return rows.key().substr(rows.key().size() - kNewestFirstBytes);
  }

 private:
  std::vector<std::unique_ptr<StateIterator>> rows_;
  StateIterator* current_ = nullptr;
};

// Track events of the catalogue stand under its spelling, whatever the sender's was; those of older records under the
// sender's.
class TimelineFilter {
 public:
  explicit TimelineFilter(const TimelineQuery& query)
      : query_(query), wanted_(query.names), unwanted_(query.not_names) {}

  bool may_match(const TimelineRow& row) const {
    if (query_.type && row.type != *query_.type) return false;
    if (query_.source && row.source_crc != crc32c(*query_.source)) return false;
    return wanted_.empty() || wanted_.may_hold(row.type, row.name_crc);
  }

  bool matches(const EventView& event) const {
    if (query_.source && event.source != *query_.source) return false;
    return (wanted_.empty() || wanted_.holds(event)) && !unwanted_.holds(event);
  }

 private:
  class Names {
   public:
    explicit Names(const std::vector<std::string>& names) {
      for (const std::string& name : names) {
        const CatalogueEvent* known = find_catalogue_event(name);
        names_.push_back({name, known != nullptr ? known->name : name});
      }
    }
    bool empty() const { return names_.empty(); }
    bool may_hold(EventType type, uint32_t crc) const {
      return any([&](const Name& name) {
        return crc == crc32c(name.said) || (type == EventType::track && crc == crc32c(name.catalogued));
      });
    }
    bool holds(const EventView& event) const {
      return any([&](const Name& name) {
        return event.name == name.said || (event.type == EventType::track && event.name == name.catalogued);
      });
    }

   private:
    struct Name {
      std::string_view said, catalogued;
    };
    template <class Is>
    bool any(Is is) const {
      return std::any_of(names_.begin(), names_.end(), is);
    }
    std::vector<Name> names_;
  };

  const TimelineQuery& query_;
  Names wanted_, unwanted_;
};

Result<std::optional<TimelineEntry>> read_entry(Log& log, Lsn lsn, const TimelineRow& row, const TimelineFilter& filter,
                                                PageBudget& budget) {
  auto payload = read_payload(log, lsn, budget);
  if (!payload) return payload.error();
  if (!*payload) return std::optional<TimelineEntry>();
  EventView event;
  if (auto decoded = decode_event(**payload, event); !decoded) return decoded.error();
  if (!filter.matches(event)) return std::optional<TimelineEntry>();
  TimelineEntry entry;
  entry.type = event.type;
  entry.name = event.name;
  entry.message_id = event.message_id;
  entry.source = event.source;
  entry.channel = event.channel;
  entry.touchpoint = event.touchpoint;
  entry.occurred_at = event.occurred_at;
  entry.received_at = row.received_at;
  entry.flags = event.flags;
  entry.lsn = lsn.value();
  entry.json = event.json;
  return std::optional<TimelineEntry>(std::move(entry));
}

bool is_before(const NewestFirst& a, const NewestFirst& b) { return a.at != b.at ? a.at < b.at : a.lsn < b.lsn; }

constexpr int64_t kFirstWindowMicros = 3600 * kMicrosPerSecond;
constexpr int64_t kWindowGrowth = 8;
constexpr int64_t kLastWindowMicros = INT64_MAX / 64;
constexpr Timestamp kEndOfTime{INT64_MAX / 4};

// Rows run from the newest to the oldest alone. So the other way they are read in windows of time, each wider than the
// one before, and of each window the oldest rows are kept.
class OldestFirst {
 public:
  OldestFirst(const StateReader& reader, WorkspaceId workspace, const TimelineOwners& owners,
              const TimelineFilter& filter, PageBudget& budget)
      : reader_(reader), workspace_(workspace), owners_(owners), filter_(filter), budget_(budget) {}

  struct Found {
    NewestFirst position;
    TimelineRow row;
  };

  /// The oldest matching rows behind `after` and before `end`, at most `most`.
  struct Window {
    std::deque<Found> rows;
    bool whole = true;      // there are no others
    bool too_wide = false;  // it was given up
  };
  Result<Window> read(const NewestFirst& after, Timestamp end, size_t most) {
    Window window;
    size_t seen = 0;
    MergedTimeline timeline(reader_, workspace_, owners_, newest_first_suffix({Timestamp{end.micros - 1}, kLastLsn}));
    while (StateIterator* at = timeline.next()) {
      NewestFirst position = newest_first_position(at->key());
      if (!is_before(after, position)) break;
      window.too_wide = ++seen > kPageRowsMax && end.micros - after.at.micros > kFirstWindowMicros;
      if (window.too_wide) return window;
      budget_.add_row();
      auto row = decode_timeline(at->value());
      if (!row) return row.error();
      if (!owners_.evidence.contains(row->evidence) || !filter_.may_match(*row)) continue;
      window.rows.push_front({position, *row});
      if (window.rows.size() <= most) continue;
      window.rows.pop_back();
      window.whole = false;
    }
    TRIBUTARY_TRY(timeline.status());
    return window;
  }

 private:
  const StateReader& reader_;
  WorkspaceId workspace_;
  const TimelineOwners& owners_;
  const TimelineFilter& filter_;
  PageBudget& budget_;
};

Result<TimelinePage> read_oldest_first(const StateReader& reader, Log& log, const KeyedHash& cursor_key,
                                       const Customer& customer, const TimelineQuery& query) {
  if (!query.from) return Error{ErrorCode::invalid, "where the oldest stand first it must be said from when on"};
  NewestFirst after{Timestamp{query.from->micros - 1}, kLastLsn};
  if (!query.cursor.empty()) {
    auto position = open_cursor(cursor_key, kOldestFirstCursor, query.cursor, kNewestFirstBytes);
    if (!position) return position.error();
    after = newest_first_position(*position);
  }
  Timestamp until = std::min(query.until.value_or(kEndOfTime), kEndOfTime);
  TimelineOwners owners(customer, query);
  TimelineFilter filter(query);
  PageBudget budget;
  OldestFirst rows(reader, customer.workspace, owners, filter, budget);
  TimelinePage page;
  page.customer = customer.id;
  int64_t width = kFirstWindowMicros;
  for (bool at_end = !(*query.from < until); !at_end;) {
    Timestamp end{until.micros - after.at.micros <= width ? until.micros : after.at.micros + width};
    auto window = rows.read(after, end, query.limit + 1);
    if (!window) return window.error();
    if (window->too_wide) {
      width /= kWindowGrowth;
      continue;
    }
    for (const auto& [position, row] : window->rows) {
      if (budget.spent() || page.entries.size() == query.limit) {
        page.next_cursor = seal_cursor(cursor_key, kOldestFirstCursor, newest_first_suffix(after));
        return page;
      }
      auto entry = read_entry(log, position.lsn, row, filter, budget);
      if (!entry) return entry.error();
      after = position;
      if (*entry) page.entries.push_back(std::move(**entry));
    }
    if (!window->whole) continue;
    at_end = end == until;
    after = {Timestamp{end.micros - 1}, kLastLsn};
    width = std::min(width * kWindowGrowth, kLastWindowMicros);
    if (!at_end && budget.spent()) {
      page.next_cursor = seal_cursor(cursor_key, kOldestFirstCursor, newest_first_suffix(after));
      return page;
    }
  }
  return page;
}

}  // namespace

Result<TimelinePage> read_timeline(const StateReader& reader, Log& log, const KeyedHash& cursor_key,
                                   const Customer& customer, const TimelineQuery& query) {
  if (query.oldest_first) return read_oldest_first(reader, log, cursor_key, customer, query);
  auto start = start_newest_first(cursor_key, kTimelineCursor, query.cursor, query.until);
  if (!start) return start.error();

  TimelineOwners owners(customer, query);
  TimelineFilter filter(query);
  TimelinePage page;
  page.customer = customer.id;
  std::string current = *start;
  PageBudget budget;
  MergedTimeline timeline(reader, customer.workspace, owners, *start);
  while (StateIterator* at = timeline.next()) {
    std::string last = std::exchange(current, std::string(MergedTimeline::suffix(*at)));
    NewestFirst position = newest_first_position(at->key());
    if (query.from && position.at < *query.from) break;
    if (budget.spent()) {
      page.next_cursor = seal_cursor(cursor_key, kTimelineCursor, last);
      break;
    }
    budget.add_row();
    auto row = decode_timeline(at->value());
    if (!row) return row.error();
    if (!owners.evidence.contains(row->evidence) || !filter.may_match(*row)) continue;
    auto entry = read_entry(log, position.lsn, *row, filter, budget);
    if (!entry) return entry.error();
    if (!*entry) continue;
    if (page.entries.size() == query.limit) {
      page.next_cursor = seal_cursor(cursor_key, kTimelineCursor, last);
      break;
    }
    page.entries.push_back(std::move(**entry));
  }
  TRIBUTARY_TRY(timeline.status());
  return page;
}

}  // namespace tributary
