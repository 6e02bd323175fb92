#include "engine/query/rejected.h"

#include <utility>

#include "engine/base/crc32c.h"
#include "engine/query/cursor.h"
#include "engine/query/newest_first.h"
#include "engine/query/page_budget.h"
#include "engine/store/key_schema.h"

namespace tributary {
namespace {

constexpr std::string_view kRejectedCursor = "rejected";

Result<std::optional<RejectedEntry>> read_rejected_entry(Log& log, const NewestFirst& position,
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
  entry.received_at = position.at;
  entry.raw = rejected->raw;
  return std::optional<RejectedEntry>(std::move(entry));
}

}  // namespace

Result<RejectedPage> read_rejected(const StateReader& reader, Log& log, const KeyedHash& cursor_key,
                                   WorkspaceId workspace, const RejectedQuery& query) {
  auto start = start_newest_first(cursor_key, kRejectedCursor, query.cursor, query.until);
  if (!start) return start.error();
  std::string prefix = rejected_prefix(workspace);
  auto rows = reader.scan(Family::rejected, prefix);
  if (!start->empty()) rows->seek(prefix + *start);
  if (rows->valid() && rows->key().substr(prefix.size()) == *start) rows->next();

  RejectedPage page;
  std::string current = *start;
  PageBudget budget;
  for (; rows->valid(); rows->next()) {
    std::string last = std::exchange(current, std::string(rows->key().substr(prefix.size())));
    NewestFirst position = newest_first_position(rows->key());
    if (query.from && position.at < *query.from) break;
    if (budget.spent()) {
      page.next_cursor = seal_cursor(cursor_key, kRejectedCursor, last);
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
      page.next_cursor = seal_cursor(cursor_key, kRejectedCursor, last);
      break;
    }
    page.entries.push_back(std::move(**entry));
  }
  TRIBUTARY_TRY(rows->status());
  return page;
}

}  // namespace tributary
