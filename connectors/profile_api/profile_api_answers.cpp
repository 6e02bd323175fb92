#include "connectors/profile_api/profile_api_answers.h"

#include <algorithm>
#include <utility>

#include "connectors/http/answers.h"
#include "connectors/http/request_target.h"
#include "engine/base/utf8.h"

namespace tributary {
namespace {

std::string_view error_word(RejectionCode code, int status) {
  if (code == RejectionCode::not_found) return "not_found";
  if (status == 401 || status == 403) return "authentication_error";
  if (status == 429) return "rate_limit_error";
  return status < 500 ? "invalid_request_error" : "server_error";
}

/// The path of the request as it is to be asked again, without its query.
std::string path_of(const HttpRequest& request) {
  std::string path;
  for (const std::string& segment : request.path) path += "/" + encoded_component(segment);
  return path;
}

}  // namespace

HttpResponse refuse_profile_api(Metrics& metrics, const HttpRequest& request, RejectionCode code,
                                std::string_view message) {
  metrics.refused(code).increment();
  HttpResponse response = error_response(code, ErrorStyle::problem, request);
  response.content_type = "application/json";
  if (message.empty()) message = rejection_row(code).message;
  response.body.clear();
  JsonOut json(response.body);
  json.begin_object().key("error").begin_object().key("code").string(error_word(code, response.status));
  json.key("message").string(valid_utf8(message)).end_object().end_object();
  // Source: RFC 9110 section 11.6.1.
  if (response.status == 401) response.headers.emplace_back("WWW-Authenticate", "Basic realm=\"tributary\"");
  response.headers.emplace_back("Request-Id", request.request_id);
  return response;
}

HttpResponse profile_api_answer(const HttpRequest& request, std::string body) {
  HttpResponse response = json_response(std::move(body));
  response.headers.emplace_back("Request-Id", request.request_id);
  return response;
}

void append_page_cursor(JsonOut& json, const HttpRequest& request, size_t limit, std::string_view next) {
  json.key("cursor").begin_object().key("url").string(path_of(request));
  json.key("has_more").boolean(!next.empty()).key("next").string(next);
  json.key("limit").unsigned_number(limit).end_object();
}

std::string position_text(std::string_view last_name) {
  std::string text = base64(last_name);
  text.erase(std::find(text.begin(), text.end(), '='), text.end());
  std::replace(text.begin(), text.end(), '+', '-');
  std::replace(text.begin(), text.end(), '/', '_');
  return text;
}

std::optional<std::string> position_name(std::string_view text) {
  std::string standard(text);
  std::replace(standard.begin(), standard.end(), '-', '+');
  std::replace(standard.begin(), standard.end(), '_', '/');
  return parse_base64(standard);
}

}  // namespace tributary
