#include "connectors/query/profile_changes_routes.h"

#include <boost/asio/basic_waitable_timer.hpp>
#include <utility>

#include "connectors/http/answers.h"
#include "connectors/query/json_members.h"
#include "connectors/query/keyed_routes.h"
#include "connectors/query/query_parameters.h"
#include "connectors/query/refusals.h"

namespace tributary {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;
using FeedTimer = asio::basic_waitable_timer<steady_clock, asio::wait_traits<steady_clock>, IoExecutor>;

constexpr std::chrono::milliseconds kFeedPollInterval{200};
constexpr std::chrono::seconds kFeedTimeLimit = ProfileChangesHandlers::kWaitMax + std::chrono::seconds(5);

std::string_view event_name(WatchedFigure figure) {
  switch (figure) {
    case WatchedFigure::lifecycle:
      return "Lifecycle Stage Changed";
    case WatchedFigure::rfm_cell:
      return "RFM Score Changed";
  }
  return "unknown";
}

Parsed<ProfileChangesQuery> profile_changes_query(const HttpRequest& request) {
  auto limit = number_parameter(request, "limit", kPageSizes);
  if (auto* fault = std::get_if<ParameterFault>(&limit)) return *fault;
  ProfileChangesQuery query;
  query.limit = std::get<size_t>(limit);
  query.cursor = request.parameter("cursor");
  std::string_view kind = request.parameter("kind");
  if (kind.empty()) return query;
  for (WatchedFigure figure : kWatchedFigures) {
    if (watched_figure_name(figure) == kind) query.figure = figure;
  }
  if (!query.figure) return ParameterFault{"kind is none of lifecycle, rfm_cell"};
  return query;
}

std::string profile_changes_json(const ProfileChangesPage& page) {
  std::string out;
  JsonOut json(out);
  json.begin_object().key("changes").begin_array();
  for (const ProfileChangeView& view : page.changes) {
    const ProfileChange& change = view.change;
    json.begin_object().key("id").string(std::to_string(view.lsn.value()));
    json.key("customer_id").string(CustomerId{change.customer}.text());
    json.key("kind").string(watched_figure_name(change.figure)).key("name").string(event_name(change.figure));
    append_text_or_null(json, "from", change.from);
    append_text_or_null(json, "to", change.to);
    json.key("at").string(format_iso8601(change.effective_at));
    json.key("noticed_at").string(format_iso8601(view.noticed_at));
    json.key("cause").string(profile_change_cause_name(change.cause)).end_object();
  }
  json.end_array().key("next_cursor").string(page.next_cursor).key("at_end").boolean(page.at_end).end_object();
  return out;
}

}  // namespace

Task<HttpResponse> ProfileChangesHandlers::changes(const HttpRequest& request, const ApiCaller& caller) {
  auto parsed = profile_changes_query(request);
  if (auto* fault = std::get_if<ParameterFault>(&parsed)) {
    co_return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto wait = number_parameter(request, "wait", {0, static_cast<size_t>(kWaitMax.count()), 0});
  if (auto* fault = std::get_if<ParameterFault>(&wait)) {
    co_return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto& query = std::get<ProfileChangesQuery>(parsed);
  auto until = steady_clock::now() + std::chrono::seconds(std::get<size_t>(wait));
  FeedTimer timer(co_await asio::this_coro::executor);
  while (true) {
    auto page = services_.engine.profile_changes(caller.key->workspace, query);
    if (!page) co_return refuse(request, code_of(page.error()));
    if (page->expired) co_return refuse(request, RejectionCode::cursor_expired);
    bool nothing_yet = page->changes.empty() && page->at_end;
    if (!nothing_yet || steady_clock::now() >= until || !request.is_awaited()) {
      co_return json_response(profile_changes_json(*page));
    }
    query.cursor = page->next_cursor;
    timer.expires_after(kFeedPollInterval);
    co_await timer.async_wait(kUseTaskTuple);
  }
}

HttpResponse ProfileChangesHandlers::refuse(const HttpRequest& request, RejectionCode code, std::string_view message) {
  return refuse_api(services_.metrics, request, code, message);
}

void add_profile_changes_routes(Router& router, const QueryServices& services) {
  KeyedRoutes<ProfileChangesHandlers> reads(router, services);
  reads("GET", "/v1/changes", ApiRole::analyst, &ProfileChangesHandlers::changes, kFeedTimeLimit);
}

}  // namespace tributary
