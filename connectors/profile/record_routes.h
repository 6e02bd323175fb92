// Saving base records of customers over HTTP.
#pragma once

#include "connectors/http/router.h"
#include "connectors/profile/profile_act.h"

namespace tributary {

void add_record_routes(Router& router, const ProfileServices& services);

}  // namespace tributary
