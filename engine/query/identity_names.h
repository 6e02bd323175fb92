// From hashes of a container to what readers see: identifiers, links, refusals, hubs with their values.
#pragma once

#include "engine/identity/clusters.h"
#include "engine/query/identity_view.h"
#include "engine/store/container_rows.h"

namespace tributary {

RefusalRule refusal_rule(RefusalReason reason);

/// Reads values on one snapshot. Errors of all calls: corrupt.
class IdentityNames {
 public:
  IdentityNames(const StateReader& reader, WorkspaceId workspace) : reader_(reader), workspace_(workspace) {}

  Result<Identifier> identifier(const Hash128& id) const;
  Result<LinkView> link(const Container& container, const Link& link) const;
  Result<RefusalView> refusal(const Container& container, const Refusal& refusal) const;
  /// Of an identifier that is out. Errors also: corrupt when its row is missing.
  Result<HubView> hub(const Hash128& id) const;
  Result<ChangeView> change(const Change& change) const;

 private:
  const StateReader& reader_;
  WorkspaceId workspace_;
};

}  // namespace tributary
