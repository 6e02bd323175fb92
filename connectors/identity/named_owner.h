// Identifiers that a request names, each to its customer.
#pragma once

#include <string>
#include <variant>

#include "connectors/identity/decision_body.h"
#include "connectors/identity/identity_services.h"
#include "connectors/query/find_owner.h"

namespace tributary {

/// As find_owner(); the message says which member it is about.
std::variant<IdentifierOwner, NoOwner> find_named(const IdentityServices& services, const ApiCaller& caller,
                                                  const NamedIdentifier& named);

}  // namespace tributary
