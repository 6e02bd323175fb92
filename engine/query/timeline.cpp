#include "engine/query/timeline.h"

#include <algorithm>
#include <set>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"
#include "engine/ingest/catalogue.h"
#include "engine/query/cursor.h"

namespace tributary {
namespace {

constexpr size_t kTimelineSuffixBytes = 8 + 8;  // ~at | ~lsn
constexpr size_t kRejectedSuffixBytes = 8 + 8;  // ~received_at | ~lsn

// What one page may cost. Rows are passed over by their filters alone; a payload is read from the log.
constexpr size_t kPageRowsMax = 50'000;
constexpr size_t kPagePayloadsMax = 2'000;
constexpr size_t kPageBytesMax = 8 << 20;

class PageBudget {
 public:
  void add_row() { ++rows_; }
  void add_payload(size_t bytes) {
    ++payloads_;
    bytes_ += bytes;
  }
  bool spent() const { return rows_ >= kPageRowsMax || payloads_ >= kPagePayloadsMax || bytes_ >= kPageBytesMax; }

 private:
  size_t rows_ = 0;
  size_t payloads_ = 0;
  size_t bytes_ = 0;
};

// A payload, or nothing where retention deleted it.
Result<std::optional<std::string>> read_payload(Log& log, Lsn lsn, PageBudget& budget) {
  auto record = log.read_one(lsn);
  if (!record && record.error().code == ErrorCode::not_found) return std::optional<std::string>();
  if (!record) return with_context("reading a page", record.error());
  budget.add_payload(record->second.size());
  return std::optional<std::string>(std::move(record->second));
}

// A customer's homes, merged newest first. Each home's rows are in order already; the suffix of a key is the position.
class MergedTimeline {
 public:
  MergedTimeline(const StateReader& reader, const Customer& customer, std::string_view after) {
    std::set<Hash128> homes;
    for (const Evidence* evidence : customer.evidence) homes.insert(home_of(evidence->members).id);
    for (const Hash128& home : homes) {
      std::string prefix = id_key(customer.workspace, home);
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
    return rows.key().substr(rows.key().size() - kTimelineSuffixBytes);
  }

 private:
  std::vector<std::unique_ptr<StateIterator>> rows_;
  StateIterator* current_ = nullptr;
};

// Track events of the catalogue stand under its spelling, whatever the sender's was; those of older records under the
// sender's.
class TimelineFilter {
 public:
  explicit TimelineFilter(const TimelineQuery& query) : query_(query) {
    const CatalogueEvent* known = query.name ? find_catalogue_event(*query.name) : nullptr;
    catalogue_name_ = known != nullptr ? known->name : query.name ? std::string_view(*query.name) : "";
  }

  bool may_match(const TimelineRow& row) const {
    if (query_.type && row.type != *query_.type) return false;
    if (query_.source && row.source_crc != crc32c(*query_.source)) return false;
    return !query_.name || row.name_crc == crc32c(*query_.name) ||
           (row.type == EventType::track && row.name_crc == crc32c(catalogue_name_));
  }

  bool matches(const EventView& event) const {
    if (query_.source && event.source != *query_.source) return false;
    return !query_.name || event.name == *query_.name ||
           (event.type == EventType::track && event.name == catalogue_name_);
  }

 private:
  const TimelineQuery& query_;
  std::string_view catalogue_name_;
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

// Where a page starts: behind the cursor, or at the newest event before `until`.
Result<std::string> start_of(const KeyedHash& cursor_key, const TimelineQuery& query) {
  if (!query.cursor.empty()) {
    auto position = open_cursor(cursor_key, "timeline", query.cursor);
    if (!position || position->size() != kTimelineSuffixBytes) return Error{ErrorCode::invalid, "cursor is not valid"};
    return *position;
  }
  std::string position;
  if (query.until) {
    ByteWriter out(position);
    out.i64(~(query.until->micros - 1));
    out.u64(0);
  }
  return position;
}

Result<std::optional<RejectedEntry>> read_rejected_entry(Log& log, const RejectedPosition& position,
                                                         const RejectedQuery& query, PageBudget& budget) {
  auto payload = read_payload(log, position.lsn, budget);
  if (!payload) return payload.error();
  if (!*payload) return std::optional<RejectedEntry>();
  auto rejected = decode_rejected(**payload);
  if (!rejected) return rejected.error();
  if (query.source && rejected->source != *query.source) return std::optional<RejectedEntry>();
  RejectedEntry entry;
  entry.id = std::to_string(position.lsn.value());
  entry.source = rejected->source;
  entry.code = rejected->code;
  entry.message = rejected->message;
  entry.path = rejected->path;
  entry.message_id = rejected->message_id;
  entry.received_at = position.received_at;
  entry.raw = rejected->raw;
  return std::optional<RejectedEntry>(std::move(entry));
}

Result<std::string> rejected_start_of(const KeyedHash& cursor_key, const RejectedQuery& query) {
  if (!query.cursor.empty()) {
    auto position = open_cursor(cursor_key, "rejected", query.cursor);
    if (!position || position->size() != kRejectedSuffixBytes) return Error{ErrorCode::invalid, "cursor is not valid"};
    return *position;
  }
  std::string position;
  if (query.until) {
    ByteWriter out(position);
    out.i64(~(query.until->micros - 1));
    out.u64(0);
  }
  return position;
}

}  // namespace

Result<TimelinePage> read_timeline(const StateReader& reader, Log& log, const KeyedHash& cursor_key,
                                   const Customer& customer, const TimelineQuery& query) {
  auto start = start_of(cursor_key, query);
  if (!start) return start.error();
  std::set<Hash128> mine;
  for (const Evidence* evidence : customer.evidence) mine.insert(evidence->hash);

  TimelineFilter filter(query);
  TimelinePage page;
  page.customer = customer.id;
  std::string current = *start;
  PageBudget budget;
  MergedTimeline timeline(reader, customer, *start);
  while (StateIterator* at = timeline.next()) {
    std::string last = std::exchange(current, std::string(MergedTimeline::suffix(*at)));
    TimelinePosition position = timeline_position(at->key());
    if (query.from && position.at < *query.from) break;
    if (budget.spent()) {
      page.next_cursor = seal_cursor(cursor_key, "timeline", last);
      break;
    }
    budget.add_row();
    auto row = decode_timeline(at->value());
    if (!row) return row.error();
    if (!mine.contains(row->evidence) || !filter.may_match(*row)) continue;
    auto entry = read_entry(log, position.lsn, *row, filter, budget);
    if (!entry) return entry.error();
    if (!*entry) continue;
    if (page.entries.size() == query.limit) {
      page.next_cursor = seal_cursor(cursor_key, "timeline", last);
      break;
    }
    page.entries.push_back(std::move(**entry));
  }
  TRIBUTARY_TRY(timeline.status());
  return page;
}

Result<RejectedPage> read_rejected(const StateReader& reader, Log& log, const KeyedHash& cursor_key,
                                   WorkspaceId workspace, const RejectedQuery& query) {
  auto start = rejected_start_of(cursor_key, query);
  if (!start) return start.error();
  std::string prefix = rejected_prefix(workspace);
  auto rows = reader.scan(Family::rejected, prefix);
  if (!start->empty()) rows->seek(prefix + *start);
  if (rows->valid() && !query.cursor.empty() && rows->key().substr(prefix.size()) == *start) rows->next();

  RejectedPage page;
  std::string current = *start;
  PageBudget budget;
  for (; rows->valid(); rows->next()) {
    std::string last = std::exchange(current, std::string(rows->key().substr(prefix.size())));
    RejectedPosition position = rejected_position(rows->key());
    if (query.from && position.received_at < *query.from) break;
    if (budget.spent()) {
      page.next_cursor = seal_cursor(cursor_key, "rejected", last);
      break;
    }
    budget.add_row();
    auto row = decode_rejected_row(rows->value());
    if (!row) return row.error();
    if (query.code && row->code != *query.code) continue;
    if (query.source && row->source_crc != crc32c(*query.source)) continue;
    auto entry = read_rejected_entry(log, position, query, budget);
    if (!entry) return entry.error();
    if (!*entry) continue;
    if (page.entries.size() == query.limit) {
      page.next_cursor = seal_cursor(cursor_key, "rejected", last);
      break;
    }
    page.entries.push_back(std::move(**entry));
  }
  TRIBUTARY_TRY(rows->status());
  return page;
}

}  // namespace tributary
