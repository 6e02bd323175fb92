// The review queue: customers who may be one, for people to accept or reject.
#pragma once

#include "connectors/http/task.h"
#include "connectors/identity/duplicate_searches.h"
#include "connectors/identity/identity_services.h"
#include "connectors/query/api_access.h"

namespace tributary {

/// Thread: any. Requests and callers outlive the coroutines.
class SuggestionHandlers {
 public:
  explicit SuggestionHandlers(const IdentityServices& services) : services_(services) {}
  const IdentityServices& services() const { return services_; }

  Task<HttpResponse> list(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> search(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> accept(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> reject(const HttpRequest& request, const ApiCaller& caller);

 private:
  HttpResponse list_now(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> decide(const HttpRequest& request, const ApiCaller& caller, PairState state);
  Result<bool> is_open(const ApiCaller& caller, DuplicatePair& pair);
  HttpResponse refuse(const HttpRequest& request, RejectionCode code, std::string_view message = {});

  IdentityServices services_;
};

}  // namespace tributary
