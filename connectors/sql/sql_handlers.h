// The handler of statements: from a request to its rows.
#pragma once

#include "connectors/query/api_access.h"
#include "connectors/sql/sql_routes.h"

namespace tributary {

/// Thread: any.
class SqlHandlers {
 public:
  explicit SqlHandlers(const SqlServices& services) : services_(services) {}

  Task<HttpResponse> run(const HttpRequest& request, const ApiCaller& caller);

  const SqlServices& services() const { return services_; }

 private:
  HttpResponse refuse(const HttpRequest& request, RejectionCode code, std::string_view message = {});
  HttpResponse refuse(const HttpRequest& request, const SqlFault& fault);

  const SqlServices services_;
};

}  // namespace tributary
