#include "connectors/profile/channel_handlers.h"

#include "connectors/http/answers.h"
#include "connectors/http/ingest_bridge.h"
#include "connectors/profile/channel_body.h"
#include "connectors/profile/channel_json.h"
#include "connectors/query/query_parameters.h"
#include "connectors/query/refusals.h"

namespace tributary {
namespace {

void add_channel_value(FactSaid& fact, ChannelField field, std::string_view text) {
  if (!text.empty()) fact.values.push_back({static_cast<uint8_t>(field), std::string(text)});
}

/// Fields in rising order.
WorkspaceFact channel_word(std::string_view code, std::string_view touchpoint, const ChannelBody& body) {
  WorkspaceFact said{body.decision, {}};
  FactSaid& fact = said.fact;
  fact.kind = FactKind::channel;
  fact.act = static_cast<uint8_t>(ChannelAct::set);
  fact.subject_text = channel_subject(code, touchpoint);
  add_channel_value(fact, ChannelField::touchpoint, touchpoint);
  add_channel_value(fact, ChannelField::group, body.group);
  add_channel_value(fact, ChannelField::role, body.role);
  add_channel_value(fact, ChannelField::priority, body.priority);
  add_channel_value(fact, ChannelField::by, body.decision.author);
  add_channel_value(fact, ChannelField::reason, body.decision.reason);
  add_channel_value(fact, ChannelField::code, code);
  return said;
}

constexpr std::string_view kNoSuchChannel = "there is no such channel: GET /v1/channels lists the codes";

}  // namespace

Task<HttpResponse> ChannelHandlers::list(const HttpRequest& request, const ApiCaller& caller) {
  auto at = moment_parameter(request, "at");
  if (auto* fault = std::get_if<ParameterFault>(&at)) {
    co_return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto said = services_.engine.workspace_facts(caller.key->workspace, FactKind::channel);
  if (!said) co_return refuse(request, code_of(said.error()));
  auto moment = std::get<Timestamp>(at);
  co_return json_response(channels_json(channels_at(*said, moment), moment));
}

Task<HttpResponse> ChannelHandlers::change(const HttpRequest& request, const ApiCaller& caller) {
  return decide(request, caller, {});
}

Task<HttpResponse> ChannelHandlers::change_touchpoint(const HttpRequest& request, const ApiCaller& caller) {
  return decide(request, caller, request.arguments.at(1));
}

Task<HttpResponse> ChannelHandlers::decide(const HttpRequest& request, const ApiCaller& caller,
                                           std::string_view touchpoint) {
  auto parsed = channel_body(request.body);
  if (auto* fault = std::get_if<ParameterFault>(&parsed)) {
    co_return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  if (touchpoint.size() > kTouchpointBytesMax) {
    co_return refuse(request, RejectionCode::invalid_parameter, "touchpoint is longer than 128 bytes");
  }
  const std::string& code = request.arguments.at(0);
  if (find_channel(code) == nullptr) co_return refuse(request, RejectionCode::not_found, kNoSuchChannel);
  ChannelBody body = std::get<ChannelBody>(std::move(parsed));
  complete_decision(body.decision, request, caller);
  WorkspaceFact said = channel_word(code, touchpoint, body);
  IngestOutcome outcome =
      co_await async_decide(services_.engine, &Engine::decide_fact, caller.key->workspace, std::move(said), kUseTask);
  if (outcome.refused) co_return refuse(request, *outcome.refused);
  auto facts = services_.engine.workspace_facts(caller.key->workspace, FactKind::channel);
  if (!facts) co_return refuse(request, code_of(facts.error()));
  co_return json_response(channel_json(channels_at(*facts, system_clock().now()), code));
}

Task<HttpResponse> ChannelHandlers::history(const HttpRequest& request, const ApiCaller& caller) {
  const std::string& code = request.arguments.at(0);
  if (find_channel(code) == nullptr) co_return refuse(request, RejectionCode::not_found, kNoSuchChannel);
  auto said = services_.engine.workspace_facts(caller.key->workspace, FactKind::channel);
  if (!said) co_return refuse(request, code_of(said.error()));
  co_return json_response(channel_history_json(code, channel_changes(*said, code)));
}

HttpResponse ChannelHandlers::refuse(const HttpRequest& request, RejectionCode code, std::string_view message) {
  return refuse_api(services_.metrics, request, code, message);
}

}  // namespace tributary
