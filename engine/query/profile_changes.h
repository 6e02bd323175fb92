// Changes of customers that were noticed: their feed, and what was told of one customer.
#pragma once

#include "engine/base/keyed_hash.h"
#include "engine/query/customer.h"
#include "engine/query/profile_changes_view.h"
#include "engine/store/state_store.h"

namespace tributary {

/// A page of the feed, oldest first, without changes of who was erased. It may be short, or empty, before the end.
/// Errors: invalid for a cursor that is none of this feed; corrupt.
Result<ProfileChangesPage> read_profile_changes(const StateReader& reader, const KeyedHash& cursor_key,
                                                WorkspaceId workspace, const ProfileChangesQuery& query);

/// Errors: corrupt.
Result<WatchedCustomer> read_watched(const StateReader& reader, const Customer& customer);

/// All customers of so many containers behind this one. Errors: corrupt.
Result<WatchedCustomers> read_watched_after(std::shared_ptr<const StateReader> snapshot, WorkspaceId workspace,
                                            const std::optional<Hash128>& container, size_t containers,
                                            const RuleSet& rules);

}  // namespace tributary
