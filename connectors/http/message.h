// A request after the gate, and an answer before it is written. No Beast types: handlers do not know the wire.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace tributary {

class BodyProducer;
class BodySource;
class MemoryCharge;

/// Whether the answer to a request is still worth working for. Thread: the request's I/O thread.
class AnswerWatch {
 public:
  virtual ~AnswerWatch() = default;
  /// False once the client has closed its side or the server wants to end.
  virtual bool is_awaited() = 0;
};

/// One complete request. Exists => the gate has accepted its framing and its body is complete and within limits, unless
/// the route streams it.
/// Lifetime: belongs to its session until the answer is written; views point into it.
struct HttpRequest {
  std::string method;             // upper case
  std::string target;             // as sent, origin form; never logged (it may carry a write key)
  std::vector<std::string> path;  // split at '/', empty segments dropped, each decoded once
  std::vector<std::pair<std::string, std::string>> query;    // decoded, in order
  std::vector<std::pair<std::string, std::string>> headers;  // names lower-case
  std::string body;                                          // as received; 64 readable bytes follow its end
  std::string remote_address;                                // of the connection, or the rightmost untrusted proxy hop
  std::vector<std::string> arguments;                        // values of the matched route's {names}, in order
  std::string request_id;                                    // echoed from X-Request-Id when well formed, else made
  bool tls = false;
  BodySource* source = nullptr;    // of a route that streams: where the body comes from, `body` stays empty
  MemoryCharge* charge = nullptr;  // what this request holds; null: nobody counts
  AnswerWatch* watch = nullptr;    // null: somebody always waits

  /// The first value of a header by lower-case name; empty when absent.
  std::string_view header(std::string_view lower_case_name) const;
  bool has_header(std::string_view lower_case_name) const;
  /// The first value of a query parameter; empty when absent.
  std::string_view parameter(std::string_view name) const;
  bool has_parameter(std::string_view name) const;
  /// For handlers that take long: false when they may as well answer now.
  bool is_awaited() const { return watch == nullptr || watch->is_awaited(); }
};

struct HttpResponse {
  int status = 200;
  std::string content_type = "application/json";
  std::string body;
  std::vector<std::pair<std::string, std::string>> headers;  // beyond those the session adds
  std::shared_ptr<BodyProducer> stream;  // in the place of `body`; shared, so that answers can be copied
  bool close = false;                    // end the connection after this answer
  bool cors = true;                      // false: no CORS header even on a mirrored route
};

}  // namespace tributary
