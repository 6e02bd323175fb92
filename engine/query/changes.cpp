#include "engine/query/changes.h"

#include "engine/query/cursor.h"
#include "engine/query/identity_names.h"

namespace tributary {
namespace {

constexpr size_t kPositionBytes = 8 + 4;

// A cursor goes on in its own list only.
std::string purpose_of(WorkspaceId workspace, const ChangesQuery& query) {
  std::string purpose = "changes of " + std::to_string(workspace.value());
  return query.customer ? purpose + "/" + query.customer->text() : purpose;
}

// Behind this position the next page begins; zero for the first.
Result<std::string> start_of(const KeyedHash& cursor_key, std::string_view purpose, const ChangesQuery& query) {
  if (query.cursor.empty()) return std::string(kPositionBytes, '\0');
  return open_cursor(cursor_key, purpose, query.cursor, kPositionBytes);
}

Result<Change> read_change(const StateReader& reader, WorkspaceId workspace, const StateIterator& row, bool whole) {
  if (whole) return decode_change(row.value());
  auto [lsn, index] = change_position(row.key());
  std::string value;
  auto found = reader.get(Family::history, change_key(workspace, lsn, index), value);
  if (!found) return found.error();
  if (!*found) return Error{ErrorCode::corrupt, "a customer's change is missing from the history"};
  return decode_change(value);
}

}  // namespace

Result<ChangesPage> read_changes(const StateReader& reader, const KeyedHash& cursor_key, WorkspaceId workspace,
                                 const ChangesQuery& query) {
  std::string purpose = purpose_of(workspace, query);
  auto position = start_of(cursor_key, purpose, query);
  if (!position) return position.error();
  bool whole = !query.customer;
  std::string prefix = whole ? change_prefix(workspace) : change_of_prefix(workspace, query.customer->anchor);
  auto rows = reader.scan(Family::history, prefix);
  rows->seek(prefix + *position);
  if (rows->valid() && rows->key().substr(prefix.size()) == *position) rows->next();

  IdentityNames names(reader, workspace);
  ChangesPage page;
  for (; rows->valid() && page.changes.size() < query.limit; rows->next()) {
    auto change = read_change(reader, workspace, *rows, whole);
    if (!change) return change.error();
    auto view = names.change(*change);
    if (!view) return view.error();
    ChangePosition at = change_position(rows->key());
    view->lsn = at.lsn.value();
    view->index = at.index;
    page.changes.push_back(std::move(*view));
    *position = rows->key().substr(prefix.size());
  }
  TRIBUTARY_TRY(rows->status());
  page.at_end = !rows->valid();
  page.next_cursor = seal_cursor(cursor_key, purpose, *position);
  return page;
}

}  // namespace tributary
