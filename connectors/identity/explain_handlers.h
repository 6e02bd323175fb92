// What may be read of identity: explanations, history, the change feed, the active rules.
#pragma once

#include <chrono>
#include <string_view>

#include "connectors/http/task.h"
#include "connectors/identity/identity_services.h"
#include "connectors/query/api_access.h"
#include "connectors/query/query_parameters.h"

namespace tributary {

/// Thread: any. Requests and callers outlive the coroutines.
class ExplainHandlers {
 public:
  explicit ExplainHandlers(const IdentityServices& services) : services_(services) {}
  const IdentityServices& services() const { return services_; }

  Task<HttpResponse> explain(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> history(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> changes(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> rules(const HttpRequest& request, const ApiCaller& caller);

  static constexpr std::chrono::seconds kWaitMax{30};  // for changes to come

 private:
  HttpResponse explain_now(const HttpRequest& request, const ApiCaller& caller);
  HttpResponse history_now(const HttpRequest& request, const ApiCaller& caller);
  std::variant<Identifier, HttpResponse> identifier_parameter(const HttpRequest& request, const ApiCaller& caller,
                                                              std::string_view name);
  HttpResponse refuse(const HttpRequest& request, RejectionCode code, std::string_view message = {});

  IdentityServices services_;
};

/// `kind:value`, as a parameter of an address has it. In an address a `+` stands for a blank; telephone numbers and
/// e-mail addresses, which hold the one and never the other, get it back.
Parsed<LookupQuery> address_identifier(std::string_view text);

}  // namespace tributary
