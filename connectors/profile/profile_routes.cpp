#include "connectors/profile/profile_routes.h"

#include "connectors/profile/channel_handlers.h"
#include "connectors/profile/record_handlers.h"
#include "connectors/profile/status_handlers.h"
#include "connectors/profile/tag_handlers.h"
#include "connectors/query/keyed_routes.h"

namespace tributary {
void add_profile_routes(Router& router, const ProfileServices& services) {
  KeyedRoutes<RecordHandlers> records(router, services);
  records("POST", "/v1/profiles", ApiRole::admin, &RecordHandlers::create);
  records("POST", "/v1/profiles/import", ApiRole::admin, &RecordHandlers::import_rows);
  records("PATCH", "/v1/profiles/{customer_id}", ApiRole::admin, &RecordHandlers::change);
  KeyedRoutes<ChannelHandlers> channels(router, services);
  channels("GET", "/v1/channels", ApiRole::analyst, &ChannelHandlers::list);
  channels("PUT", "/v1/channels/{code}", ApiRole::admin, &ChannelHandlers::change);
  channels("PUT", "/v1/channels/{code}/touchpoints/{touchpoint}", ApiRole::admin, &ChannelHandlers::change_touchpoint);
  channels("GET", "/v1/channels/{code}/history", ApiRole::analyst, &ChannelHandlers::history);
  KeyedRoutes<StatusHandlers> status(router, services);
  status("GET", "/v1/profiles/{customer_id}/status", ApiRole::analyst, &StatusHandlers::show);
  status("GET", "/v1/profiles/{customer_id}/status/requests", ApiRole::analyst, &StatusHandlers::requests);
  status("POST", "/v1/profiles/{customer_id}/status", ApiRole::analyst, &StatusHandlers::ask);
  status("POST", "/v1/profiles/{customer_id}/status/{request}/approve", ApiRole::admin, &StatusHandlers::approve);
  status("POST", "/v1/profiles/{customer_id}/status/{request}/reject", ApiRole::admin, &StatusHandlers::reject);
  status("POST", "/v1/profiles/{customer_id}/status/{request}/revert", ApiRole::admin, &StatusHandlers::revert);
  KeyedRoutes<TagHandlers> tags(router, services);
  tags("GET", "/v1/tags", ApiRole::analyst, &TagHandlers::library);
  tags("POST", "/v1/tags", ApiRole::analyst, &TagHandlers::propose);
  tags("POST", "/v1/tags/{type}/{name}/approve", ApiRole::admin, &TagHandlers::approve);
  tags("POST", "/v1/tags/{type}/{name}/reject", ApiRole::admin, &TagHandlers::reject);
  tags("POST", "/v1/tags/{type}/{name}/rename", ApiRole::admin, &TagHandlers::rename);
  tags("POST", "/v1/tags/{type}/{name}/merge", ApiRole::admin, &TagHandlers::merge);
  tags("POST", "/v1/tags/{type}/{name}/retire", ApiRole::admin, &TagHandlers::retire);
  tags("GET", "/v1/profiles/{customer_id}/tags", ApiRole::analyst, &TagHandlers::of_customer);
  tags("GET", "/v1/profiles/{customer_id}/tags/history", ApiRole::analyst, &TagHandlers::history);
  tags("POST", "/v1/profiles/{customer_id}/tags", ApiRole::admin, &TagHandlers::add);
  tags("DELETE", "/v1/profiles/{customer_id}/tags/{type}/{name}", ApiRole::admin, &TagHandlers::remove);
}

}  // namespace tributary
