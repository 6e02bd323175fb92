#include "connectors/webhook/twilio.h"

#include <algorithm>

#include "connectors/http/request_target.h"
#include "connectors/webhook/digests.h"
#include "engine/base/keyed_hash.h"

namespace tributary {
namespace {

/// Source: WHATWG URL, the path and the query percent-encode sets.
std::string url_standard_encoded(std::string_view target) {
  std::string out;
  bool query = false;
  for (char c : target) {
    query = query || c == '?';
    std::string_view escaped = query ? " \"#<>'" : " \"#<>^`{}";
    bool plain = c > 0x20 && c < 0x7f && escaped.find(c) == escaped.npos;
    if (plain) {
      out += c;
    } else {
      append_percent_escape(out, c);
    }
  }
  return out;
}

std::string query_reencoded(const std::string& url) {
  size_t question = url.find('?');
  if (question == url.npos) return url;
  std::string out = url.substr(0, question);
  char before = '?';
  for (const auto& [name, value] : decoded_form(std::string_view(url).substr(question + 1))) {
    out += before + encoded_component(name) + "=" + encoded_component(value);
    before = '&';
  }
  return out;
}

/// `https://host:port` and the rest of an address.
struct SplitUrl {
  std::string scheme, host, port, target;
};

SplitUrl split_url(const std::string& url) {
  SplitUrl parts;
  size_t authority = url.find("://");
  authority = authority == url.npos ? 0 : authority + 3;
  size_t target = std::min(url.find('/', authority), url.size());
  parts.scheme = url.substr(0, authority);
  parts.host = url.substr(authority, target - authority);
  parts.target = url.substr(target);
  size_t colon = parts.host.rfind(':');
  if (colon != std::string::npos && parts.host.find(']', colon) == std::string::npos) {
    parts.port = parts.host.substr(colon);
    parts.host.resize(colon);
  }
  return parts;
}

std::string covered_form(const HttpRequest& request) {
  return request.has_parameter(kTwilioBodyHash) ? std::string() : sorted_form(request.body);
}

bool is_body_hash(std::string_view hex, std::string_view body) {
  auto hash = hex_bytes(hex);
  return hash && equal_in_constant_time(*hash, plain_digest(HashKind::sha256, body));
}

bool is_twilio_signature(std::string_view signature, std::string_view token, const std::vector<std::string>& urls,
                         const std::string& form) {
  return std::any_of(urls.begin(), urls.end(), [&](const std::string& url) {
    return equal_in_constant_time(signature, hmac_digest(HashKind::sha1, token, url + form));
  });
}

}  // namespace

Verification verify_twilio(const HttpRequest& request, const WebhookSettings& settings) {
  Verification verification;
  verification.fault = SignatureFault::missing;
  if (request.header(kTwilioHeader).empty()) return verification;
  verification.fault = SignatureFault::malformed;
  auto signature = canonical_base64_bytes(request.header(kTwilioHeader));
  if (!signature || signature->empty()) return verification;
  verification.fault = SignatureFault::mismatch;
  if (request.has_parameter(kTwilioBodyHash) && !is_body_hash(request.parameter(kTwilioBodyHash), request.body)) {
    return verification;
  }
  auto urls = twilio_urls(called_url(request, settings));
  std::string form = covered_form(request);
  for (size_t i = 0; i < settings.secrets.size() && verification.fault; ++i) {
    if (settings.secrets[i].empty() || !is_twilio_signature(*signature, settings.secrets[i], urls, form)) continue;
    verification.fault.reset();
    verification.secret = i;
  }
  return verification;
}

std::string twilio_signature(const HttpRequest& request, const WebhookSettings& settings, const std::string& token) {
  return base64(hmac_digest(HashKind::sha1, token, called_url(request, settings) + covered_form(request)));
}

std::vector<std::string> twilio_urls(const std::string& url) {
  SplitUrl parts = split_url(url);
  std::string default_port = parts.scheme == "https://" ? ":443" : ":80";
  std::string without = parts.scheme + parts.host;
  std::string with = without + (parts.port.empty() ? default_port : parts.port);
  std::string encoded = url_standard_encoded(parts.target);
  std::string reencoded = query_reencoded(parts.target);
  std::vector<std::string> urls;
  for (const std::string& target : {parts.target, encoded, reencoded}) {
    for (const std::string& origin : {without, with}) {
      if (std::find(urls.begin(), urls.end(), origin + target) == urls.end()) urls.push_back(origin + target);
    }
  }
  return urls;
}

}  // namespace tributary
