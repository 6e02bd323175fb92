#include "connectors/http/chunked_decoder.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

using Status = ChunkedDecoder::Status;

struct Decoded {
  Status status;
  std::string body;
  size_t consumed;
};

Decoded decode(const std::string& bytes, size_t step, const ChunkedLimits& limits = {}) {
  ChunkedDecoder decoder(limits);
  Decoded decoded{Status::need_bytes, {}, 0};
  for (size_t at = 0; at < bytes.size() && decoder.status() == Status::need_bytes; at += step) {
    decoded.consumed += decoder.decode(std::string_view(bytes).substr(at, step), decoded.body);
  }
  decoded.status = decoder.status();
  return decoded;
}

/// The same answer however the bytes are cut.
Status status_of(const std::string& bytes, const ChunkedLimits& limits = {}) {
  Status whole = decode(bytes, bytes.size() + 1, limits).status;
  EXPECT_EQ(decode(bytes, 1, limits).status, whole) << bytes;
  EXPECT_EQ(decode(bytes, 3, limits).status, whole) << bytes;
  return whole;
}

TEST(ChunkedDecoder, JoinsChunksAndStopsBehindTheLast) {
  std::string bytes = "5\r\nhello\r\n6;a=b\r\n world\r\n0\r\nX-Checksum: 1\r\n\r\nGET / HTTP/1.1";
  for (size_t step : {size_t{1}, size_t{2}, size_t{100}}) {
    Decoded decoded = decode(bytes, step);
    EXPECT_EQ(decoded.status, Status::done);
    EXPECT_EQ(decoded.body, "hello world");
    EXPECT_EQ(bytes.substr(decoded.consumed), "GET / HTTP/1.1");
  }
  EXPECT_EQ(decode("A\r\n0123456789\r\n0\r\n\r\n", 100).body, "0123456789");
  EXPECT_EQ(status_of("0\r\n\r\n"), Status::done);
}

TEST(ChunkedDecoder, FramingIsStrict) {
  for (const char* bytes :
       {"0x5\r\nhello\r\n0\r\n\r\n", " 5\r\nhello\r\n0\r\n\r\n", "5 \r\nhello\r\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n",
        "5\r\nhello\n0\r\n\r\n", "5\r\nhelloX\r\n", "+5\r\nhello\r\n", "-1\r\n", "\r\n", ";a\r\n", "g\r\n",
        "10000000000000005\r\nhello\r\n0\r\n\r\n", "0\r\n\n", "0\r\n\rx", "5;a\nb\r\nhello\r\n", "5\rx"}) {
    EXPECT_EQ(status_of(bytes), Status::malformed) << bytes;
  }
}

TEST(ChunkedDecoder, SixteenDigitsAreANumberAndTooLarge) {
  EXPECT_EQ(status_of("ffffffffffffffff\r\n"), Status::too_large);
  EXPECT_EQ(status_of("0000000000000005\r\nhello\r\n0\r\n\r\n"), Status::done);
}

TEST(ChunkedDecoder, TrailersThatChangeTheMessageAreRefused) {
  for (const char* name :
       {"Authorization", "content-length", "Transfer-Encoding", "Host", "Content-Type", "X-Write-Key"}) {
    EXPECT_EQ(status_of("0\r\n" + std::string(name) + ": 5\r\n\r\n"), Status::malformed) << name;
  }
  EXPECT_EQ(status_of("0\r\nno colon\r\n\r\n"), Status::malformed);
  EXPECT_EQ(status_of("0\r\n folded: x\r\n\r\n"), Status::malformed);
  EXPECT_EQ(status_of("0\r\nServer-Timing: x\r\nX-A: b\r\n\r\n"), Status::done);
}

TEST(ChunkedDecoder, LimitsHoldAtTheByte) {
  ChunkedLimits limits;
  limits.body_bytes_max = 10;
  EXPECT_EQ(status_of("5\r\nhello\r\n5\r\nworld\r\n0\r\n\r\n", limits), Status::done);
  EXPECT_EQ(status_of("5\r\nhello\r\n6\r\nworld!\r\n0\r\n\r\n", limits), Status::too_large);
  auto with_extension = [](size_t bytes) { return "1;" + std::string(bytes, 'x') + "\r\na\r\n0\r\n\r\n"; };
  EXPECT_EQ(status_of(with_extension(1024)), Status::done);
  EXPECT_EQ(status_of(with_extension(1025)), Status::malformed);
  EXPECT_EQ(status_of(with_extension(64 << 10)), Status::malformed);
  EXPECT_EQ(status_of("1;" + std::string(600, 'x') + "\r\na\r\n1;" + std::string(600, 'x') + "\r\na\r\n0\r\n\r\n"),
            Status::malformed);
  EXPECT_EQ(status_of("0\r\nA: " + std::string(9 << 10, 'x') + "\r\n\r\n"), Status::malformed);
}

TEST(ChunkedDecoder, IsReadyForTheNextRequestAfterReset) {
  ChunkedLimits limits;
  limits.body_bytes_max = 5;
  ChunkedDecoder decoder(limits);
  for (int i = 0; i < 3; ++i) {
    std::string body;
    decoder.decode("5;x\r\nhello\r\n0\r\nA: b\r\n\r\n", body);
    EXPECT_EQ(decoder.status(), Status::done);
    EXPECT_EQ(body, "hello");
    decoder.reset();
  }
}

}  // namespace
}  // namespace tributary
