// Why identifiers are one customer, or why they are not.
#pragma once

#include "engine/identity/rule_set.h"
#include "engine/query/identity_view.h"
#include "engine/store/state_store.h"

namespace tributary {

/// What the rules decided about a customer, or about the identifiers a and b (by their hashes, both or none). Errors:
/// not_found for a customer or identifier nobody knows; corrupt.
struct ExplainSubject {
  Hash128 customer;
  std::optional<Hash128> a, b;
};
Result<ExplainView> explain_identity(const StateReader& reader, WorkspaceId workspace, const ExplainSubject& subject,
                                     const RuleSet& rules);

}  // namespace tributary
