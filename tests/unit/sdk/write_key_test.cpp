#include "connectors/sdk/write_key.h"

#include <gtest/gtest.h>

#include "engine/base/keyed_hash.h"

namespace tributary {
namespace {

HttpRequest request_with(std::vector<std::pair<std::string, std::string>> headers,
                         std::vector<std::pair<std::string, std::string>> query = {}) {
  HttpRequest request;
  request.headers = std::move(headers);
  request.query = std::move(query);
  return request;
}

std::string found(const HttpRequest& request) {
  WriteKeyFinding finding = find_write_key(request);
  return finding.malformed ? "malformed" : finding.key;
}

std::string basic(std::string_view credentials) { return "Basic " + base64(credentials); }

TEST(WriteKey, BasicUserNameWithoutPassword) {
  EXPECT_EQ(found(request_with({{"authorization", basic("wk:")}})), "wk");
  EXPECT_EQ(found(request_with({{"authorization", basic("wk")}})), "wk");
  EXPECT_EQ(found(request_with({{"authorization", "bAsIc  " + base64("wk:")}})), "wk");
}

TEST(WriteKey, BasicCredentialsOfJitsuStayWhole) {
  EXPECT_EQ(found(request_with({{"authorization", basic("id:secret")}})), "id:secret");
}

TEST(WriteKey, UndecodableBasicIsMalformedEvenBesideAnotherKey) {
  EXPECT_EQ(found(request_with({{"authorization", "Basic !!!"}, {"x-write-key", "wk"}})), "malformed");
}

TEST(WriteKey, HeaderBeatsQueryAndBasicBeatsHeader) {
  EXPECT_EQ(found(request_with({{"authorization", basic("a:")}, {"x-write-key", "b"}}, {{"writeKey", "c"}})), "a");
  EXPECT_EQ(found(request_with({{"x-write-key", "b"}}, {{"writeKey", "c"}})), "b");
  EXPECT_EQ(found(request_with({}, {{"writeKey", "c"}, {"writekey", "d"}})), "c");
  EXPECT_EQ(found(request_with({}, {{"writekey", "d"}})), "d");
}

TEST(WriteKey, EmptyPlacesAreAbsent) {
  EXPECT_EQ(found(request_with({{"authorization", basic(":")}, {"x-write-key", ""}}, {{"writeKey", "c"}})), "c");
  EXPECT_EQ(found(request_with({})), "");
}

TEST(WriteKey, BearerIsNoWriteKey) {
  EXPECT_EQ(found(request_with({{"authorization", "Bearer wk"}, {"x-write-key", "b"}})), "b");
  EXPECT_EQ(found(request_with({{"authorization", "Bearer wk"}})), "");
}

class WriteKeyRing : public testing::Test {
 protected:
  static std::vector<Source> sources() {
    Source plain, paired;
    plain.id = "plain", plain.write_keys = {"wk"};
    paired.id = "paired", paired.write_keys = {"id:secret"};
    return {plain, paired};
  }
  std::string source_of(std::string_view key) {
    const Source* source = source_of_write_key(ring, key);
    return source == nullptr ? "" : source->id;
  }
  KeyRing ring{sources(), {}};
};

TEST_F(WriteKeyRing, APasswordBesideAKeyWithoutSecretIsIgnored) {
  EXPECT_EQ(source_of("wk"), "plain");
  EXPECT_EQ(source_of("wk:anything"), "plain");
}

TEST_F(WriteKeyRing, AKeyWithSecretNeedsIt) {
  EXPECT_EQ(source_of("id:secret"), "paired");
  EXPECT_EQ(source_of("id"), "");
  EXPECT_EQ(source_of("id:wrong"), "");
}

TEST(OriginAllowed, OnlyAListAndAnOriginRefuse) {
  Source source;
  auto allowed = [&](std::vector<std::pair<std::string, std::string>> headers) {
    return origin_allowed(source, request_with(std::move(headers)));
  };
  EXPECT_TRUE(allowed({{"origin", "https://evil.example"}}));
  source.allowed_origins = {"https://shop.example"};
  EXPECT_TRUE(allowed({}));
  EXPECT_TRUE(allowed({{"origin", "https://Shop.example"}}));
  EXPECT_FALSE(allowed({{"origin", "https://evil.example"}}));
  EXPECT_FALSE(allowed({{"origin", "https://shop.example.evil.example"}}));
  EXPECT_FALSE(allowed({{"origin", "null"}}));
}

}  // namespace
}  // namespace tributary
