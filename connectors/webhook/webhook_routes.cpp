#include "connectors/webhook/webhook_routes.h"

#include "connectors/webhook/receiver.h"

namespace tributary {

void add_webhook_routes(Router& router, WebhookServices services) {
  auto receiver = std::make_shared<WebhookReceiver>(std::move(services));
  // HEAD comes with GET. OPTIONS is how CloudEvents asks for permission.
  for (const char* method : {"POST", "GET", "PUT", "OPTIONS"}) {
    router.add(Route{method, "/v1/webhooks/{path}", CorsPolicy::none, ErrorStyle::sdk,
                     [receiver](HttpRequest& request) { return receiver->receive(request); }});
  }
}

}  // namespace tributary
