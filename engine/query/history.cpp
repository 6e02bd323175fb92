#include "engine/query/history.h"

#include <algorithm>
#include <map>
#include <utility>

#include "engine/base/bytes.h"
#include "engine/query/changes.h"
#include "engine/query/cursor.h"
#include "engine/query/rfm.h"

namespace tributary {
namespace {

constexpr std::string_view kHistoryCursor = "history";
constexpr size_t kChangesPerPage = 1000;

using IdentityChanges = std::map<std::pair<uint64_t, uint32_t>, ChangeView>;  // by LSN and index

/// Those that name the customer under any of the names that it had: each is one of its identifiers.
Result<IdentityChanges> read_identity_changes(const StateReader& reader, const KeyedHash& cursor_key,
                                              const Customer& customer, bool& complete) {
  IdentityChanges changes;
  for (const Hash128& member : customer.members) {
    ChangesQuery query{CustomerId{member}, kChangesPerPage, {}};
    for (bool at_end = false; !at_end;) {
      auto page = read_changes(reader, cursor_key, customer.workspace, query);
      if (!page) return page.error();
      for (ChangeView& change : page->changes) changes.emplace(std::pair(change.lsn, change.index), std::move(change));
      if (changes.size() > kIdentityChangesMax) complete = false;
      at_end = page->at_end || !complete;
      query.cursor = std::move(page->next_cursor);
    }
    if (!complete) break;
  }
  return changes;
}

HistoryEntry entry_of(const ChangeView& change, std::string_view what, const CustomerId& from, const CustomerId& to) {
  HistoryEntry entry;
  entry.at = change.at;
  entry.what = what;
  entry.from = from.text();
  entry.to = to.text();
  entry.by = change.cause.author;
  entry.source = change.cause.source;
  if (change.cause.kind == CauseKind::event) entry.message_id = change.cause.id;
  entry.reason = change.cause.reason;
  ByteWriter key(entry.key);
  key.u64(change.lsn);
  key.u32(change.index);
  key.raw(from.anchor.view());
  key.raw(to.anchor.view());
  return entry;
}

/// One entry for each customer that came or went.
void add_identity_change(const ChangeView& change, std::vector<HistoryEntry>& entries) {
  bool named = !change.from.empty() && !change.into.empty();
  if (!named) return;
  if (change.type == ChangeType::merged) {
    for (const CustomerId& from : change.from) {
      if (from != change.into.front()) entries.push_back(entry_of(change, "merged", from, change.into.front()));
    }
  } else if (change.type == ChangeType::split) {
    for (const CustomerId& into : change.into) {
      if (into != change.from.front()) entries.push_back(entry_of(change, "split", change.from.front(), into));
    }
  } else if (change.type == ChangeType::renamed) {
    entries.push_back(entry_of(change, "renamed", change.from.front(), change.into.front()));
  }
}

/// What an entry's `what` and key come to in a cursor, which stands in addresses: nothing that names anybody.
Hash128 name_of(const KeyedHash& cursor_key, const HistoryEntry& entry) {
  return cursor_key(std::string(entry.what) + '\0' + entry.key);
}

/// Behind which of the entries, which are sorted, a page ends that goes on at the cursor. When the entry it names is
/// gone since, at what is older than it.
Result<size_t> end_of_page(const KeyedHash& cursor_key, const std::vector<HistoryEntry>& entries,
                           std::string_view cursor) {
  if (cursor.empty()) return entries.size();
  auto place = open_dated_cursor(cursor_key, kHistoryCursor, cursor);
  if (!place) return place.error();
  auto same_time = std::ranges::equal_range(entries, place->at, {}, &HistoryEntry::at);
  auto found = std::ranges::find_if(
      same_time, [&](const HistoryEntry& entry) { return name_of(cursor_key, entry) == place->hash; });
  auto end = found == same_time.end() ? same_time.begin() : found;
  return static_cast<size_t>(end - entries.begin());
}

}  // namespace

Result<HistoryPage> read_history_page(const StateReader& reader, const KeyedHash& cursor_key, const Customer& customer,
                                      const PageQuery& query, const ValueRules& rules, Timestamp now) {
  auto profile = read_profile(reader, customer);
  if (!profile) return profile.error();
  auto scale = read_rfm_scale(reader, customer.workspace);
  if (!scale) return scale.error();
  HistoryPage page;
  page.customer = customer.id;
  page.complete = profile->facts_complete && profile->orders_complete;
  auto changes = read_identity_changes(reader, cursor_key, customer, page.complete);
  if (!changes) return changes.error();
  auto entries = history_of({profile->facts, profile->orders, rules, now, scale->get()});
  for (const auto& [place, change] : *changes) {
    if (change.at <= now) add_identity_change(change, entries);
  }
  std::ranges::sort(entries, happened_before);
  auto end = end_of_page(cursor_key, entries, query.cursor);
  if (!end) return end.error();
  for (size_t i = *end; i > 0 && page.entries.size() < query.limit; --i) {
    page.entries.push_back(std::move(entries[i - 1]));
  }
  if (page.entries.size() < *end) {
    const HistoryEntry& last = page.entries.back();
    page.next_cursor = seal_cursor(cursor_key, kHistoryCursor, DatedPlace{last.at, name_of(cursor_key, last)});
  }
  return page;
}

}  // namespace tributary
