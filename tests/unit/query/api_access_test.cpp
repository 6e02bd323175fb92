#include "connectors/query/api_access.h"

#include <gtest/gtest.h>

#include "engine/base/keyed_hash.h"

namespace tributary {
namespace {

class ApiAccess : public testing::Test {
 protected:
  static std::shared_ptr<const KeyRing> ring() {
    Source source;
    source.id = "web", source.write_keys = {"wk_web"};
    ApiKey key;
    key.id = "analyst", key.secret_sha256 = sha256("sk_analyst");
    ApiKey admin;
    admin.id = "admin", admin.role = ApiRole::admin, admin.secret_sha256 = sha256("sk_admin");
    return std::make_shared<KeyRing>(std::vector<Source>{source}, std::vector<ApiKey>{key, admin});
  }

  /// The id of the key that opened, or the code of the refusal.
  std::string outcome(std::vector<std::pair<std::string, std::string>> headers,
                      std::vector<std::pair<std::string, std::string>> query = {},
                      ApiRole required = ApiRole::analyst) {
    HttpRequest request;
    request.headers = std::move(headers);
    request.query = std::move(query);
    ApiCaller caller = api_caller(keys, request, required);
    return caller.key != nullptr ? caller.key->id : std::string(rejection_row(caller.refusal).name);
  }

  CurrentKeyRing keys{ring()};
};

TEST_F(ApiAccess, BearerAndBasicOpen) {
  EXPECT_EQ(outcome({{"authorization", "Bearer sk_analyst"}}), "analyst");
  EXPECT_EQ(outcome({{"authorization", "bearer  sk_analyst "}}), "analyst");
  EXPECT_EQ(outcome({{"authorization", "Basic " + base64("sk_analyst:")}}), "analyst");
}

TEST_F(ApiAccess, ALowerRoleThanRequiredIsForbidden) {
  EXPECT_EQ(outcome({{"authorization", "Bearer sk_admin"}}, {}, ApiRole::analyst), "admin");
  EXPECT_EQ(outcome({{"authorization", "Bearer sk_admin"}}, {}, ApiRole::admin), "admin");
  EXPECT_EQ(outcome({{"authorization", "Bearer sk_analyst"}}, {}, ApiRole::admin), "forbidden");
  EXPECT_EQ(outcome({{"authorization", "Bearer sk_other"}}, {}, ApiRole::admin), "invalid_api_key");
}

TEST_F(ApiAccess, NoKeyIsMissing) {
  EXPECT_EQ(outcome({}), "missing_api_key");
  EXPECT_EQ(outcome({{"x-write-key", "unknown"}}), "missing_api_key");
}

TEST_F(ApiAccess, AKeyInTheAddressDoesNotCount) {
  EXPECT_EQ(outcome({}, {{"key", "sk_analyst"}, {"writeKey", "sk_analyst"}}), "missing_api_key");
}

TEST_F(ApiAccess, UnknownKeysAreInvalid) {
  EXPECT_EQ(outcome({{"authorization", "Bearer sk_other"}}), "invalid_api_key");
  EXPECT_EQ(outcome({{"authorization", "Bearer sk_analys"}}), "invalid_api_key");
  EXPECT_EQ(outcome({{"authorization", "Bearer "}}), "invalid_api_key");
  EXPECT_EQ(outcome({{"authorization", "Basic !!"}}), "invalid_api_key");
  EXPECT_EQ(outcome({{"authorization", "Digest x"}}), "invalid_api_key");
}

TEST_F(ApiAccess, AWriteKeyIsForbiddenWhereverItStands) {
  EXPECT_EQ(outcome({{"authorization", "Bearer wk_web"}}), "forbidden");
  EXPECT_EQ(outcome({{"authorization", "Basic " + base64("wk_web:")}}), "forbidden");
  EXPECT_EQ(outcome({{"x-write-key", "wk_web"}}), "forbidden");
  EXPECT_EQ(outcome({}, {{"writeKey", "wk_web"}}), "forbidden");
}

}  // namespace
}  // namespace tributary
