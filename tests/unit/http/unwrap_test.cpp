#include "connectors/http/unwrap.h"

#include <gtest/gtest.h>
#include <zstd.h>

#include <memory>

#include "connectors/http/inflate.h"
#include "connectors/http/memory_charge.h"
#include "tests/unit/http/deflated.h"

namespace tributary {
namespace {

using fixtures::deflated;
using fixtures::gzip;

constexpr int kGzip = 15 + 16;
constexpr int kZlib = 15;
constexpr int kRaw = -15;
const std::string kJson = R"({"type":"track","event":"Order Completed","userId":"u1"})";

std::string zstd(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
  return out;
}

struct Unwrapped {
  std::optional<RequestRejection> rejection;
  std::string text;
};

Unwrapped unwrap(std::string body, const std::string& encoding = "", const std::string& type = "",
                 IngestLimits limits = {}) {
  HttpRequest request;
  request.body = std::move(body);
  request.body.reserve(request.body.size() + kBodyPaddingBytes);
  if (!encoding.empty()) request.headers.emplace_back("content-encoding", encoding);
  if (!type.empty()) request.headers.emplace_back("content-type", type);
  std::string buffer;
  std::string_view text;
  Unwrapped unwrapped;
  unwrapped.rejection = unwrap_body(request, limits, buffer, text);
  if (!unwrapped.rejection) unwrapped.text = text;
  if (text.data() == buffer.data()) {
    EXPECT_GE(buffer.capacity(), text.size() + kBodyPaddingBytes);
  }
  return unwrapped;
}

std::optional<RejectionCode> code_of(const Unwrapped& unwrapped) {
  return unwrapped.rejection ? std::optional(unwrapped.rejection->code) : std::nullopt;
}

TEST(Unwrap, GzipIsKnownByItsBytesNotByItsHeader) {
  EXPECT_EQ(unwrap(gzip(kJson)).text, kJson);
  EXPECT_EQ(unwrap(gzip(kJson), "gzip", "application/x-www-form-urlencoded").text, kJson);
  EXPECT_EQ(unwrap(kJson, "gzip").text, kJson);
  EXPECT_EQ(unwrap(kJson, "x").text, kJson);
  EXPECT_EQ(unwrap(kJson, "br").text, kJson);
  EXPECT_EQ(unwrap(kJson, "deflate").text, kJson);
  EXPECT_EQ(unwrap(kJson, "zstd").text, kJson);
}

TEST(Unwrap, MembersFollowOneAnother) {
  EXPECT_EQ(unwrap(gzip(R"({"batch":)") + gzip("[]}")).text, R"({"batch":[]})");
  EXPECT_EQ(unwrap(gzip("") + gzip(kJson) + gzip("")).text, kJson);
  std::string many;
  for (int i = 0; i < 10'000; ++i) many += gzip("");
  EXPECT_EQ(unwrap(many).text, "");
  EXPECT_EQ(unwrap(gzip(std::string(100'000, 'a')) + gzip("b")).text.size(), 100'001u);
}

TEST(Unwrap, DamagedGzipIsRefused) {
  std::string good = gzip(kJson);
  EXPECT_EQ(code_of(unwrap(good.substr(0, good.size() / 2))), RejectionCode::invalid_gzip);
  EXPECT_EQ(code_of(unwrap(good.substr(0, good.size() - 1))), RejectionCode::invalid_gzip);
  EXPECT_EQ(code_of(unwrap(good + "x")), RejectionCode::invalid_gzip);
  EXPECT_EQ(code_of(unwrap(good + good.substr(0, 5))), RejectionCode::invalid_gzip);
  EXPECT_EQ(code_of(unwrap("\x1f\x8b")), RejectionCode::invalid_gzip);
  std::string wrong_checksum = good;
  wrong_checksum[wrong_checksum.size() - 8] = static_cast<char>(wrong_checksum[wrong_checksum.size() - 8] ^ 1);
  EXPECT_EQ(code_of(unwrap(wrong_checksum)), RejectionCode::invalid_gzip);
  std::string wrong_length = good;
  wrong_length[wrong_length.size() - 4] = static_cast<char>(wrong_length[wrong_length.size() - 4] ^ 1);
  EXPECT_EQ(code_of(unwrap(wrong_length)), RejectionCode::invalid_gzip);
}

TEST(Unwrap, OnlyOneLayerIsTakenOff) {
  std::string twice = gzip(gzip(kJson));
  EXPECT_EQ(unwrap(twice, "gzip, gzip").text, gzip(kJson));  // the parser refuses it
  EXPECT_EQ(unwrap("PK\x03\x04rest of a zip").text, "PK\x03\x04rest of a zip");
}

TEST(Unwrap, OtherCodecsNeedTheirHeader) {
  EXPECT_EQ(unwrap(deflated(kJson, kZlib), "deflate").text, kJson);
  EXPECT_EQ(unwrap(deflated(kJson, kRaw), "deflate").text, kJson);
  EXPECT_EQ(code_of(unwrap("rubbish", "deflate")), RejectionCode::invalid_gzip);
  EXPECT_EQ(unwrap(zstd(kJson), "ZSTD").text, kJson);
  EXPECT_EQ(unwrap(zstd(R"({"a":)") + zstd("1}"), "zstd").text, R"({"a":1})");
  EXPECT_EQ(code_of(unwrap("rubbish", "zstd")), RejectionCode::invalid_gzip);
  std::string frame = zstd(kJson);
  EXPECT_EQ(code_of(unwrap(frame.substr(0, frame.size() - 3), "zstd")), RejectionCode::invalid_gzip);
  EXPECT_EQ(code_of(unwrap(frame + "x", "zstd")), RejectionCode::invalid_gzip);
  EXPECT_EQ(unwrap(zstd(kJson)).text, zstd(kJson));
}

TEST(Unwrap, TheLimitHoldsAtTheByteForEachCodec) {
  IngestLimits limits;
  limits.decompressed_bytes_max = 100'000;
  for (size_t bytes : {size_t{99'999}, size_t{100'000}}) {
    std::string text(bytes, '[');
    EXPECT_EQ(unwrap(gzip(text), "", "", limits).text, text);
    EXPECT_EQ(unwrap(gzip("") + gzip(text), "", "", limits).text, text);
    EXPECT_EQ(unwrap(deflated(text, kZlib), "deflate", "", limits).text, text);
    EXPECT_EQ(unwrap(zstd(text), "zstd", "", limits).text, text);
  }
  std::string text(100'001, '[');
  EXPECT_EQ(code_of(unwrap(gzip(text), "", "", limits)), RejectionCode::payload_too_large);
  EXPECT_EQ(code_of(unwrap(gzip(text.substr(1)) + gzip("["), "", "", limits)), RejectionCode::payload_too_large);
  EXPECT_EQ(code_of(unwrap(deflated(text, kZlib), "deflate", "", limits)), RejectionCode::payload_too_large);
  EXPECT_EQ(code_of(unwrap(zstd(text), "zstd", "", limits)), RejectionCode::payload_too_large);
}

TEST(Unwrap, ABombStopsSoonAfterItsFirstMegabyte) {
  std::string bomb = gzip(std::string(12 << 20, '\0'));  // about 1,000 : 1, below the size limit
  EXPECT_EQ(code_of(unwrap(bomb)), RejectionCode::payload_too_large);
  std::string out;
  EXPECT_EQ(gunzip(bomb, InflateLimits{}, out), InflateResult::too_large);
  EXPECT_LE(out.capacity(), size_t{4} << 20);
  // The same with a length field that lies: the claim is not believed.
  std::string lying = bomb;
  for (size_t i = 1; i <= 4; ++i) lying[lying.size() - i] = '\0';
  EXPECT_EQ(code_of(unwrap(lying)), RejectionCode::payload_too_large);
  EXPECT_EQ(code_of(unwrap(zstd(std::string(12 << 20, '\0')), "zstd")), RejectionCode::payload_too_large);
}

TEST(Unwrap, TextIsChargedBeforeItsMemoryIsTaken) {
  BytesInFlight all(1'400'000);
  MemoryCharge other(all);
  EXPECT_TRUE(other.hold_body(1'000'000));
  MemoryCharge charge(all);
  HttpRequest request;
  request.charge = &charge;
  std::string text = "[" + std::string(600'000, ' ') + "]";
  std::string form = "data=" + std::string(600'000, '1');
  for (auto [body, encoding] :
       {std::pair(gzip(text), ""), std::pair(gzip("") + gzip(text), ""), std::pair(deflated(text, kZlib), "deflate"),
        std::pair(zstd(text), "zstd"), std::pair(form, "")}) {
    request.body = body;
    request.headers = {{"content-encoding", encoding}, {"content-type", "application/x-www-form-urlencoded"}};
    std::string buffer;
    std::string_view unwrapped;
    auto rejection = unwrap_body(request, IngestLimits{}, buffer, unwrapped);
    ASSERT_TRUE(rejection) << encoding;
    EXPECT_EQ(rejection->code, RejectionCode::overloaded);
    if (body != form) {
      EXPECT_LT(buffer.capacity(), 600'000u);
    }
    charge.clear();
    EXPECT_EQ(all.bytes, 1'000'000u);
    other.hold_body(0);
    EXPECT_FALSE(unwrap_body(request, IngestLimits{}, buffer, unwrapped)) << encoding;
    EXPECT_GE(all.bytes, 600'000u);
    charge.clear();
    EXPECT_EQ(all.bytes, 0u);
    other.hold_body(1'000'000);
  }
}

TEST(Unwrap, AHighRatioBelowAMegabyteIsFine) {
  std::string text = "[" + std::string(1'000'000, ' ') + "]";
  EXPECT_EQ(unwrap(gzip(text)).text, text);
}

TEST(Unwrap, AFormFieldIsTakenOnlyWhenTheBodyIsNoJson) {
  const std::string form = "application/x-www-form-urlencoded; charset=UTF-8";
  EXPECT_EQ(unwrap("data=%7B%22a%22%3A1%7D&x=1", "", form).text, R"({"a":1})");
  EXPECT_EQ(unwrap("x=1&json=[]", "", form).text, "[]");
  EXPECT_EQ(unwrap(gzip("data=%5B%5D"), "gzip", form).text, "[]");
  EXPECT_EQ(unwrap("\xef\xbb\xbf \r\n" + kJson, "", form).text, "\xef\xbb\xbf \r\n" + kJson);
  EXPECT_EQ(unwrap("data=%5B%5D", "", "text/plain").text, "data=%5B%5D");
  EXPECT_EQ(unwrap("other=1", "", form).text, "other=1");
}

}  // namespace
}  // namespace tributary
