#include "connectors/query/query_handlers.h"

#include "connectors/http/answers.h"
#include "connectors/query/computed_traits_json.h"
#include "connectors/query/export_runner.h"
#include "connectors/query/facts_json.h"
#include "connectors/query/find_owner.h"
#include "connectors/query/history_json.h"
#include "connectors/query/profile_answer.h"
#include "connectors/query/query_json.h"
#include "connectors/query/refusals.h"
#include "connectors/query/scale_runner.h"

namespace tributary {
namespace {

/// How a profile is asked for.
struct ProfileParameters {
  bool verbose;
  Timestamp now;
};

Parsed<ProfileParameters> profile_parameters(const HttpRequest& request) {
  auto verbose = verbose_parameter(request);
  if (auto* fault = std::get_if<ParameterFault>(&verbose)) return std::move(*fault);
  auto moment = moment_parameter(request);
  if (auto* fault = std::get_if<ParameterFault>(&moment)) return std::move(*fault);
  return ProfileParameters{std::get<bool>(verbose), std::get<Timestamp>(moment)};
}

/// A page of what is true at a moment.
struct PageAsOf {
  PageQuery page;
  Timestamp moment;
};

Parsed<PageAsOf> page_as_of(const HttpRequest& request) {
  auto page = page_query(request);
  if (auto* fault = std::get_if<ParameterFault>(&page)) return std::move(*fault);
  auto moment = moment_parameter(request);
  if (auto* fault = std::get_if<ParameterFault>(&moment)) return std::move(*fault);
  return PageAsOf{std::move(std::get<PageQuery>(page)), std::get<Timestamp>(moment)};
}

/// The customer named in the path. Text that is no id answers like an id that does not exist.
std::optional<CustomerId> customer_of(const HttpRequest& request) { return CustomerId::parse(request.arguments.at(0)); }

ExportOrder order_of(const ExportQuery& query, const ApiKey& key, const ValueMoment& moment) {
  ExportOrder order;
  order.workspace = key.workspace;
  order.thing = query.events ? ExportedThing::events : ExportedThing::profiles;
  order.moment = query.moment;
  order.events = query.range;
  order.format =
      query.csv ? csv_export(order.thing, query.byte_order_mark, moment) : ndjson_export(key.workspace_name, moment);
  return order;
}

}  // namespace

HttpResponse QueryHandlers::answer(const HttpRequest& request, ApiRole required, Handler handler) {
  ApiCaller caller = api_caller(services_.keys, request, required);
  if (caller.key == nullptr) return refuse(request, caller.refusal);
  return (this->*handler)(request, caller);
}

HttpResponse QueryHandlers::look_up(const HttpRequest& request, const ApiCaller& caller) {
  auto way = profile_parameters(request);
  if (auto* fault = std::get_if<ParameterFault>(&way)) {
    return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto lookup = lookup_query(request.body);
  if (auto* fault = std::get_if<ParameterFault>(&lookup)) {
    return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  const auto& [verbose, now] = std::get<ProfileParameters>(way);
  auto found = find_whole_owner(services_.engine, caller, std::get<LookupQuery>(lookup),
                                services_.limits.identifier_bytes_max, now);
  if (auto* nobody = std::get_if<NoOwner>(&found)) return refuse(request, nobody->code, nobody->message);
  return profile_answer(services_.scales.rules(), caller, std::get<WholeProfile>(found), verbose, now);
}

HttpResponse QueryHandlers::profile(const HttpRequest& request, const ApiCaller& caller) {
  auto way = profile_parameters(request);
  if (auto* fault = std::get_if<ParameterFault>(&way)) {
    return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto id = customer_of(request);
  if (!id) return refuse(request, RejectionCode::not_found);
  const auto& [verbose, now] = std::get<ProfileParameters>(way);
  auto customer = services_.engine.whole_profile(caller.key->workspace, *id, now);
  if (!customer) return refuse(request, customer.error());
  return profile_answer(services_.scales.rules(), caller, *customer, verbose, now);
}

template <class Query, class Read, class Write>
HttpResponse QueryHandlers::page_of_customer(const HttpRequest& request, const Parsed<Query>& query, const Read& read,
                                             const Write& write) {
  if (auto* fault = std::get_if<ParameterFault>(&query)) {
    return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto id = customer_of(request);
  if (!id) return refuse(request, RejectionCode::not_found);
  auto page = read(*id, std::get<Query>(query));
  return page ? json_response(write(*page)) : refuse(request, page.error());
}

HttpResponse QueryHandlers::timeline(const HttpRequest& request, const ApiCaller& caller) {
  auto read = [&](const CustomerId& id, const TimelineQuery& query) {
    return services_.engine.timeline(caller.key->workspace, id, query);
  };
  return page_of_customer(request, timeline_query(request), read, timeline_json);
}

HttpResponse QueryHandlers::orders(const HttpRequest& request, const ApiCaller& caller) {
  auto read = [&](const CustomerId& id, const PageQuery& query) {
    return services_.engine.orders(caller.key->workspace, id, query);
  };
  return page_of_customer(request, page_query(request), read, orders_json);
}

HttpResponse QueryHandlers::interactions(const HttpRequest& request, const ApiCaller& caller) {
  auto read = [&](const CustomerId& id, const PageQuery& query) {
    return services_.engine.interactions(caller.key->workspace, id, query);
  };
  return page_of_customer(request, page_query(request), read, interactions_json);
}

HttpResponse QueryHandlers::tickets(const HttpRequest& request, const ApiCaller& caller) {
  auto read = [&](const CustomerId& id, const PageAsOf& query) {
    return services_.engine.tickets(caller.key->workspace, id, query.page, query.moment);
  };
  auto write = [&](const TicketsPage& page) { return tickets_json(page, services_.scales.rules().zone); };
  return page_of_customer(request, page_as_of(request), read, write);
}

HttpResponse QueryHandlers::history(const HttpRequest& request, const ApiCaller& caller) {
  auto read = [&](const CustomerId& id, const PageAsOf& query) {
    return services_.engine.history(caller.key->workspace, id, query.page, services_.scales.rules(), query.moment);
  };
  return page_of_customer(request, page_as_of(request), read, history_json);
}

HttpResponse QueryHandlers::computed_traits(const HttpRequest&, const ApiCaller& caller) {
  return json_response(computed_trait_definitions_json(services_.computed_traits.get(), caller.key->workspace));
}

HttpResponse QueryHandlers::rejected(const HttpRequest& request, const ApiCaller& caller) {
  auto query = rejected_query(request);
  if (auto* fault = std::get_if<ParameterFault>(&query)) {
    return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto page = services_.engine.rejected_events(caller.key->workspace, std::get<RejectedQuery>(query));
  return page ? json_response(rejected_json(*page)) : refuse(request, page.error());
}

HttpResponse QueryHandlers::scale(const HttpRequest& request, const ApiCaller& caller) {
  auto scale = services_.engine.rfm_scale(caller.key->workspace);
  if (!scale) return refuse(request, scale.error());
  if (*scale == nullptr) return refuse(request, RejectionCode::not_found, "no scale was computed yet");
  return json_response(scale_json(**scale, services_.scales.rules()));
}

Task<HttpResponse> QueryHandlers::compute_scale(HttpRequest& request) {
  ApiCaller caller = api_caller(services_.keys, request, ApiRole::admin);
  if (caller.key == nullptr) co_return refuse(request, caller.refusal);
  auto moment = moment_parameter(request);
  if (auto* fault = std::get_if<ParameterFault>(&moment)) {
    co_return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto scale = co_await services_.scales.run(request, caller.key->workspace, std::get<Timestamp>(moment));
  if (scale) co_return json_response(scale_json(*scale, services_.scales.rules()));
  if (scale.error().code == ErrorCode::overloaded) {
    co_return refuse(request, RejectionCode::rate_limited, scale.error().message);
  }
  if (scale.error().code == ErrorCode::unavailable) {
    co_return refuse(request, RejectionCode::not_ready, scale.error().message);
  }
  co_return refuse(request, scale.error());
}

Task<HttpResponse> QueryHandlers::export_all(HttpRequest& request) {
  ApiCaller caller = api_caller(services_.keys, request, ApiRole::analyst);
  if (caller.key == nullptr) co_return refuse(request, caller.refusal);
  auto query = export_query(request);
  if (auto* fault = std::get_if<ParameterFault>(&query)) {
    co_return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  const auto& asked = std::get<ExportQuery>(query);
  auto moment = value_moment(services_.engine, services_.scales.rules(), caller.key->workspace, asked.moment);
  if (!moment) co_return refuse(request, moment.error());
  ExportOrder order = order_of(asked, *caller.key, *moment);
  auto body = co_await services_.exports.begin(request, std::move(order));
  if (!body && body.error().code == ErrorCode::overloaded) {
    co_return refuse(request, RejectionCode::overloaded, "as many exports as may be are running; try again");
  }
  if (!body) co_return refuse(request, body.error());
  HttpResponse response;
  response.content_type = asked.csv ? "text/csv; charset=utf-8" : "application/x-ndjson";
  std::string name = std::string(asked.events ? "events" : "profiles") + (asked.csv ? ".csv" : ".ndjson");
  response.headers.emplace_back("Content-Disposition", "attachment; filename=\"" + name + "\"");
  response.headers.emplace_back("Cache-Control", "no-store");
  response.stream = std::move(*body);
  co_return response;
}

HttpResponse QueryHandlers::refuse(const HttpRequest& request, RejectionCode code, std::string_view message) {
  return refuse_api(services_.metrics, request, code, message);
}

HttpResponse QueryHandlers::refuse(const HttpRequest& request, const Error& error) {
  return refuse(request, code_of(error));
}

}  // namespace tributary
