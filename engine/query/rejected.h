// A workspace's rejected events, by the time of receipt: rows of the state that point into the log.
#pragma once

#include "engine/base/keyed_hash.h"
#include "engine/domain/workspace.h"
#include "engine/log/log.h"
#include "engine/query/profile_view.h"
#include "engine/store/state_store.h"

namespace tributary {

/// One page, newest first; bounded as read_timeline() is, with the same errors.
Result<RejectedPage> read_rejected(const StateReader& reader, Log& log, const KeyedHash& cursor_key,
                                   WorkspaceId workspace, const RejectedQuery& query);

}  // namespace tributary
