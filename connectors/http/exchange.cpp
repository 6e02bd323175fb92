#include "connectors/http/exchange.h"

#include "connectors/http/cors.h"
#include "connectors/http/request_id.h"

namespace tributary {
namespace {

ReaderLimits reader_limits(const HttpServerOptions& options) {
  ReaderLimits limits;
  limits.gate.start_line_bytes_max = options.start_line_bytes_max;
  limits.gate.header_bytes_max = options.header_bytes_max;
  limits.gate.headers_max = options.headers_max;
  limits.body_bytes_max = options.body_bytes_max;
  return limits;
}

}  // namespace

Exchange::Exchange(ServerState& server, const std::string& date, const boost::asio::ip::address& peer, bool tls)
    : server_(server),
      date_(date),
      peer_(peer),
      tls_(tls),
      charge_(server.bytes_in_flight),
      reader_(reader_limits(server.options)) {
  reader_.request().remote_address = peer_.to_string();
  reader_.request().tls = tls_;
  reader_.request().charge = &charge_;
}

// A refused connection lingers so that its answer is read; the body it sent must not linger with it.
void Exchange::release_body() {
  reader_.drop_body();
  charge_.clear();
}

bool Exchange::charge_body() {
  if (charge_.hold_body(reader_.body_memory())) return true;
  leaves_body_unread_ = true;
  close_ = true;
  release_body();
  answer_error(RejectionCode::overloaded);
  return false;
}

void Exchange::start_request() {
  HttpRequest& request = reader_.request();
  choose_request_id(request.header("x-request-id"), request.request_id);
  if (!server_.proxies.empty()) {
    request.remote_address = peer_.to_string();
    request.tls = tls_;
    server_.proxies.apply(peer_, request);
  }
  match_ = server_.router.match(request);
  request.arguments = std::move(match_.arguments);
  const size_t requests_max = server_.options.requests_per_connection_max;
  bool is_last = requests_max > 0 && ++requests_ >= requests_max;
  if (is_last || !reader_.head().keep_alive || server_.draining.load(std::memory_order_relaxed)) close_ = true;
}

Exchange::Verdict Exchange::judge_head() {
  start_request();
  const HttpRequest& request = reader_.request();
  streams_ = match_.route != nullptr && match_.route->streams && match_.route->streams(request);
  if (!streams_ && reader_.body_too_long()) {
    answer_too_long();
    return Verdict::answered;
  }
  if (request.method == "OPTIONS" && match_.route == nullptr && is_mirrored()) {
    answer_preflight();
    return Verdict::answered;
  }
  if (match_.route == nullptr) {
    answer_unread_body(match_.allow.empty() ? RejectionCode::not_found : RejectionCode::method_not_allowed);
    return Verdict::answered;
  }
  // Reads go on while the process drains; what would be stored is sent elsewhere before its body is read.
  if (is_mirrored() && server_.draining.load(std::memory_order_relaxed)) {
    answer_unread_body(RejectionCode::shutting_down);
    return Verdict::answered;
  }
  bool waits = reader_.head().expects_continue && !reader_.body_is_here();
  if (streams_) {
    expects_continue_ = waits;
    return Verdict::stream_body;
  }
  if (waits) return Verdict::send_continue;
  return Verdict::read_body;
}

void Exchange::answer_preflight() {
  cors_lines_.clear();
  append_preflight_headers(reader_.request(), cors_lines_);
  HttpResponse response;
  response.content_type.clear();
  std::optional<uint64_t> unread = reader_.unread_body_bytes();
  if (!unread || *unread > 0) close_ = leaves_body_unread_ = true;  // a preflight has no body
  if (unread) reader_.skip_body();
  answer(std::move(response));
}

// The body was not asked for. A short one of known length is skipped and the connection goes on; otherwise it ends, but
// not before the client could read why.
void Exchange::answer_unread_body(RejectionCode code) {
  std::optional<uint64_t> unread = reader_.unread_body_bytes();
  bool waits = reader_.head().expects_continue && unread != 0;  // it may send the body or not
  if (unread && !waits && *unread <= server_.options.drain_bytes_max) {
    bytes_to_skip_ = reader_.skip_body();
  } else {
    close_ = true;
    leaves_body_unread_ = true;
  }
  answer_error(code);
}

void Exchange::answer_too_long() {
  close_ = leaves_body_unread_ = true;
  answer_error(RejectionCode::payload_too_large);
}

void Exchange::answer_refusal() {
  const GateRefusal& refusal = reader_.refusal();
  close_ = true;
  release_body();
  if (reader_.refused_after_head()) {
    start_request();
    leaves_body_unread_ = true;
  } else {
    // Nothing of an ambiguous request may be believed, not even where it came from: no route, no CORS.
    reader_.request().headers.clear();
    choose_request_id({}, reader_.request().request_id);
    match_ = RouteMatch{};
    match_.errors = ErrorStyle::sdk;
  }
  answer_error(refusal.code, refusal.reason);
}

void Exchange::answer_internal() { answer_error(RejectionCode::internal); }

void Exchange::answer_error(RejectionCode code, std::string_view message) {
  server_.metrics.refused(code).increment();
  HttpResponse response = error_response(code, match_.errors, reader_.request(), message);
  if (code == RejectionCode::method_not_allowed) {
    response.headers.emplace_back("Allow", match_.allow.empty() ? "GET, HEAD, POST, OPTIONS" : match_.allow);
  }
  answer(std::move(response));
}

void Exchange::answer(HttpResponse response) {
  const HttpRequest& request = reader_.request();
  response_ = std::move(response);
  charge_.hold_text(0);  // what was unwrapped died with the handler
  // A handler that streams may answer before it has read everything.
  if (streams_ && reader_.advance() != RequestReader::Step::body) close_ = leaves_body_unread_ = true;
  if (response_.close || server_.draining.load(std::memory_order_relaxed)) close_ = true;
  if (cors_lines_.empty() && is_mirrored() && response_.cors) append_cors_headers(request, cors_lines_);
  ResponseFrame frame;
  frame.date = date_;
  frame.request_id = request.request_id;
  frame.cors_lines = cors_lines_;
  frame.close = close_;
  frame.without_body = request.method == "HEAD";
  if (response_.stream) {
    frame.chunked = chunked();
    if (!frame.chunked) frame.close = close_ = true;
    if (!frame.without_body) producer_ = response_.stream.get();
  }
  output_.clear();
  tail_ = append_response(response_, frame, output_) ? std::string_view{} : std::string_view(response_.body);
  server_.metrics.http_requests.increment();
}

void Exchange::next() {
  reader_.next();
  charge_.clear();
  cors_lines_.clear();
  tail_ = {};
  producer_ = nullptr;
  response_.stream.reset();
  streams_ = expects_continue_ = false;
  bytes_to_skip_ = 0;
  leaves_body_unread_ = false;
}

}  // namespace tributary
