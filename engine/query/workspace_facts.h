// What was said of a workspace as a whole, and what was said of a customer, word by word.
#pragma once

#include <vector>

#include "engine/query/customer.h"

namespace tributary {

/// All of one kind, by subject and time. Errors: corrupt.
Result<std::vector<Fact>> read_workspace_facts(const StateReader& reader, WorkspaceId workspace, FactKind kind);

/// One page of the words on one kind of things of a customer, newest first. Errors: invalid for a bad cursor; corrupt.
Result<FactsPage> read_facts_page(const StateReader& reader, const KeyedHash& cursor_key, const Customer& customer,
                                  FactKind kind, const PageQuery& query);

}  // namespace tributary
