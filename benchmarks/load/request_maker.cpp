#include "benchmarks/load/request_maker.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>

#include <chrono>

#include "engine/base/json_out.h"
#include "engine/base/keyed_hash.h"
#include "engine/base/time.h"

namespace tributary::load {
namespace {

// Places to patch, each of its final width.
constexpr std::string_view kMessage = "MMMMMMMMMMMMMMMMMMMMMMMMMMMMMMMM";  // 20 digits run, 12 digits number
constexpr std::string_view kUser = "UUUUUUUUUU";
constexpr std::string_view kDevice = "DDDDDDDDDDDDDDDDDDDD";
constexpr std::string_view kTime = "TTTTTTTTTTTTTTTTTTTTTTTT";  // 2026-11-21T23:42:42.405Z
constexpr std::string_view kOrder = "RRRRRRRRRRRR";
constexpr std::string_view kSession = "SSSSSSSSSSSSSSSS";
constexpr std::string_view kSku = "KKKK";
constexpr std::string_view kPrice = "PP.PP";
constexpr std::string_view kSignature = "ssssssssssssssssssssssssssssssssssssssss";  // HMAC-SHA1 in hex

std::string text(std::string_view view) { return std::string(view); }

}  // namespace

RequestMaker::RequestMaker(const Workload& workload, Population& population)
    : workload_(workload), population_(population) {
  if (!workload.get.empty()) {
    make_gets();
    return;
  }
  std::string body, target = "/v1/profiles/lookup";
  std::string authorization = "Bearer " + workload.api_key;
  if (workload.lookup) {
    body = R"({"kind":"user_id","value":"u-)" + text(kUser) + "\"}";
  } else {
    events_ = workload.batch;
    event_bytes_ = event_json().size();
    target = workload.batch == 1 ? "/v1/track" : "/v1/batch";
    authorization = "Basic " + base64(workload.write_key + ":");
    for (size_t i = 0; i < workload.batch; ++i) body += (i == 0 ? "" : ",") + event_json();
    if (workload.batch > 1) body = R"({"batch":[)" + body + "]}";
  }
  std::string proof = "Authorization: " + authorization;
  if (!workload.webhook.empty()) {
    target = "/v1/webhooks/" + workload.webhook;
    proof = "X-Signature: " + text(kSignature);
  }
  bytes_ = "POST " + target + " HTTP/1.1\r\nHost: " + workload.host + "\r\n" + proof +
           "\r\nContent-Type: application/json\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n";
  signature_ = workload.webhook.empty() ? 0 : bytes_.find(kSignature);
  body_ = bytes_.size();
  bytes_ += body;
  find_places(body_);
}

void RequestMaker::make_gets() {
  for (const std::string& path : workload_.get) {
    gets_.push_back("GET " + path + " HTTP/1.1\r\nHost: " + workload_.host + "\r\nAuthorization: Bearer " +
                    workload_.api_key + "\r\n\r\n");
  }
}

/// An order as a browser's SDK sends it, about 600 bytes. What differs between real events differs here: ids, time,
/// product, price, session. Padding to a larger size compresses away, so sizes on disk are measured without it.
std::string RequestMaker::event_json() const {
  std::string name;
  append_json_string(name, workload_.event_name);
  std::string json =
      R"({"type":"track","event":)" + name + R"(,"messageId":"load-)" + text(kMessage) + R"(","userId":"u-)" +
      text(kUser) + R"(","anonymousId":"d-)" + text(kDevice) + R"(","timestamp":")" + text(kTime) +
      R"(","context":{"library":{"name":"analytics.js","version":"next-1.84.3"},"locale":"en-GB",)" +
      R"("userAgent":"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36","page":{"path":"/checkout",)" +
      R"("url":"https://shop.example/checkout?session=)" + text(kSession) + R"("}},"properties":{"order_id":")" +
      text(kOrder) + R"(","total":1)" + text(kPrice) + R"(,"currency":"EUR","products":[{"sku":"G-)" + text(kSku) +
      R"(","name":"Monopoly","price":1)" + text(kPrice) + R"(,"quantity":1}]}})";
  if (json.size() < workload_.event_bytes) {
    json.insert(json.find("/checkout?") + 1, std::string(workload_.event_bytes - json.size(), 'q'));
  }
  return json;
}

void RequestMaker::find_places(size_t body_begin) {
  size_t count = workload_.lookup ? 1 : events_;
  size_t at = body_begin;
  auto find = [&](std::string_view mark) {
    size_t found = bytes_.find(mark, at);
    return found == std::string::npos ? 0 : found;
  };
  for (size_t i = 0; i < count; ++i) {
    EventPlaces places{find(kMessage), find(kUser),    find(kDevice),
                       find(kTime),    find(kSession), find(kOrder),
                       find(kSku),     find(kPrice),   0};
    at = places.sku;
    places.price = workload_.lookup ? 0 : find(kPrice);
    at = workload_.lookup ? body_begin : places.price + 1;
    places_.push_back(places);
  }
}

std::string_view RequestMaker::next() {
  if (!gets_.empty()) return gets_[population_.next_path()];
  if (!workload_.lookup) refresh_time();
  for (const EventPlaces& places : places_) patch(places);
  if (signature_ != 0) sign();
  return bytes_;
}

void RequestMaker::sign() {
  constexpr std::string_view kHex = "0123456789abcdef";
  unsigned char digest[EVP_MAX_MD_SIZE];
  unsigned int size = 0;
  HMAC(EVP_sha1(), workload_.webhook_secret.data(), static_cast<int>(workload_.webhook_secret.size()),
       reinterpret_cast<const unsigned char*>(bytes_.data()) + body_, bytes_.size() - body_, digest, &size);
  for (size_t i = 0; i < size; ++i) {
    bytes_[signature_ + 2 * i] = kHex[digest[i] >> 4];
    bytes_[signature_ + 2 * i + 1] = kHex[digest[i] & 15];
  }
}

void RequestMaker::patch(const EventPlaces& places) {
  uint64_t customer = population_.next_customer();
  write_digits(places.user, kUser.size(), customer);
  if (workload_.lookup) return;
  uint64_t message = population_.next_message();
  write_digits(places.message, 20, population_.run_id());
  write_digits(places.message + 20, 12, message);
  write_digits(places.order, kOrder.size(), message);
  // A customer's own device, or one that no event had before: 1 + run + number never meets 0 + customer.
  bool fresh = population_.next_is_new_device();
  write_digits(places.device, 1, fresh ? 1 : 0);
  write_digits(places.device + 1, 9, fresh ? population_.run_id() : 0);
  write_digits(places.device + 10, 10, fresh ? message : customer);
  bytes_.replace(places.time, kTime.size(), time_);
  uint64_t noise = population_.next_noise();
  write_digits(places.session, kSession.size(), noise);
  write_digits(places.sku, kSku.size(), noise >> 7);
  for (size_t price : {places.total, places.price}) {
    write_digits(price, 2, noise >> 20);
    write_digits(price + 3, 2, noise >> 27);
  }
}

void RequestMaker::write_digits(size_t at, size_t width, uint64_t number) {
  for (size_t i = width; i > 0; --i) {
    bytes_[at + i - 1] = static_cast<char>('0' + number % 10);
    number /= 10;
  }
}

void RequestMaker::refresh_time() {
  int64_t millis = system_clock().now().micros / 1000;
  if (millis == time_millis_) return;
  time_millis_ = millis;
  time_ = format_iso8601(Timestamp{millis * 1000});
}

}  // namespace tributary::load
