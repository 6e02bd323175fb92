#include "engine/query/profile_changes.h"

#include <algorithm>

#include "engine/base/bytes.h"
#include "engine/query/cursor.h"
#include "engine/query/customer_walk.h"
#include "engine/query/orders.h"

namespace tributary {
namespace {

constexpr size_t kFeedPositionBytes = 8;
constexpr size_t kRowsPerPageMax = 10'000;  // looked at: a page of one figure may pass over many
constexpr size_t kNamesAskedMax = 16;

std::string feed_purpose(WorkspaceId workspace) { return "profile changes of " + std::to_string(workspace.value()); }

/// The LSN behind which the page begins.
Result<Lsn> feed_start(const KeyedHash& cursor_key, WorkspaceId workspace, std::string_view cursor, Lsn trimmed) {
  if (cursor.empty()) return trimmed;
  auto position = open_cursor(cursor_key, feed_purpose(workspace), cursor);
  if (!position || position->size() != kFeedPositionBytes) {
    return Error{ErrorCode::invalid, "cursor is not one of this feed"};
  }
  return Lsn{ByteReader(*position).u64()};
}

std::string feed_cursor(const KeyedHash& cursor_key, WorkspaceId workspace, Lsn lsn) {
  std::string position;
  ByteWriter(position).u64(lsn.value());
  return seal_cursor(cursor_key, feed_purpose(workspace), position);
}

Result<bool> was_erased(const StateReader& reader, WorkspaceId workspace, const Hash128& customer) {
  auto vertex = load_vertex(reader, workspace, customer);
  if (!vertex) return vertex.error();
  return !*vertex || ((*vertex)->out & OutFlags::kNobody) != 0;
}

Result<void> read_told(const StateReader& reader, WorkspaceId workspace, const Hash128& name,
                       std::map<WatchedFigure, std::string>& told) {
  for (WatchedFigure figure : kWatchedFigures) {
    if (told.contains(figure)) continue;
    std::string value;
    auto found = reader.get(Family::history, told_key(workspace, name, figure), value);
    if (!found) return found.error();
    if (*found) told.emplace(figure, std::move(value));
  }
  return {};
}

}  // namespace

Result<ProfileChangesPage> read_profile_changes(const StateReader& reader, const KeyedHash& cursor_key,
                                                WorkspaceId workspace, const ProfileChangesQuery& query) {
  auto trimmed = load_feed_trimmed(reader, workspace);
  if (!trimmed) return trimmed.error();
  auto start = feed_start(cursor_key, workspace, query.cursor, *trimmed);
  if (!start) return start.error();
  ProfileChangesPage page;
  page.expired = *start < *trimmed;
  if (page.expired) return page;
  Lsn last = *start;
  auto rows = reader.scan(Family::history, feed_prefix(workspace));
  rows->seek(feed_key(workspace, next(last)));
  for (size_t seen = 0; rows->valid() && page.changes.size() < query.limit && seen < kRowsPerPageMax; ++seen) {
    last = feed_position(rows->key());
    auto row = decode_feed(rows->value());
    if (!row) return row.error();
    rows->next();
    if (query.figure && row->change.figure != *query.figure) continue;
    auto erased = was_erased(reader, workspace, row->change.customer);
    if (!erased) return erased.error();
    if (!*erased) page.changes.push_back({last, row->noticed_at, std::move(row->change)});
  }
  TRIBUTARY_TRY(rows->status());
  page.at_end = !rows->valid();
  page.next_cursor = feed_cursor(cursor_key, workspace, last);
  return page;
}

// Under the name the customer has now, or else under one that it had: an earlier event may have given it another. Who
// never ordered was hardly ever told of, so few of its names are asked.
Result<WatchedCustomer> read_watched(const StateReader& reader, const Customer& customer) {
  WatchedCustomer watched;
  watched.id = customer.id;
  bool complete = true;
  auto orders = read_orders(reader, customer.workspace, customer.evidence, complete);
  if (!orders) return orders.error();
  watched.orders = std::move(*orders);
  TRIBUTARY_TRY(read_told(reader, customer.workspace, customer.id.anchor, watched.told));
  size_t names = customer.members.size();
  if (watched.orders.empty()) names = std::min(names, kNamesAskedMax);
  for (size_t i = 0; i < names && watched.told.size() < kWatchedFigures.size(); ++i) {
    TRIBUTARY_TRY(read_told(reader, customer.workspace, customer.members[i], watched.told));
  }
  return watched;
}

Result<WatchedCustomers> read_watched_after(std::shared_ptr<const StateReader> snapshot, WorkspaceId workspace,
                                            const std::optional<Hash128>& container, size_t containers,
                                            const RuleSet& rules) {
  WatchedCustomers page;
  TRIBUTARY_TRY(read_told(*snapshot, workspace, kEverybody, page.everybody));
  CustomerWalk walk(std::move(snapshot), workspace, rules, container);
  while (true) {
    auto step = walk.next();
    if (!step) return step.error();
    if (*step == ExportStep::end) {
      page.last.reset();
      return page;
    }
    const Customer& customer = walk.customer();
    if (page.last != customer.container.root) {
      if (containers-- == 0) return page;
      page.last = customer.container.root;
    }
    if (*step != ExportStep::item) continue;
    auto read = read_watched(walk.snapshot(), customer);
    if (!read) return read.error();
    page.customers.push_back(std::move(*read));
  }
}

}  // namespace tributary
