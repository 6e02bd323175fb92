#include "connectors/http/request_target.h"

#include <algorithm>
#include <cstdint>
#include <vector>

#include "engine/base/ascii.h"
#include "engine/base/utf8.h"

namespace tributary {
namespace {

// The byte of an escape at `at`, or -1 when there is none.
int escaped_byte(std::string_view text, size_t at) {
  if (at + 2 >= text.size()) return -1;
  int high = hex_value(text[at + 1]);
  int low = hex_value(text[at + 2]);
  return high < 0 || low < 0 ? -1 : high * 16 + low;
}

bool decode_segment(std::string_view text, std::string& out) {
  if (text.find('%') == std::string_view::npos) {
    out.assign(text);
  } else {
    out.clear();
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i] != '%') {
        out += text[i];
        continue;
      }
      int byte = escaped_byte(text, i);
      if (byte <= 0) return false;  // bad escape, or %00
      out += static_cast<char>(byte);
      i += 2;
    }
  }
  return can_be_segment(out) && is_utf8(out);
}

// Reuses the strings of the request before: a keep-alive connection asks for the same path again and again.
template <class Item>
Item& item_at(std::vector<Item>& items, size_t index) {
  return index < items.size() ? items[index] : items.emplace_back();
}

std::optional<RejectionCode> parse_path(std::string_view path, std::vector<std::string>& segments) {
  size_t count = 0;
  while (!path.empty()) {
    size_t slash = path.find('/');
    std::string_view segment = path.substr(0, slash);
    path.remove_prefix(slash == std::string_view::npos ? path.size() : slash + 1);
    if (segment.empty()) continue;
    if (count == kPathSegmentsMax) return RejectionCode::not_found;
    if (!decode_segment(segment, item_at(segments, count++))) return RejectionCode::malformed_request;
  }
  segments.resize(count);
  return std::nullopt;
}

}  // namespace

bool can_be_segment(std::string_view text) {
  return !text.empty() && text != "." && text != ".." && text.find('\0') == text.npos;
}

std::optional<RejectionCode> parse_target(std::string_view target, HttpRequest& request) {
  size_t question = target.find('?');
  std::string_view path = target.substr(0, question);
  if (auto refusal = parse_path(path == "*" ? std::string_view{} : path, request.path)) return refusal;
  size_t count = 0;
  if (question != std::string_view::npos) {
    for_each_form_field(target.substr(question + 1), [&](std::string_view name, std::string_view value) {
      auto& parameter = item_at(request.query, count++);
      decode_form_value(name, parameter.first);
      decode_form_value(value, parameter.second);
    });
  }
  request.query.resize(count);
  return std::nullopt;
}

void decode_form_value(std::string_view text, std::string& out) {
  out.clear();
  for (size_t i = 0; i < text.size(); ++i) {
    int byte = text[i] == '%' ? escaped_byte(text, i) : -1;
    if (byte >= 0) {
      out += static_cast<char>(byte);
      i += 2;
    } else {
      out += text[i] == '+' ? ' ' : text[i];
    }
  }
  if (!is_utf8(out)) out = valid_utf8(out);
}

std::string encoded_component(std::string_view text) {
  constexpr std::string_view kUnreserved = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.!~*'()";
  std::string out;
  for (char c : text) {
    if (kUnreserved.find(c) != kUnreserved.npos) {
      out += c;
    } else {
      append_percent_escape(out, c);
    }
  }
  return out;
}

void append_percent_escape(std::string& out, char c) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  auto byte = static_cast<uint8_t>(c);
  out += '%';
  out += kDigits[byte >> 4];
  out += kDigits[byte & 15];
}

std::optional<std::string> form_field(std::string_view form, std::string_view name) {
  std::optional<std::string> found;
  std::string decoded_name;
  for_each_form_field(form, [&](std::string_view field_name, std::string_view value) {
    if (found) return;
    decode_form_value(field_name, decoded_name);
    if (decoded_name == name) decode_form_value(value, found.emplace());
  });
  return found;
}

}  // namespace tributary
