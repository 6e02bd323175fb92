// Erasure of customers: on request of the person, by a key with the right.
#pragma once

#include <string_view>
#include <variant>

#include "connectors/http/task.h"
#include "connectors/identity/decision_body.h"
#include "connectors/identity/identity_services.h"
#include "connectors/query/api_access.h"

namespace tributary {

/// Thread: any. Requests and callers outlive the coroutines.
class ErasureHandlers {
 public:
  explicit ErasureHandlers(const IdentityServices& services) : services_(services) {}
  const IdentityServices& services() const { return services_; }

  Task<HttpResponse> erase(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> list(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> lift(const HttpRequest& request, const ApiCaller& caller);

 private:
  std::variant<CustomerId, HttpResponse> customer_of(const HttpRequest& request, const ApiCaller& caller,
                                                     const ErasureDraft& draft);
  Result<std::optional<ErasureView>> find(const ApiCaller& caller, std::string_view id);
  HttpResponse repeated(const HttpRequest& request, const ErasureView& known, bool somebody);
  HttpResponse erasure_answer(const HttpRequest& request, const ApiCaller& caller, std::string_view id);
  HttpResponse refuse(const HttpRequest& request, RejectionCode code, std::string_view message = {});

  IdentityServices services_;
};

}  // namespace tributary
