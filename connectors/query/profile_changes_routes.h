// The feed of what was noticed of customers: that they came into another stage, or cell of scores.
#pragma once

#include <chrono>

#include "connectors/http/task.h"
#include "connectors/query/api_access.h"
#include "connectors/query/query_routes.h"

namespace tributary {

/// Thread: any.
class ProfileChangesHandlers {
 public:
  static constexpr std::chrono::seconds kWaitMax{30};  // for changes to come

  explicit ProfileChangesHandlers(QueryServices services) : services_(std::move(services)) {}

  /// Holds the answer back while there is none, without holding up the thread.
  Task<HttpResponse> changes(const HttpRequest& request, const ApiCaller& caller);

  const QueryServices& services() const { return services_; }

 private:
  HttpResponse refuse(const HttpRequest& request, RejectionCode code, std::string_view message = {});

  QueryServices services_;
};

void add_profile_changes_routes(Router& router, const QueryServices& services);

}  // namespace tributary
