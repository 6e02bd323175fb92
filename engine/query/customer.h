// From an identifier to the customer it belongs to, on a snapshot.
#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "engine/identity/clusters.h"
#include "engine/query/profile_view.h"
#include "engine/store/container_rows.h"

namespace tributary {

/// A customer with the container it was computed in.
struct Customer {
  CustomerId id;
  WorkspaceId workspace;
  Container container;
  Clusters clusters;                      // all customers of the container
  uint32_t cluster = 0;                   // which of them it is
  std::vector<Hash128> members;           // sorted
  std::vector<const Evidence*> evidence;  // what it owns; points into `container`
};

/// The customer that the identifier with this hash belongs to. Every customer id is the hash of an identifier, so old
/// ids resolve here, too. Errors: not_found, also for a value that the rules block and after an erasure; corrupt.
Result<Customer> find_customer(const StateReader& reader, WorkspaceId workspace, const Hash128& identifier,
                               const RuleSet& rules);

/// Which identifier events of this time mean by one that may have changed hands; without a time: those of now. Errors:
/// corrupt.
Result<Hash128> named_at(const StateReader& reader, WorkspaceId workspace, const Hash128& identifier,
                         std::optional<Timestamp> at);

/// Whether, and as of when, computed traits are read.
struct ComputedTraitsAsOf {
  std::shared_ptr<const ComputedTraits> traits = nullptr;  // null: they are not
  Timestamp now = {};
};

/// The join of the customer's fragments. Errors: corrupt.
Result<ProfileView> read_profile(const StateReader& reader, const Customer& customer,
                                 const ComputedTraitsAsOf& computed = {});

}  // namespace tributary
