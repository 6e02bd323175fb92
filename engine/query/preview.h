// What other rules or decisions would make of the customers, without writing anything.
#pragma once

#include <functional>

#include "engine/identity/rule_set.h"
#include "engine/query/identity_view.h"
#include "engine/store/state_store.h"

namespace tributary {

/// Looks at every container when there are rules in the query, otherwise at those that the decisions concern. `active`
/// are the rules of the snapshot. Errors: invalid for rules with mistakes; overloaded while customers still follow an
/// earlier change of rules; stopping when `cancelled` says so; corrupt.
Result<PreviewView> preview_identity(const StateReader& reader, WorkspaceId workspace, const RuleSet& active,
                                     const PreviewQuery& query, const std::function<bool()>& cancelled);

}  // namespace tributary
