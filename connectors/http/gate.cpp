#include "connectors/http/gate.h"

#include <algorithm>
#include <array>
#include <cstring>
#include <ostream>  // which Boost 1.81's string_view does not include itself

#include <boost/beast/core/string.hpp>

#include "engine/base/text.h"

namespace tributary {
namespace {

using boost::beast::iequals;

// Methods that a request may carry. TRACE passes so that it gets the 405 of its path.
constexpr std::array<std::string_view, 8> kMethods = {"GET", "POST",   "HEAD",  "OPTIONS",
                                                      "PUT", "DELETE", "PATCH", "TRACE"};
constexpr size_t kMethodBytesMax = 7;
constexpr size_t kLengthDigitsMax = 18;  // fits 64 bits without an overflow check

constexpr std::array<bool, 256> make_token_table() {
  std::array<bool, 256> table{};
  for (char c : std::string_view("!#$%&'*+-.^_`|~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"))
    table[static_cast<uint8_t>(c)] = true;
  return table;
}
constexpr auto kTokenTable = make_token_table();

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }
constexpr bool is_control(char c) {
  auto byte = static_cast<uint8_t>(c);
  return (byte < 0x20 && byte != '\t') || byte == 0x7f;
}

GateRefusal malformed(std::string_view reason) { return {RejectionCode::malformed_request, reason}; }

bool is_port(std::string_view text) { return text.size() <= 5 && std::all_of(text.begin(), text.end(), is_digit); }

// uri-host [ ":" port ]. Source: RFC 9110 section 7.2, RFC 3986 section 3.2.2.
bool is_host(std::string_view text) {
  if (text.empty()) return false;
  size_t end = 0;
  if (text.front() == '[') {
    constexpr std::string_view kAddress = "0123456789abcdefABCDEF:.";
    end = text.find(']');
    if (end == std::string_view::npos || end < 3) return false;
    if (text.substr(1, end - 1).find_first_not_of(kAddress) != std::string_view::npos) return false;
    ++end;
  } else {
    constexpr std::string_view kName = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~!$&'()*+,;=%";
    end = std::min(text.find_first_not_of(kName), text.size());
    if (end == 0) return false;
  }
  if (end == text.size()) return true;
  return text[end] == ':' && is_port(text.substr(end + 1));
}

std::optional<GateRefusal> check_target(const RequestHead& head) {
  if (head.target == "*") {
    if (head.method == "OPTIONS") return std::nullopt;
    return malformed("target * belongs to OPTIONS");
  }
  if (head.target.empty() || head.target.front() != '/') return malformed("target is not in origin form");
  for (char c : head.target) {
    if (static_cast<uint8_t>(c) <= 0x20 || c == 0x7f || c == '#') return malformed("target has a forbidden character");
  }
  return std::nullopt;
}

std::optional<GateRefusal> check_start_line(std::string_view line, RequestHead& head) {
  size_t first = line.find(' ');
  size_t last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return malformed("start line is not METHOD target HTTP/1.1");
  head.method = line.substr(0, first);
  head.target = line.substr(first + 1, last - first - 1);
  std::string_view version = line.substr(last + 1);
  head.http_1_1 = version == "HTTP/1.1";
  if (!head.http_1_1 && version != "HTTP/1.0") return malformed("version is neither 1.1 nor 1.0");
  // CONNECT has an authority as its target; the connection would become a tunnel, so nothing after it is a request.
  if (head.method == "CONNECT") return GateRefusal{RejectionCode::method_not_allowed, "CONNECT is not served"};
  if (std::find(kMethods.begin(), kMethods.end(), head.method) == kMethods.end())
    return malformed("method is not known");
  return check_target(head);
}

std::optional<GateRefusal> read_content_length(std::string_view value, RequestHead& head) {
  if (head.content_length) return malformed("two Content-Length fields");
  if (value.empty() || value.size() > kLengthDigitsMax) return malformed("Content-Length is not 1 to 18 digits");
  uint64_t length = 0;
  for (char c : value) {
    if (!is_digit(c)) return malformed("Content-Length is not a number");
    length = length * 10 + static_cast<uint64_t>(c - '0');
  }
  head.content_length = length;
  return std::nullopt;
}

void read_connection(std::string_view value, RequestHead& head) {
  while (true) {
    size_t comma = value.find(',');
    if (iequals(trim(value.substr(0, comma)), "close")) head.keep_alive = false;
    if (comma == std::string_view::npos) return;
    value.remove_prefix(comma + 1);
  }
}

struct FramingFields {
  int hosts = 0;
};

// The fields that frame a message. `Upgrade` is not among them: it is ignored, so no connection ever changes protocol.
std::optional<GateRefusal> read_framing_field(const HeaderField& field, FramingFields& seen, RequestHead& head) {
  switch (field.name.size()) {
    case 4:
      if (!iequals(field.name, "host")) break;
      if (++seen.hosts > 1) return malformed("two Host fields");
      if (!is_host(field.value)) return malformed("Host is not valid");
      break;
    case 6:
      if (iequals(field.name, "expect") && iequals(field.value, "100-continue")) head.expects_continue = head.http_1_1;
      break;
    case 10:
      if (iequals(field.name, "connection")) read_connection(field.value, head);
      break;
    case 14:
      if (iequals(field.name, "content-length")) return read_content_length(field.value, head);
      break;
    case 17:
      if (!iequals(field.name, "transfer-encoding")) break;
      if (!head.http_1_1) return malformed("Transfer-Encoding in HTTP/1.0");
      if (head.chunked) return malformed("two Transfer-Encoding fields");
      if (!iequals(field.value, "chunked")) return malformed("Transfer-Encoding is not chunked");
      head.chunked = true;
      break;
    default:
      break;
  }
  return std::nullopt;
}

std::optional<GateRefusal> read_field(std::string_view line, HeaderField& field) {
  size_t colon = 0;
  while (colon < line.size() && kTokenTable[static_cast<uint8_t>(line[colon])]) ++colon;
  if (colon == 0 || colon == line.size() || line[colon] != ':') return malformed("field name is not a token");
  field.name = line.substr(0, colon);
  field.value = line.substr(colon + 1);
  if (!is_field_value(field.value)) return malformed("field value has a control character");
  field.value = trim(field.value);
  return std::nullopt;
}

std::optional<GateRefusal> check_fields(std::string_view lines, const GateLimits& limits, RequestHead& head) {
  FramingFields seen;
  while (!lines.empty()) {
    size_t line_feed = lines.find('\n');
    if (line_feed == 0 || line_feed == std::string_view::npos || lines[line_feed - 1] != '\r')
      return malformed("bare line feed");
    if (head.fields.size() == limits.headers_max)
      return GateRefusal{RejectionCode::headers_too_large, "too many fields"};
    HeaderField& field = head.fields.emplace_back();
    if (auto refusal = read_field(lines.substr(0, line_feed - 1), field)) return refusal;
    if (auto refusal = read_framing_field(field, seen, head)) return refusal;
    lines.remove_prefix(line_feed + 1);
  }
  if (head.http_1_1 && seen.hosts == 0) return malformed("Host is missing");
  if (head.chunked && head.content_length) return malformed("Content-Length beside Transfer-Encoding");
  return std::nullopt;
}

// A start line or the beginning of one: up to 7 capital letters, then a space.
std::optional<GateRefusal> check_start_prefix(std::string_view line, bool is_whole_line) {
  size_t letters = 0;
  while (letters < line.size() && line[letters] >= 'A' && line[letters] <= 'Z') ++letters;
  bool ends_here = letters == line.size() && !is_whole_line;
  bool is_method =
      letters > 0 && letters <= kMethodBytesMax && (ends_here || (letters < line.size() && line[letters] == ' '));
  if (!is_method) return malformed("not an HTTP request");
  return std::nullopt;
}

}  // namespace

bool is_token(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return kTokenTable[static_cast<uint8_t>(c)]; });
}

// Eight bytes at a time: one pass over every header value is a visible part of a small request's cost.
// Source of the byte tests: Bit Twiddling Hacks, "Determine if a word has a byte less than n".
bool is_field_value(std::string_view text) {
  constexpr uint64_t kOnes = 0x0101010101010101u;
  constexpr uint64_t kHighs = 0x8080808080808080u;
  while (text.size() >= 8) {
    uint64_t word;
    std::memcpy(&word, text.data(), sizeof word);
    uint64_t below_space = (word - kOnes * 0x20) & ~word & kHighs;
    uint64_t deletes = word ^ (kOnes * 0x7f);
    uint64_t is_delete = (deletes - kOnes) & ~deletes & kHighs;
    // A TAB is below a space too, and a borrow can make a neighbour look like a hit: both are rare and looked at
    // closely.
    if ((below_space | is_delete) != 0 && std::any_of(text.begin(), text.begin() + 8, is_control)) return false;
    text.remove_prefix(8);
  }
  return std::none_of(text.begin(), text.end(), is_control);
}

std::optional<GateRefusal> check_head(std::string_view block, const GateLimits& limits, RequestHead& head) {
  std::vector<HeaderField> fields = std::move(head.fields);
  fields.clear();
  head = RequestHead{};
  head.fields = std::move(fields);

  size_t line_end = block.find("\r\n");
  if (line_end > limits.start_line_bytes_max) return GateRefusal{RejectionCode::uri_too_long, "start line is too long"};
  std::string_view start_line = block.substr(0, line_end);
  if (!is_field_value(start_line)) return malformed("start line has a control character");
  if (auto refusal = check_start_line(start_line, head)) return refusal;

  std::string_view lines = block.substr(line_end + 2, block.size() - line_end - 4);
  if (lines.size() > limits.header_bytes_max)
    return GateRefusal{RejectionCode::headers_too_large, "fields are too long"};
  if (auto refusal = check_fields(lines, limits, head)) return refusal;
  if (!head.http_1_1) head.keep_alive = false;
  return std::nullopt;
}

std::optional<GateRefusal> check_partial_head(std::string_view bytes, size_t checked, const GateLimits& limits) {
  size_t line_end = bytes.find("\r\n");
  std::string_view start_line = bytes.substr(0, line_end);
  if (auto refusal = check_start_prefix(start_line, line_end != std::string_view::npos)) return refusal;
  // The last byte may be a CR whose LF is on its way, so it is looked at again with the next bytes.
  for (size_t i = checked > 0 ? checked - 1 : 0; i < bytes.size(); ++i) {
    char c = bytes[i];
    if (c == '\n' && (i == 0 || bytes[i - 1] != '\r')) return malformed("bare line feed");
    if (c == '\r' && i + 1 < bytes.size() && bytes[i + 1] != '\n') return malformed("bare carriage return");
    if (c != '\n' && c != '\r' && is_control(c)) return malformed("control character in the header block");
  }
  size_t pending_carriage_return = line_end == std::string_view::npos && bytes.ends_with('\r') ? 1 : 0;
  if (start_line.size() - pending_carriage_return > limits.start_line_bytes_max)
    return GateRefusal{RejectionCode::uri_too_long, "start line is too long"};
  // Beyond the limit by more than the empty line's CRLF, of which at most one byte can be here already.
  if (line_end != std::string_view::npos && bytes.size() - line_end - 2 > limits.header_bytes_max + 1)
    return GateRefusal{RejectionCode::headers_too_large, "fields are too long"};
  return std::nullopt;
}

}  // namespace tributary
