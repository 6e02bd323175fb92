#include "connectors/identity/explain_handlers.h"

#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>
#include <optional>

#include "connectors/http/answers.h"
#include "connectors/identity/identity_json.h"
#include "connectors/identity/named_owner.h"
#include "connectors/query/refusals.h"
#include "engine/base/text.h"

namespace tributary {
namespace {

namespace asio = boost::asio;
using std::chrono::steady_clock;
using Timer = asio::basic_waitable_timer<steady_clock, asio::wait_traits<steady_clock>, IoExecutor>;

constexpr std::chrono::milliseconds kPollInterval{200};

/// The customer named in the path. Text that is no id answers like an id that does not exist.
std::optional<CustomerId> customer_of(const HttpRequest& request) { return CustomerId::parse(request.arguments.at(0)); }

// A + at the front of a number, or inside of an e-mail address.
void restore_plus(LookupQuery& lookup) {
  std::string& value = lookup.value;
  if (lookup.kind.family == IdentifierFamily::phone && value.starts_with(' ')) value.front() = '+';
  if (lookup.kind.family != IdentifierFamily::email) return;
  value = std::string(trim(value));
  std::replace(value.begin(), value.end(), ' ', '+');
}

std::variant<ChangesQuery, ParameterFault> changes_query(const HttpRequest& request) {
  auto limit = number_parameter(request, "limit", kPageSizes);
  if (auto* fault = std::get_if<ParameterFault>(&limit)) return *fault;
  ChangesQuery query;
  query.limit = std::get<size_t>(limit);
  query.cursor = request.parameter("cursor");
  return query;
}

}  // namespace

Parsed<LookupQuery> address_identifier(std::string_view text) {
  size_t colon = text.find(':');
  if (colon == text.npos) return ParameterFault{"is not kind:value"};
  auto kind = parse_kind(text.substr(0, colon));
  if (!kind) return ParameterFault{"does not begin with a well-formed kind of identifier"};
  LookupQuery lookup{std::move(*kind), std::string(text.substr(colon + 1))};
  restore_plus(lookup);
  return lookup;
}

Task<HttpResponse> ExplainHandlers::explain(const HttpRequest& request, const ApiCaller& caller) {
  return answered(explain_now(request, caller));
}

HttpResponse ExplainHandlers::explain_now(const HttpRequest& request, const ApiCaller& caller) {
  auto id = customer_of(request);
  if (!id) return refuse(request, RejectionCode::not_found);
  ExplainQuery query;
  if (request.has_parameter("a") != request.has_parameter("b")) {
    return refuse(request, RejectionCode::invalid_parameter, "a and b stand together or not at all");
  }
  if (request.has_parameter("a")) {
    auto a = identifier_parameter(request, caller, "a");
    if (auto* refusal = std::get_if<HttpResponse>(&a)) return std::move(*refusal);
    auto b = identifier_parameter(request, caller, "b");
    if (auto* refusal = std::get_if<HttpResponse>(&b)) return std::move(*refusal);
    query = {std::get<Identifier>(std::move(a)), std::get<Identifier>(std::move(b))};
  }
  auto view = services_.engine.explain(caller.key->workspace, *id, query);
  return view ? json_response(explain_json(*view, query)) : refuse(request, code_of(view.error()));
}

std::variant<Identifier, HttpResponse> ExplainHandlers::identifier_parameter(const HttpRequest& request,
                                                                             const ApiCaller& caller,
                                                                             std::string_view name) {
  auto lookup = address_identifier(request.parameter(name));
  if (auto* fault = std::get_if<ParameterFault>(&lookup)) {
    return refuse(request, RejectionCode::invalid_parameter, std::string(name) + " " + fault->message);
  }
  const NamedIdentifier named{std::string(name), std::get<LookupQuery>(std::move(lookup))};
  auto found = find_named(services_, caller, named);
  if (auto* nobody = std::get_if<NoOwner>(&found)) return refuse(request, nobody->code, nobody->message);
  return std::get<IdentifierOwner>(std::move(found)).identifier;
}

Task<HttpResponse> ExplainHandlers::history(const HttpRequest& request, const ApiCaller& caller) {
  return answered(history_now(request, caller));
}

HttpResponse ExplainHandlers::history_now(const HttpRequest& request, const ApiCaller& caller) {
  auto query = changes_query(request);
  if (auto* fault = std::get_if<ParameterFault>(&query)) {
    return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto& wanted = std::get<ChangesQuery>(query);
  wanted.customer = customer_of(request);
  if (!wanted.customer) return refuse(request, RejectionCode::not_found);
  // A customer whom nothing ever happened to has an empty history, one who never was has none.
  auto known = services_.engine.profile(caller.key->workspace, *wanted.customer);
  if (!known) return refuse(request, code_of(known.error()));
  auto page = services_.engine.changes(caller.key->workspace, wanted);
  return page ? json_response(changes_json(*page)) : refuse(request, code_of(page.error()));
}

Task<HttpResponse> ExplainHandlers::changes(const HttpRequest& request, const ApiCaller& caller) {
  auto query = changes_query(request);
  if (auto* fault = std::get_if<ParameterFault>(&query)) {
    co_return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto wait = number_parameter(request, "wait", {0, static_cast<size_t>(kWaitMax.count()), 0});
  if (auto* fault = std::get_if<ParameterFault>(&wait)) {
    co_return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto until = steady_clock::now() + std::chrono::seconds(std::get<size_t>(wait));
  Timer timer(co_await asio::this_coro::executor);
  while (true) {
    auto page = services_.engine.changes(caller.key->workspace, std::get<ChangesQuery>(query));
    if (!page) co_return refuse(request, code_of(page.error()));
    bool nothing_yet = page->changes.empty() && page->at_end;
    if (!nothing_yet || steady_clock::now() >= until || !request.is_awaited()) {
      co_return json_response(changes_json(*page));
    }
    timer.expires_after(kPollInterval);
    co_await timer.async_wait(kUseTaskTuple);
  }
}

Task<HttpResponse> ExplainHandlers::rules(const HttpRequest& request, const ApiCaller& caller) {
  auto view = services_.engine.rules(caller.key->workspace);
  return answered(view ? json_response(rules_view_json(*view)) : refuse(request, code_of(view.error())));
}

HttpResponse ExplainHandlers::refuse(const HttpRequest& request, RejectionCode code, std::string_view message) {
  return refuse_api(services_.metrics, request, code, message);
}

}  // namespace tributary
