// The history of customers, as it was served: by workspace, or of one customer.
#pragma once

#include "engine/base/keyed_hash.h"
#include "engine/query/identity_view.h"
#include "engine/store/state_store.h"

namespace tributary {

/// A page of changes, oldest first. Errors: invalid for a cursor that is none of this list; corrupt.
Result<ChangesPage> read_changes(const StateReader& reader, const KeyedHash& cursor_key, WorkspaceId workspace,
                                 const ChangesQuery& query);

}  // namespace tributary
