// Status over HTTP: where a customer stands, requests to change that, and the decisions about them.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "connectors/http/task.h"
#include "connectors/profile/profile_act.h"
#include "connectors/query/value_json.h"

namespace tributary {

/// Thread: any. Requests and callers outlive the coroutines.
class StatusHandlers {
 public:
  explicit StatusHandlers(const ProfileServices& services) : services_(services) {}
  const ProfileServices& services() const { return services_; }

  Task<HttpResponse> show(const HttpRequest& request, const ApiCaller& caller);
  /// What waits for a decision, in pages.
  Task<HttpResponse> requests(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> ask(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> approve(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> reject(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> revert(const HttpRequest& request, const ApiCaller& caller);

 private:
  HttpResponse read(const HttpRequest& request, const ApiCaller& caller,
                    const std::function<std::string(const ProfileView&, const ValueMoment&)>& shown);
  /// In the customer's turn: of several decisions at once one is made, and the others are told of it.
  Task<HttpResponse> decide(const HttpRequest& request, const ApiCaller& caller, std::string_view event);
  Task<HttpResponse> record(const HttpRequest& request, const ApiCaller& caller, const ProfileView& customer,
                            ProfileAct act);
  HttpResponse refuse(const HttpRequest& request, RejectionCode code, std::string_view message = {});

  ProfileServices services_;
};

}  // namespace tributary
