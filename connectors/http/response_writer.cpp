#include "connectors/http/response_writer.h"

#include <algorithm>
#include <ostream>  // which Boost 1.81's string_view does not include itself

#include <boost/beast/http/status.hpp>
#include <charconv>

namespace tributary {
namespace {

void append_number(size_t number, std::string& out) {
  char digits[20];
  auto [end, error] = std::to_chars(digits, digits + sizeof digits, number);
  out.append(digits, end);
}

void append_line(std::string_view name, std::string_view value, std::string& out) {
  out += name;
  out += ": ";
  out += value;
  out += "\r\n";
}

void append_status_line(int status, std::string& out) {
  if (status == 200) {
    out += "HTTP/1.1 200 OK\r\n";
    return;
  }
  out += "HTTP/1.1 ";
  append_number(static_cast<size_t>(status), out);
  out += ' ';
  std::string_view reason =
      boost::beast::http::obsolete_reason(boost::beast::http::int_to_status(static_cast<unsigned>(status)));
  out += reason;
  out += "\r\n";
}

// A handler's header value may repeat text of a request; a line end in it would start a header of the client's choice.
bool is_one_line(std::string_view text) { return text.find_first_of("\r\n") == std::string_view::npos; }

constexpr int kNoContent = 204;

}  // namespace

std::string chunk_size_line(size_t bytes) {
  char digits[16];
  auto [end, error] = std::to_chars(digits, digits + sizeof digits, bytes, 16);
  return std::string(digits, end) + "\r\n";
}

bool append_response(const HttpResponse& response, const ResponseFrame& frame, std::string& out) {
  append_status_line(response.status, out);
  if (response.status != kNoContent) {  // which has neither. Source: RFC 9110 section 8.6
    if (!response.content_type.empty()) append_line("Content-Type", response.content_type, out);
    if (!response.stream) {
      out += "Content-Length: ";
      append_number(response.body.size(), out);
      out += "\r\n";
    } else if (frame.chunked) {
      out += "Transfer-Encoding: chunked\r\n";
    }
  }
  if (!frame.date.empty()) append_line("Date", frame.date, out);
  if (!frame.request_id.empty()) append_line("X-Request-Id", frame.request_id, out);
  out += "X-Content-Type-Options: nosniff\r\n";
  out += frame.cors_lines;
  for (const auto& [name, value] : response.headers) {
    if (is_one_line(name) && is_one_line(value)) append_line(name, value, out);
  }
  if (frame.close) out += "Connection: close\r\n";
  out += "\r\n";
  if (frame.without_body || response.body.empty() || response.status == kNoContent) return true;
  if (response.body.size() > kInlineBodyBytesMax) return false;
  out += response.body;
  return true;
}

}  // namespace tributary
