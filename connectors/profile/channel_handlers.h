// The channels of a workspace over HTTP: what they are held to be, by whom and since when.
#pragma once

#include <string>
#include <string_view>

#include "connectors/http/task.h"
#include "connectors/profile/profile_act.h"

namespace tributary {

/// Thread: any. Requests and callers outlive the coroutines.
class ChannelHandlers {
 public:
  explicit ChannelHandlers(const ProfileServices& services) : services_(services) {}
  const ProfileServices& services() const { return services_; }

  Task<HttpResponse> list(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> change(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> change_touchpoint(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> history(const HttpRequest& request, const ApiCaller& caller);

 private:
  Task<HttpResponse> decide(const HttpRequest& request, const ApiCaller& caller, std::string_view touchpoint);
  HttpResponse refuse(const HttpRequest& request, RejectionCode code, std::string_view message = {});

  ProfileServices services_;
};

}  // namespace tributary
