#include "connectors/sdk/form_body.h"

#include <algorithm>
#include <boost/algorithm/string/predicate.hpp>

#include "engine/engine.h"

namespace tributary {
namespace {

bool begins_like_json(std::string_view body) {
  constexpr std::string_view kByteOrderMark = "\xef\xbb\xbf";
  if (body.starts_with(kByteOrderMark)) body.remove_prefix(kByteOrderMark.size());
  size_t first = body.find_first_not_of(" \t\r\n");
  return first != body.npos && (body[first] == '{' || body[first] == '[');
}

int hex_digit(char byte) {
  if (byte >= '0' && byte <= '9') return byte - '0';
  if (byte >= 'a' && byte <= 'f') return byte - 'a' + 10;
  if (byte >= 'A' && byte <= 'F') return byte - 'A' + 10;
  return -1;
}

std::string decoded(std::string_view text) {
  std::string out;
  out.reserve(text.size() + kBodyPaddingBytes);
  for (size_t i = 0; i < text.size(); ++i) {
    int high = i + 2 < text.size() && text[i] == '%' ? hex_digit(text[i + 1]) : -1;
    int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low >= 0) {
      out += static_cast<char>(high * 16 + low);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  return out;
}

}  // namespace

std::optional<std::string> form_json(const HttpRequest& request, std::string_view body) {
  if (!boost::algorithm::istarts_with(request.header("content-type"), "application/x-www-form-urlencoded")) {
    return std::nullopt;
  }
  if (begins_like_json(body)) return std::nullopt;
  while (!body.empty()) {
    std::string_view field = body.substr(0, body.find('&'));
    body.remove_prefix(std::min(body.size(), field.size() + 1));
    std::string_view name = field.substr(0, field.find('='));
    if (name.size() < field.size() && (name == "data" || name == "json")) return decoded(field.substr(name.size() + 1));
  }
  return std::nullopt;
}

}  // namespace tributary
