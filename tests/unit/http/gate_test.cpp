#include "connectors/http/gate.h"

#include <gtest/gtest.h>

#include <string>

namespace tributary {
namespace {

using Code = RejectionCode;

/// Nothing when the block passes.
std::optional<Code> judge(const std::string& block, RequestHead* head = nullptr) {
  RequestHead local;
  auto refusal = check_head(block, GateLimits{}, head != nullptr ? *head : local);
  return refusal ? std::optional(refusal->code) : std::nullopt;
}

std::string with_fields(const std::string& fields, const std::string& start = "POST /v1/batch HTTP/1.1") {
  return start + "\r\nHost: cdp.example.com\r\n" + fields + "\r\n";
}

TEST(Gate, ReadsAnOrdinaryRequest) {
  std::string block = with_fields("content-length: 12\r\nX-Odd:  a\tb \r\nEmpty:\r\nConnection: keep-alive\r\n");
  RequestHead head;
  ASSERT_EQ(judge(block, &head), std::nullopt);
  EXPECT_EQ(head.method, "POST");
  EXPECT_EQ(head.target, "/v1/batch");
  EXPECT_EQ(head.content_length, 12u);
  EXPECT_TRUE(head.http_1_1 && head.keep_alive && !head.chunked && !head.expects_continue);
  ASSERT_EQ(head.fields.size(), 5u);
  EXPECT_EQ(head.fields[2].name, "X-Odd");
  EXPECT_EQ(head.fields[2].value, "a\tb");
  EXPECT_EQ(head.fields[3].value, "");
}

TEST(Gate, KeepsNothingOfTheRequestBefore) {
  RequestHead head;
  ASSERT_EQ(judge(with_fields("Transfer-Encoding: chunked\r\nConnection: close\r\nExpect: 100-continue\r\n"), &head),
            std::nullopt);
  EXPECT_TRUE(head.chunked && head.expects_continue && !head.keep_alive);
  ASSERT_EQ(judge("GET / HTTP/1.1\r\nHost: a\r\n\r\n", &head), std::nullopt);
  EXPECT_TRUE(!head.chunked && !head.expects_continue && head.keep_alive && !head.content_length);
  EXPECT_EQ(head.fields.size(), 1u);
}

TEST(Gate, ConnectionOptionsAreAList) {
  RequestHead head;
  ASSERT_EQ(judge(with_fields("Connection: foo , Close\r\n"), &head), std::nullopt);
  EXPECT_FALSE(head.keep_alive);
  ASSERT_EQ(judge("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", &head), std::nullopt);
  EXPECT_FALSE(head.keep_alive);
}

TEST(Gate, UpgradeIsNotHonoured) {
  RequestHead head;
  ASSERT_EQ(
      judge(with_fields("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"), &head),
      std::nullopt);
  EXPECT_TRUE(head.keep_alive);
}

struct Row {
  const char* name;
  std::string block;
  std::optional<Code> expected;
};

class GateTable : public testing::TestWithParam<Row> {};

TEST_P(GateTable, Decides) { EXPECT_EQ(judge(GetParam().block), GetParam().expected); }

auto row_name = [](const testing::TestParamInfo<Row>& info) { return std::string(info.param.name); };
const auto kMalformed = Code::malformed_request;
using std::string_literals::operator""s;

INSTANTIATE_TEST_SUITE_P(StartLine, GateTable,
                         testing::Values(Row{"Plain", "GET / HTTP/1.1\r\nHost: a\r\n\r\n", std::nullopt},
                                         Row{"Http10WithoutHost", "GET / HTTP/1.0\r\n\r\n", std::nullopt},
                                         Row{"Star", "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", std::nullopt},
                                         Row{"StarGet", "GET * HTTP/1.1\r\nHost: a\r\n\r\n", kMalformed},
                                         Row{"AbsoluteForm", "GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", kMalformed},
                                         Row{"TwoSpaces", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n", kMalformed},
                                         Row{"SpaceInTarget", "GET /a b HTTP/1.1\r\nHost: a\r\n\r\n", kMalformed},
                                         Row{"TabInTarget", "GET /a\tb HTTP/1.1\r\nHost: a\r\n\r\n", kMalformed},
                                         Row{"Fragment", "GET /a#b HTTP/1.1\r\nHost: a\r\n\r\n", kMalformed},
                                         Row{"NoTarget", "GET HTTP/1.1\r\nHost: a\r\n\r\n", kMalformed},
                                         Row{"NoVersion", "GET /\r\nHost: a\r\n\r\n", kMalformed},
                                         Row{"LowerCaseMethod", "get / HTTP/1.1\r\nHost: a\r\n\r\n", kMalformed},
                                         Row{"UnknownMethod", "BREW / HTTP/1.1\r\nHost: a\r\n\r\n", kMalformed},
                                         Row{"Trace", "TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", std::nullopt},
                                         Row{"Connect", "CONNECT a:443 HTTP/1.1\r\nHost: a\r\n\r\n",
                                             Code::method_not_allowed},
                                         Row{"Http12", "GET / HTTP/1.2\r\nHost: a\r\n\r\n", kMalformed},
                                         Row{"Http99", "GET / HTTP/9.9\r\nHost: a\r\n\r\n", kMalformed},
                                         Row{"Http2Preface", "PRI * HTTP/2.0\r\n\r\n", kMalformed},
                                         Row{"LowerCaseVersion", "GET / http/1.1\r\nHost: a\r\n\r\n", kMalformed},
                                         Row{"LeadingEmptyLine", "\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", kMalformed},
                                         Row{"BareCarriageReturn", "GET /\rx HTTP/1.1\r\nHost: a\r\n\r\n", kMalformed},
                                         Row{"BareLineFeed", "GET / HTTP/1.1\nHost: a\r\n\r\n", kMalformed}),
                         row_name);

INSTANTIATE_TEST_SUITE_P(
    Framing, GateTable,
    testing::Values(
        Row{"LengthThenCoding", with_fields("Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"), kMalformed},
        Row{"CodingThenLength", with_fields("Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"), kMalformed},
        Row{"GzipCodingAndLength", with_fields("Transfer-Encoding: gzip\r\nContent-Length: 5\r\n"), kMalformed},
        Row{"LengthAndGzipCoding", with_fields("Content-Length: 5\r\nTransfer-Encoding: gzip\r\n"), kMalformed},
        Row{"Chunked", with_fields("Transfer-Encoding: Chunked\r\n"), std::nullopt},
        Row{"Xchunked", with_fields("Transfer-Encoding: xchunked\r\n"), kMalformed},
        Row{"ChunkedIdentity", with_fields("Transfer-Encoding: chunked, identity\r\n"), kMalformed},
        Row{"ChunkedTwiceInOne", with_fields("Transfer-Encoding: chunked, chunked\r\n"), kMalformed},
        Row{"ChunkedTwice", with_fields("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"), kMalformed},
        Row{"ChunkedIn10", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n", kMalformed},
        Row{"LengthList", with_fields("Content-Length: 5, 5\r\n"), kMalformed},
        Row{"LengthTwiceEqual", with_fields("Content-Length: 5\r\nContent-Length: 5\r\n"), kMalformed},
        Row{"LengthTwiceDifferent", with_fields("Content-Length: 5\r\nContent-Length: 6\r\n"), kMalformed},
        Row{"LengthPlus", with_fields("Content-Length: +5\r\n"), kMalformed},
        Row{"LengthMinus", with_fields("Content-Length: -5\r\n"), kMalformed},
        Row{"LengthHex", with_fields("Content-Length: 0x5\r\n"), kMalformed},
        Row{"LengthSpace", with_fields("Content-Length: 5 5\r\n"), kMalformed},
        Row{"LengthEmpty", with_fields("Content-Length:\r\n"), kMalformed},
        Row{"Length18Digits", with_fields("Content-Length: 999999999999999999\r\n"), std::nullopt},
        Row{"Length20Digits", with_fields("Content-Length: 00000000000000000005\r\n"), kMalformed}),
    row_name);

INSTANTIATE_TEST_SUITE_P(Host, GateTable,
                         testing::Values(Row{"Missing", "GET / HTTP/1.1\r\n\r\n", kMalformed},
                                         Row{"Two", with_fields("Host: b\r\n"), kMalformed},
                                         Row{"TwoIn10", "GET / HTTP/1.0\r\nHost: a\r\nHost: a\r\n\r\n", kMalformed},
                                         Row{"Empty", "GET / HTTP/1.1\r\nHost:\r\n\r\n", kMalformed},
                                         Row{"Space", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", kMalformed},
                                         Row{"Slash", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", kMalformed},
                                         Row{"At", "GET / HTTP/1.1\r\nHost: a@b\r\n\r\n", kMalformed},
                                         Row{"Port", "GET / HTTP/1.1\r\nHost: a:8080\r\n\r\n", std::nullopt},
                                         Row{"PortOnly", "GET / HTTP/1.1\r\nHost: :8080\r\n\r\n", kMalformed},
                                         Row{"PortLetters", "GET / HTTP/1.1\r\nHost: a:80x\r\n\r\n", kMalformed},
                                         Row{"SixDigitPort", "GET / HTTP/1.1\r\nHost: a:100000\r\n\r\n", kMalformed},
                                         Row{"Ipv6", "GET / HTTP/1.1\r\nHost: [::1]:80\r\n\r\n", std::nullopt},
                                         Row{"Ipv6Open", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", kMalformed}),
                         row_name);

INSTANTIATE_TEST_SUITE_P(
    Fields, GateTable,
    testing::Values(Row{"Folded", with_fields("A: b\r\n c\r\n"), kMalformed},
                    Row{"FoldedByTab", with_fields("A: b\r\n\tc\r\n"), kMalformed},
                    Row{"SpaceBeforeColon", with_fields("A : b\r\n"), kMalformed},
                    Row{"SpaceBeforeLength", with_fields("Content-Length : 5\r\n"), kMalformed},
                    Row{"EmptyName", with_fields(": b\r\n"), kMalformed},
                    Row{"NoColon", with_fields("abc\r\n"), kMalformed},
                    Row{"Nul", with_fields("A: b\0c\r\n"s), kMalformed},
                    Row{"CarriageReturn", with_fields("A: b\rc\r\n"), kMalformed},
                    Row{"BareLineFeed", with_fields("A: b\nB: c\r\n"), kMalformed},
                    Row{"Delete", with_fields("A: 0123456789\x7f\r\n"), kMalformed},
                    Row{"EscapeInALongValue", with_fields("A: 0123456789abcdef0123456789\x1b[0m\r\n"), kMalformed},
                    Row{"TabInALongValue", with_fields("A: 0123456789\tabcdef0123456789\r\n"), std::nullopt},
                    Row{"Utf8", with_fields("A: caf\xc3\xa9 \xe4\xbd\xa0\xe5\xa5\xbd\r\n"), std::nullopt}),
    row_name);

std::string request_with_start_line_of(size_t bytes) {
  std::string fixed = "GET / HTTP/1.1";
  return "GET /" + std::string(bytes - fixed.size(), 'a') + " HTTP/1.1\r\nHost: a\r\n\r\n";
}

std::string request_with_header_bytes(size_t bytes) {
  std::string host = "Host: a\r\n";
  return "GET / HTTP/1.1\r\n" + host + "A: " + std::string(bytes - host.size() - 5, 'a') + "\r\n\r\n";
}

std::string request_with_headers(size_t count) {
  std::string block = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (size_t i = 1; i < count; ++i) block += "A: b\r\n";
  return block + "\r\n";
}

TEST(Gate, LimitsHoldAtTheByte) {
  EXPECT_EQ(judge(request_with_start_line_of(8191)), std::nullopt);
  EXPECT_EQ(judge(request_with_start_line_of(8192)), std::nullopt);
  EXPECT_EQ(judge(request_with_start_line_of(8193)), Code::uri_too_long);
  EXPECT_EQ(judge(request_with_header_bytes(32767)), std::nullopt);
  EXPECT_EQ(judge(request_with_header_bytes(32768)), std::nullopt);
  EXPECT_EQ(judge(request_with_header_bytes(32769)), Code::headers_too_large);
  EXPECT_EQ(judge(request_with_headers(99)), std::nullopt);
  EXPECT_EQ(judge(request_with_headers(100)), std::nullopt);
  EXPECT_EQ(judge(request_with_headers(101)), Code::headers_too_large);
  EXPECT_EQ(judge(request_with_headers(10'000)), Code::headers_too_large);
}

/// Feeds the block byte by byte, as a slow client would; returns the first refusal before the block is complete.
std::optional<Code> judge_prefixes(const std::string& block, size_t step = 1) {
  size_t checked = 0;
  for (size_t size = step; size < block.size(); size += step) {
    std::string_view bytes(block.data(), size);
    if (auto refusal = check_partial_head(bytes, checked, GateLimits{})) return refusal->code;
    checked = size;
  }
  return std::nullopt;
}

TEST(PartialHead, NeverRefusesWhatWouldPass) {
  for (const std::string& block :
       {with_fields("content-length: 12\r\nX-Odd:  a\tb \r\nEmpty:\r\n"), request_with_start_line_of(8192),
        request_with_header_bytes(32768), request_with_headers(100), "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n"s}) {
    for (size_t step : {size_t{1}, size_t{7}, size_t{4096}}) EXPECT_EQ(judge_prefixes(block, step), std::nullopt);
  }
}

TEST(PartialHead, BytesThatCannotBecomeARequestAreRefusedAtOnce) {
  auto refused = [](std::string_view bytes) {
    auto refusal = check_partial_head(bytes, 0, GateLimits{});
    return refusal ? std::optional(refusal->code) : std::nullopt;
  };
  EXPECT_EQ(refused("\x16\x03\x01\x02"), kMalformed);  // TLS ClientHello
  EXPECT_EQ(refused("SSH-2.0-x"), kMalformed);
  EXPECT_EQ(refused("get "), kMalformed);
  EXPECT_EQ(refused("POSTPOSTPOST"), kMalformed);
  EXPECT_EQ(refused("\r\ntt"), kMalformed);
  EXPECT_EQ(refused("GET\r\nHost"), kMalformed);
  EXPECT_EQ(refused("GET / HTTP/1.1\nHost: a\n\n"), kMalformed);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: a\rb"), kMalformed);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: a\x01"), kMalformed);
  EXPECT_EQ(refused("GET / HTTP/1.1\r\nHost: a\r"), std::nullopt);
  EXPECT_EQ(refused("P"), std::nullopt);
}

TEST(PartialHead, EndlessLinesAreRefusedAtTheirLimit) {
  EXPECT_EQ(judge_prefixes(request_with_start_line_of(9 << 10), 512), Code::uri_too_long);
  EXPECT_EQ(judge_prefixes(request_with_header_bytes(34 << 10), 512), Code::headers_too_large);
}

}  // namespace
}  // namespace tributary
