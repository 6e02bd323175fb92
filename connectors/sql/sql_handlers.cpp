#include "connectors/sql/sql_handlers.h"

#include "connectors/http/answers.h"
#include "connectors/query/refusals.h"
#include "connectors/sql/sql_request.h"
#include "engine/base/utf8.h"

namespace tributary {
namespace {

constexpr int64_t kMicrosPerMillisecond = 1000;

RejectionCode code_of_fault(const SqlFault& fault) {
  switch (fault.kind) {
    case SqlFaultKind::invalid:
      return RejectionCode::query_invalid;
    case SqlFaultKind::not_allowed:
      return RejectionCode::query_not_allowed;
    case SqlFaultKind::time_limit:
      return RejectionCode::query_time_limit;
    case SqlFaultKind::memory_limit:
      return RejectionCode::query_memory_limit;
    case SqlFaultKind::cancelled:
      return RejectionCode::shutting_down;
    case SqlFaultKind::store:
      return code_of(fault.error);
  }
  return RejectionCode::internal;
}

/// Of a text that is no statement nothing is written down: any word of it may be anybody's name.
void log_statement(const ApiCaller& caller, std::string_view text, const SqlAnswer& answer) {
  const SqlOutcome& outcome = answer.outcome;
  std::string_view result = outcome.fault ? rejection_row(code_of_fault(*outcome.fault)).name : "ok";
  if (outcome.fault && outcome.fault->kind == SqlFaultKind::cancelled) result = "cancelled";
  log_line(LogLevel::info, "statement",
           {{"key", caller.key->id},
            {"workspace", caller.key->workspace_name},
            {"sql", outcome.prepared ? without_literals(text) : std::string()},
            {"result", std::string(result)},
            {"rows", static_cast<int64_t>(outcome.rows)},
            {"scanned", static_cast<int64_t>(outcome.scanned)},
            {"took_ms", answer.took_micros / kMicrosPerMillisecond},
            {"memory_bytes", static_cast<int64_t>(outcome.memory_bytes)}});
}

std::string answer_json(const SqlAnswer& answer) {
  constexpr size_t kOtherMembersBytes = 256;
  std::string out;
  out.reserve(answer.columns_json.size() + answer.rows_json.size() + kOtherMembersBytes);
  JsonOut json(out);
  json.begin_object().key("columns").raw(answer.columns_json).key("rows").raw(answer.rows_json);
  json.key("row_count").unsigned_number(answer.outcome.rows).key("partial").boolean(answer.outcome.partial);
  json.key("sequence").unsigned_number(answer.outcome.sequence);
  json.key("took_ms").number(answer.took_micros / kMicrosPerMillisecond);
  json.key("scanned").unsigned_number(answer.outcome.scanned);
  json.key("withheld").unsigned_number(answer.outcome.withheld).end_object();
  return out;
}

std::string position_json(const SqlPosition& position) {
  std::string out;
  JsonOut(out)
      .begin_object()
      .key("line")
      .unsigned_number(position.line)
      .key("column")
      .unsigned_number(position.column)
      .end_object();
  return out;
}

}  // namespace

Task<HttpResponse> SqlHandlers::run(const HttpRequest& request, const ApiCaller& caller) {
  auto parsed = sql_query(request.body, services_.sql.rules());
  if (auto* fault = std::get_if<ParameterFault>(&parsed)) {
    co_return refuse(request, RejectionCode::invalid_parameter, fault->message);
  }
  auto& query = std::get<SqlQuery>(parsed);
  std::string text = query.text;
  std::string key = caller.key->id;
  auto answer = co_await services_.sql.run(request, caller.key->workspace, std::move(key), std::move(query));
  if (!answer && answer.error().code == ErrorCode::overloaded) {
    co_return refuse(request, RejectionCode::rate_limited, answer.error().message);
  }
  if (!answer) co_return refuse(request, code_of(answer.error()));
  log_statement(caller, text, *answer);
  if (answer->outcome.fault) co_return refuse(request, *answer->outcome.fault);
  HttpResponse response = json_response(answer_json(*answer));
  response.headers.emplace_back("Cache-Control", "no-store");
  co_return response;
}

HttpResponse SqlHandlers::refuse(const HttpRequest& request, RejectionCode code, std::string_view message) {
  return refuse_api(services_.metrics, request, code, message);
}

HttpResponse SqlHandlers::refuse(const HttpRequest& request, const SqlFault& fault) {
  bool for_the_caller = fault.kind != SqlFaultKind::store && fault.kind != SqlFaultKind::cancelled;
  std::string message = for_the_caller ? valid_utf8(fault.message) : std::string();
  if (!fault.nearest.empty()) message += "; did you mean " + fault.nearest + "?";
  HttpResponse response = refuse(request, code_of_fault(fault), message);
  if (fault.position) add_member(response, "position", position_json(*fault.position));
  if (!fault.nearest.empty()) {
    std::string nearest;
    append_json_string(nearest, fault.nearest);
    add_member(response, "nearest", nearest);
  }
  return response;
}

}  // namespace tributary
