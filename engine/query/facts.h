// The facts of a customer: what its evidence said, put together.
#pragma once

#include <span>
#include <vector>

#include "engine/query/customer.h"

namespace tributary {

/// What is read of one kind of facts of a customer: what is verified before what is claimed, the newest before the
/// older ones, so that a flood of claims hides nothing that a server said, and the last word counts.
constexpr size_t kFactsPerKindMax = 20'000;
constexpr size_t kFactBytesPerKindMax = 32 << 20;

/// Of all kinds; by kind, then in the order in which they were said. `cut` gets the bits of the kinds of which there
/// are more. Errors: corrupt.
Result<std::vector<Fact>> read_facts(const StateReader& reader, WorkspaceId workspace,
                                     const std::vector<const Evidence*>& evidence, uint32_t& cut);
/// Of one kind. `complete` becomes false when there are more.
Result<std::vector<Fact>> read_facts(const StateReader& reader, const Customer& customer, FactKind kind,
                                     bool& complete);

}  // namespace tributary
