#include "connectors/query/refusals.h"

#include "connectors/http/answers.h"

namespace tributary {

HttpResponse refuse_api(Metrics& metrics, const HttpRequest& request, RejectionCode code, std::string_view message) {
  metrics.refused(code).increment();
  HttpResponse response = error_response(code, ErrorStyle::problem, request, message);
  // Source: RFC 9110 section 11.6.1.
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Bearer realm=\"tributary\"");
  return response;
}

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

}  // namespace tributary
