#include "connectors/http/request_reader.h"

#include <gtest/gtest.h>

#include <cstring>

#include "engine/ingest/event_parser.h"

namespace tributary {
namespace {

using Step = RequestReader::Step;

/// Feeds a reader as a socket would and notes what came out.
class Feeder {
 public:
  explicit Feeder(ReaderLimits limits = {}) : reader(limits) {}

  /// Bodies of the requests that were completed; stops at a refusal.
  std::vector<std::string> feed(std::string_view bytes, size_t step) {
    std::vector<std::string> bodies;
    while (true) {
      Step at = reader.advance();
      if (at == Step::head) {
        reader.accept_body();
      } else if (at == Step::body) {
        EXPECT_GE(reader.request().body.capacity(), reader.request().body.size() + kBodyPaddingBytes);
        bodies.push_back(reader.request().body);
        paths.push_back(reader.request().path);
        reader.next();
      } else if (at == Step::refused || bytes.empty()) {
        return bodies;
      } else {
        std::span<char> space = reader.space();
        EXPECT_FALSE(space.empty());
        size_t count = std::min({space.size(), bytes.size(), step});
        std::memcpy(space.data(), bytes.data(), count);
        reader.received(count);
        bytes.remove_prefix(count);
      }
    }
  }

  RequestReader reader;
  std::vector<std::vector<std::string>> paths;
};

std::string post(const std::string& path, const std::string& body) {
  return "POST " + path + " HTTP/1.1\r\nHost: a\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

TEST(RequestReader, PipelinedRequestsComeOutInOrderHoweverTheyAreCut) {
  std::string large(200'000, 'x');
  std::string bytes = post("/a", "one") + "GET /b HTTP/1.1\r\nHost: a\r\n\r\n" +
                      "POST /c HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n0\r\n\r\n" +
                      post("/d", large) + post("/e", "");
  for (size_t step : {size_t{1}, size_t{3}, size_t{100}, size_t{4096}, size_t{1} << 20}) {
    Feeder feeder;
    EXPECT_EQ(feeder.feed(bytes, step), (std::vector<std::string>{"one", "", "two", large, ""})) << step;
    EXPECT_EQ(feeder.paths, (std::vector<std::vector<std::string>>{{"a"}, {"b"}, {"c"}, {"d"}, {"e"}}));
    EXPECT_TRUE(feeder.reader.at_request_start());
  }
}

TEST(RequestReader, AFewEmptyLinesBeforeARequestAreIgnored) {
  std::string bytes = post("/a", "one") + "\r\n" + post("/b", "two") + "\r\n\r\n\r\n\r\n" + post("/c", "three");
  for (size_t step : {size_t{1}, size_t{3}, size_t{4096}}) {
    Feeder feeder;
    EXPECT_EQ(feeder.feed(bytes, step), (std::vector<std::string>{"one", "two", "three"})) << step;
  }
}

TEST(RequestReader, EndlessEmptyLinesAreNoRequest) {
  for (size_t step : {size_t{1}, size_t{2}, size_t{4096}}) {
    for (std::string start : {"\r\n\r\n\r\n\r\n\r\n", "\r\r\n", "\n", "\r\n\n"}) {
      Feeder feeder;
      EXPECT_TRUE(feeder.feed(start + post("/a", "one"), step).empty());
      EXPECT_EQ(feeder.reader.advance(), Step::refused);
    }
  }
}

TEST(RequestReader, HeaderNamesAreLowerCaseAndOldOnesAreGone) {
  Feeder feeder;
  feeder.feed("GET / HTTP/1.1\r\nHost: a\r\nX-Very-Long-Header-Name-Of-A-Client: Value\r\nX: y\r\n\r\n", 1000);
  EXPECT_EQ(feeder.reader.request().header("x-very-long-header-name-of-a-client"), "Value");
  feeder.feed("GET / HTTP/1.1\r\nHost: b\r\n\r\n", 1000);
  EXPECT_EQ(feeder.reader.request().headers.size(), 1u);
  EXPECT_EQ(feeder.reader.request().header("host"), "b");
}

TEST(RequestReader, ALengthBeyondTheLimitCostsNoMemory) {
  Feeder feeder;
  EXPECT_TRUE(feeder.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000000\r\n\r\n", 1000).empty());
  EXPECT_EQ(feeder.reader.advance(), Step::refused);
  EXPECT_EQ(feeder.reader.refusal().code, RejectionCode::payload_too_large);
  EXPECT_TRUE(feeder.reader.refused_after_head());
  EXPECT_LT(feeder.reader.request().body.capacity(), 1000u);
}

TEST(RequestReader, AnAnnouncedLengthIsNotAllocatedBeforeItArrives) {
  Feeder feeder;
  feeder.feed("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 4000000\r\n\r\nx", 1000);
  EXPECT_EQ(feeder.reader.advance(), Step::need_bytes);
  EXPECT_LE(feeder.reader.body_memory(), size_t{128} << 10);
}

TEST(RequestReader, BodyLimitHoldsAtTheByte) {
  ReaderLimits limits;
  limits.body_bytes_max = 10;
  for (size_t bytes : {size_t{9}, size_t{10}}) {
    EXPECT_EQ(Feeder(limits).feed(post("/", std::string(bytes, 'x')), 7).size(), 1u);
  }
  Feeder by_length(limits);
  EXPECT_TRUE(by_length.feed(post("/", std::string(11, 'x')), 7).empty());
  EXPECT_EQ(by_length.reader.refusal().code, RejectionCode::payload_too_large);
  Feeder by_chunks(limits);
  EXPECT_TRUE(
      by_chunks
          .feed("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nxxxxxx\r\n6\r\nxxxxxx\r\n", 7)
          .empty());
  EXPECT_EQ(by_chunks.reader.refusal().code, RejectionCode::payload_too_large);
}

/// Bodies of requests that are taken in pieces, in any cut; `limits` do not hold for them.
std::vector<std::string> stream_bodies(std::string_view bytes, size_t step) {
  ReaderLimits limits;
  limits.body_bytes_max = 2;
  RequestReader reader(limits);
  std::vector<std::string> bodies;
  bool streams = false;
  while (true) {
    std::string_view piece;
    Step at = streams ? reader.advance_stream(piece) : reader.advance();
    if (!piece.empty()) bodies.back() += piece;
    if (at == Step::head) {
      reader.accept_stream();
      bodies.emplace_back();
      streams = true;
    } else if (at == Step::body) {
      reader.next();
      streams = false;
    } else if (at == Step::refused || (bytes.empty() && piece.empty())) {
      return bodies;
    } else if (!bytes.empty()) {
      std::span<char> space = reader.space();
      size_t count = std::min({space.size(), bytes.size(), step});
      std::memcpy(space.data(), bytes.data(), count);
      reader.received(count);
      bytes.remove_prefix(count);
    }
  }
}

TEST(RequestReader, StreamedBodiesComeOutWholeHoweverTheyAreCut) {
  std::string large(300'000, 'x');
  std::string bytes =
      post("/a", "one") + post("/b", large) + post("/c", "") +
      "POST /d HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\n5\r\nthree\r\n0\r\n\r\n" +
      post("/e", "last");
  for (size_t step : {size_t{1}, size_t{7}, size_t{4096}, size_t{1} << 20}) {
    EXPECT_EQ(stream_bodies(bytes, step), (std::vector<std::string>{"one", large, "", "twothree", "last"})) << step;
  }
  for (size_t step : {size_t{1}, size_t{1} << 20}) {  // what came before the damage is given out, nothing behind it
    EXPECT_EQ(stream_bodies(
                  "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ntwo\r\nx\r\n" + post("/", "no"),
                  step),
              std::vector<std::string>{"two"});
  }
}

TEST(RequestReader, NothingBehindARefusalIsRead) {
  Feeder feeder;
  std::string bytes = "POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: xchunked\r\n\r\n" + post("/smuggled", "x");
  EXPECT_TRUE(feeder.feed(bytes, 5000).empty());
  EXPECT_EQ(feeder.reader.advance(), Step::refused);
  EXPECT_EQ(feeder.reader.advance(), Step::refused);
}

TEST(RequestReader, MemoryOfALargeBodyIsGivenBack) {
  Feeder feeder;
  feeder.feed(post("/", std::string(1 << 20, 'x')), 5000);
  EXPECT_LT(feeder.reader.request().body.capacity(), size_t{128} << 10);
}

}  // namespace
}  // namespace tributary
