#include "connectors/http/cors.h"

#include <string_view>

namespace tributary {
namespace {

// Gated values hold no CR, LF or other control, so they cannot end a header line.
void append_line(std::string_view name, std::string_view value, std::string& lines) {
  lines += name;
  lines += value;
  lines += "\r\n";
}

void append_origin(const HttpRequest& request, std::string& lines) {
  std::string_view origin = request.header("origin");
  append_line("Access-Control-Allow-Origin: ", origin.empty() ? std::string_view("*") : origin, lines);
  lines += "Access-Control-Allow-Credentials: true\r\n";
}

}  // namespace

void append_cors_headers(const HttpRequest& request, std::string& lines) {
  append_origin(request, lines);
  lines +=
      "Access-Control-Expose-Headers: Retry-After, X-Request-Id\r\n"
      "Vary: Origin\r\n";
}

void append_preflight_headers(const HttpRequest& request, std::string& lines) {
  append_origin(request, lines);
  lines += "Access-Control-Allow-Methods: GET, POST, PUT, OPTIONS, HEAD\r\n";
  std::string_view headers = request.header("access-control-request-headers");
  if (!headers.empty()) append_line("Access-Control-Allow-Headers: ", headers, lines);
  lines += "Access-Control-Max-Age: 86400\r\n";
  if (request.header("access-control-request-private-network") == "true") {
    lines += "Access-Control-Allow-Private-Network: true\r\n";
  }
  lines += "Vary: Origin, Access-Control-Request-Headers\r\n";
}

}  // namespace tributary
