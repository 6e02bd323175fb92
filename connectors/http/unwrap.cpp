#include "connectors/http/unwrap.h"

#include <ostream>  // which Boost 1.81's string_view does not include itself

#include <boost/beast/core/string.hpp>

#include "connectors/http/inflate.h"
#include "connectors/http/memory_charge.h"
#include "connectors/http/request_target.h"
#include "engine/base/utf8.h"

namespace tributary {
namespace {

using boost::beast::iequals;

constexpr std::string_view kGzipMagic = "\x1f\x8b";
constexpr std::string_view kZstdMagic = "\x28\xb5\x2f\xfd";
constexpr std::string_view kFormType = "application/x-www-form-urlencoded";

bool looks_like_json(std::string_view body) {
  if (body.starts_with(kByteOrderMark)) body.remove_prefix(kByteOrderMark.size());
  size_t first = body.find_first_not_of(" \t\r\n");
  return first != std::string_view::npos && (body[first] == '{' || body[first] == '[');
}

struct Decompressed {
  bool recognised = false;
  InflateResult result = InflateResult::ok;
  std::string_view codec;
};

Decompressed decompress(const HttpRequest& request, std::string_view body, const InflateLimits& limits,
                        std::string& buffer) {
  if (body.starts_with(kGzipMagic)) return {true, gunzip(body, limits, buffer), "gzip"};
  std::string_view encoding = request.header("content-encoding");
  if (iequals(encoding, "zstd") && (body.starts_with(kZstdMagic) || !looks_like_json(body))) {
    return {true, inflate_zstd(body, limits, buffer), "zstd"};
  }
  if (iequals(encoding, "deflate")) {
    InflateResult result = inflate_deflate(body, limits, buffer);
    if (result == InflateResult::damaged && looks_like_json(body)) return {};
    return {true, result, "deflate"};
  }
  return {};
}

bool is_form(const HttpRequest& request) {
  std::string_view type = request.header("content-type");
  return iequals(type.substr(0, kFormType.size()), kFormType);
}

std::optional<std::string> json_field(std::string_view form) {
  std::optional<std::string> value = form_field(form, "data");
  if (!value) value = form_field(form, "json");
  return value;
}

}  // namespace

std::optional<RequestRejection> unwrap_body(const HttpRequest& request, const IngestLimits& limits, std::string& buffer,
                                            std::string_view& body) {
  body = request.body;
  InflateLimits inflate_limits;
  inflate_limits.output_bytes_max = limits.decompressed_bytes_max;
  inflate_limits.charge = request.charge;
  Decompressed decompressed = decompress(request, body, inflate_limits, buffer);
  if (decompressed.result == InflateResult::too_large) return RequestRejection{RejectionCode::payload_too_large, {}};
  if (decompressed.result == InflateResult::overloaded) return RequestRejection{RejectionCode::overloaded, {}};
  if (decompressed.result == InflateResult::damaged) {
    return RequestRejection{RejectionCode::invalid_gzip, "invalid " + std::string(decompressed.codec)};
  }
  if (decompressed.recognised) body = buffer;
  if (looks_like_json(body) || !is_form(request)) return std::nullopt;
  if (std::optional<std::string> value = json_field(body)) {
    buffer = std::move(*value);
    buffer.reserve(buffer.size() + kBodyPaddingBytes);
    if (request.charge != nullptr && !request.charge->hold_text(buffer.capacity()))
      return RequestRejection{RejectionCode::overloaded, {}};
    body = buffer;
  }
  return std::nullopt;
}

}  // namespace tributary
