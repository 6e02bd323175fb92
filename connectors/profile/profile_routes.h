// What people do to customers over HTTP: their records, status, tags and the library of these; and the channels it is
// met through.
#pragma once

#include "connectors/http/router.h"
#include "connectors/profile/profile_act.h"

namespace tributary {

void add_profile_routes(Router& router, const ProfileServices& services);

}  // namespace tributary
