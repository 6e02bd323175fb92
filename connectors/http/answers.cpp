#include "connectors/http/answers.h"

#include <fmt/format.h>

#include <chrono>

#include "connectors/http/retry_after.h"
#include "engine/base/check.h"

namespace tributary {
namespace {

constexpr int kDiskFullSeconds = 5;  // the disk guard looks each second and needs a margin before it accepts again

int retry_after_seconds(RejectionCode code, const HttpRequest& request) {
  if (code == RejectionCode::disk_full) return kDiskFullSeconds;
  thread_local RetryAfter waits;
  auto now = std::chrono::duration_cast<std::chrono::seconds>(std::chrono::steady_clock::now().time_since_epoch());
  std::string_view key = request.header("authorization");
  if (key.empty()) key = request.header("x-write-key");
  return waits.next_seconds(key.empty() ? std::string_view(request.remote_address) : key, now.count());
}

}  // namespace

HttpResponse error_response(RejectionCode code, ErrorStyle style, const HttpRequest& request,
                            std::string_view message) {
  const RejectionRow& row = rejection_row(code);
  if (message.empty()) message = row.message;
  HttpResponse response;
  response.status = row.http_status;
  JsonOut out(response.body);
  out.begin_object();
  if (style == ErrorStyle::problem) {
    response.content_type = "application/problem+json";
    out.key("type").string(fmt::format("urn:tributary:problem:{}", row.name));
    out.key("title").string(row.message).key("status").number(row.http_status);
    out.key("detail").string(message).key("instance").string(request.request_id);
  }
  out.key("success").boolean(false).key("code").string(row.name);
  out.key("message").string(message).key("error").string(message);
  out.key("request_id").string(request.request_id).end_object();
  if (row.http_status == 429 || row.http_status == 503) {
    response.headers.emplace_back("Retry-After", std::to_string(retry_after_seconds(code, request)));
  }
  if (code == RejectionCode::origin_not_allowed) response.cors = false;
  return response;
}

void add_member(HttpResponse& response, std::string_view name, std::string_view json) {
  TRIBUTARY_CHECK(response.body.size() > 2 && response.body.back() == '}');
  response.body.back() = ',';
  append_json_string(response.body, name);
  response.body += ':';
  response.body += json;
  response.body += '}';
}

HttpResponse json_response(std::string body) {
  HttpResponse response;
  response.body = std::move(body);
  return response;
}

}  // namespace tributary
