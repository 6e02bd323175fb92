// Tags over HTTP: the library and who decides about it, and the tags of a customer.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "connectors/http/task.h"
#include "connectors/profile/profile_act.h"
#include "connectors/profile/tag_body.h"

namespace tributary {

/// Thread: any. Requests and callers outlive the coroutines.
class TagHandlers {
 public:
  explicit TagHandlers(const ProfileServices& services) : services_(services) {}
  const ProfileServices& services() const { return services_; }

  Task<HttpResponse> library(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> propose(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> approve(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> reject(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> rename(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> merge(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> retire(const HttpRequest& request, const ApiCaller& caller);

  Task<HttpResponse> of_customer(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> history(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> add(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> remove(const HttpRequest& request, const ApiCaller& caller);

 private:
  /// Something that may be done, with all that it takes; or why not.
  template <class Value>
  using OrRefusal = std::variant<Value, HttpResponse>;

  Task<HttpResponse> decide_about_named(const HttpRequest& request, const ApiCaller& caller, TagAct act);
  Task<HttpResponse> decide(const HttpRequest& request, const ApiCaller& caller, TagAct act, TagBody body);
  Task<HttpResponse> refuse_unknown(const HttpRequest& request, const ApiCaller& caller, TagBody body);
  Task<HttpResponse> record(const HttpRequest& request, const ApiCaller& caller, const ProfileView& customer,
                            ProfileAct act);
  OrRefusal<ProfileView> customer_in(const HttpRequest& request, const ApiCaller& caller);
  std::optional<HttpResponse> refusal_of_addition(const HttpRequest& request, const ProfileView& customer,
                                                  const TagLibrary& library, const TagBody& body);
  HttpResponse refuse(const HttpRequest& request, RejectionCode code, std::string_view message = {});

  ProfileServices services_;
};

}  // namespace tributary
