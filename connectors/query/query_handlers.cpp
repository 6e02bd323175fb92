#include "connectors/query/query_handlers.h"

#include <algorithm>

#include "connectors/http/answers.h"
#include "connectors/query/query_json.h"

namespace tributary {
namespace {

/// The customer named in the path. Text that is no id answers like an id that does not exist.
std::optional<CustomerId> customer_of(const HttpRequest& request) { return CustomerId::parse(request.arguments.at(0)); }

/// A national phone number means a country only together with a source, and a reader has none: each default country of
/// the workspace's sources is tried, in the order of the configuration, then none.
std::vector<std::string> countries_of(const KeyRing& ring, WorkspaceId workspace) {
  std::vector<std::string> countries;
  for (const Source& source : ring.sources()) {
    if (source.workspace != workspace || source.default_country.empty()) continue;
    if (std::find(countries.begin(), countries.end(), source.default_country) == countries.end()) {
      countries.push_back(source.default_country);
    }
  }
  if (countries.empty()) countries.emplace_back();
  return countries;
}

/// What a reader is told. A failed store is the operator's business: it reports files, never people.
RejectionCode code_of(const Error& error) {
  switch (error.code) {
    case ErrorCode::not_found:
      return RejectionCode::not_found;
    case ErrorCode::invalid:
      return RejectionCode::invalid_cursor;
    case ErrorCode::overloaded:
      return RejectionCode::overloaded;
    case ErrorCode::stopping:
      return RejectionCode::shutting_down;
    default:
      log_line(LogLevel::error, "reading failed", {{"error", error.message}});
      return RejectionCode::internal;
  }
}

}  // namespace

HttpResponse QueryHandlers::answer(const HttpRequest& request, ApiRole required, Handler handler) {
  ApiCaller caller = api_caller(services_.keys, request, required);
  if (caller.key == nullptr) return refuse(request, caller.refusal);
  return (this->*handler)(request, caller);
}

HttpResponse QueryHandlers::look_up(const HttpRequest& request, const ApiCaller& caller) {
  auto verbose = verbose_parameter(request);
  if (auto* fault = std::get_if<ParameterFault>(&verbose)) {
    return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto lookup = lookup_query(request.body);
  if (auto* fault = std::get_if<ParameterFault>(&lookup)) {
    return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  Found found = find(caller, std::get<LookupQuery>(lookup));
  if (!found.profile) return refuse(request, found.code, found.message);
  return json_response(profile_json(*found.profile, caller.key->workspace_name, std::get<bool>(verbose)));
}

QueryHandlers::Found QueryHandlers::find(const ApiCaller& caller, const LookupQuery& lookup) {
  Found found;
  for (const std::string& country : countries_of(*caller.ring, caller.key->workspace)) {
    NormalisedValue value =
        normalise_identifier(lookup.kind, lookup.value, country, services_.limits.identifier_bytes_max);
    if (value.blocked) return {{}, RejectionCode::identifier_blocked, {}};
    if (!value.identifier) {
      found = {{}, RejectionCode::invalid_parameter, "value cannot be of this kind: " + value.reason};
      continue;
    }
    auto profile = services_.engine.profile_of(caller.key->workspace, *value.identifier);
    if (profile) return {std::move(*profile), RejectionCode::not_found, {}};
    found = {{}, code_of(profile.error()), {}};
    if (found.code != RejectionCode::not_found) break;
  }
  return found;
}

HttpResponse QueryHandlers::profile(const HttpRequest& request, const ApiCaller& caller) {
  auto verbose = verbose_parameter(request);
  if (auto* fault = std::get_if<ParameterFault>(&verbose)) {
    return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto id = customer_of(request);
  if (!id) return refuse(request, RejectionCode::not_found);
  auto profile = services_.engine.profile(caller.key->workspace, *id);
  if (!profile) return refuse(request, profile.error());
  return json_response(profile_json(*profile, caller.key->workspace_name, std::get<bool>(verbose)));
}

HttpResponse QueryHandlers::timeline(const HttpRequest& request, const ApiCaller& caller) {
  auto query = timeline_query(request);
  if (auto* fault = std::get_if<ParameterFault>(&query)) {
    return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto id = customer_of(request);
  if (!id) return refuse(request, RejectionCode::not_found);
  auto page = services_.engine.timeline(caller.key->workspace, *id, std::get<TimelineQuery>(query));
  return page ? json_response(timeline_json(*page)) : refuse(request, page.error());
}

HttpResponse QueryHandlers::rejected(const HttpRequest& request, const ApiCaller& caller) {
  auto query = rejected_query(request);
  if (auto* fault = std::get_if<ParameterFault>(&query)) {
    return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto page = services_.engine.rejected_events(caller.key->workspace, std::get<RejectedQuery>(query));
  return page ? json_response(rejected_json(*page)) : refuse(request, page.error());
}

HttpResponse QueryHandlers::refuse(const HttpRequest& request, RejectionCode code, std::string_view message) {
  services_.metrics.refused(code).increment();
  HttpResponse response = error_response(code, ErrorStyle::problem, request, message);
  // Source: RFC 9110 section 11.6.1.
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"tributary\"");
  return response;
}

HttpResponse QueryHandlers::refuse(const HttpRequest& request, const Error& error) {
  return refuse(request, code_of(error));
}

}  // namespace tributary
