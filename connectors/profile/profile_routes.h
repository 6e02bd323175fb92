// What people decide about customers over HTTP: tags and the library of them, and status.
#pragma once

#include "connectors/http/router.h"
#include "connectors/profile/profile_act.h"

namespace tributary {

void add_profile_routes(Router& router, const ProfileServices& services);

}  // namespace tributary
