// The five routes: from a request to its answer, on snapshots, without waiting for anything.
#pragma once

#include <variant>

#include "connectors/profile_api/profile_api_parameters.h"
#include "connectors/profile_api/profile_api_routes.h"
#include "connectors/query/api_access.h"

namespace tributary {

/// Thread: any.
class ProfileApiHandlers {
 public:
  explicit ProfileApiHandlers(const ProfileApiServices& services) : services_(services) {}

  /// What a route runs once its caller and the profile are known.
  using Handler = HttpResponse (ProfileApiHandlers::*)(const HttpRequest& request, const ApiCaller& caller,
                                                       const ProfileView& profile);
  HttpResponse traits(const HttpRequest& request, const ApiCaller& caller, const ProfileView& profile);
  HttpResponse external_ids(const HttpRequest& request, const ApiCaller& caller, const ProfileView& profile);
  HttpResponse events(const HttpRequest& request, const ApiCaller& caller, const ProfileView& profile);
  HttpResponse metadata(const HttpRequest& request, const ApiCaller& caller, const ProfileView& profile);
  HttpResponse links(const HttpRequest& request, const ApiCaller& caller, const ProfileView& profile);

  HttpResponse answer(const HttpRequest& request, Handler handler);

 private:
  std::variant<ProfileView, HttpResponse> profile_named(const HttpRequest& request, const ApiCaller& caller);
  Result<std::optional<TimelineEntry>> first_event(const ApiCaller& caller, const ProfileView& profile,
                                                   TimelineQuery query);
  HttpResponse refuse(const HttpRequest& request, RejectionCode code, std::string_view message = {});
  HttpResponse refuse(const HttpRequest& request, const Error& error);

  ProfileApiServices services_;
};

}  // namespace tributary
