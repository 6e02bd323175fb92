// Identity over HTTP: why customers are as they are, how they changed, and the decisions that change them.
#pragma once

#include "connectors/http/router.h"
#include "connectors/identity/identity_services.h"

namespace tributary {

void add_identity_routes(Router& router, const IdentityServices& services);

}  // namespace tributary
