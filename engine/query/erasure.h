// What erasing a customer takes, and what was erased.
#pragma once

#include <vector>

#include "engine/query/customer.h"
#include "engine/query/identity_view.h"

namespace tributary {

/// All that is known of a customer, as a record of its erasure lists it; its decision is left empty. Errors: corrupt.
Result<Erasure> list_for_erasure(const StateReader& reader, const Customer& customer, const RuleSet& rules);

/// Oldest first. Errors: corrupt.
Result<std::vector<ErasureView>> read_erasures(const StateReader& reader, WorkspaceId workspace);

}  // namespace tributary
