#include "connectors/profile_api/profile_api_routes.h"

#include <memory>
#include <string>
#include <utility>

#include "connectors/profile_api/profile_api_handlers.h"

namespace tributary {

// Without CORS headers, on purpose: a key that reads profiles must not be in a web page.
void add_profile_api_routes(Router& router, const ProfileApiServices& services) {
  auto handlers = std::make_shared<ProfileApiHandlers>(services);
  auto add = [&](std::string_view list, ProfileApiHandlers::Handler handler) {
    HttpHandler run = [handlers, handler](HttpRequest& request) {
      return answered(handlers->answer(request, handler));
    };
    std::string pattern = "/v1/spaces/{space}/collections/{collection}/profiles/{external_id}/" + std::string(list);
    router.add(Route{"GET", std::move(pattern), CorsPolicy::none, ErrorStyle::problem, std::move(run)});
  };
  add("traits", &ProfileApiHandlers::traits);
  add("external_ids", &ProfileApiHandlers::external_ids);
  add("events", &ProfileApiHandlers::events);
  add("metadata", &ProfileApiHandlers::metadata);
  add("links", &ProfileApiHandlers::links);
}

}  // namespace tributary
