#include "engine/base/nearest_word.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

TEST(NearestWord, KnowsOneSlipFromAnotherWord) {
  std::vector<std::string> words = {"listen", "public_url", "tls", "trusted_proxies"};
  EXPECT_EQ(nearest_word("listn", words), "listen");
  EXPECT_EQ(nearest_word("trusted_proxys", words), "trusted_proxies");
  EXPECT_EQ(nearest_word("tsl", words), "tls");
  EXPECT_EQ(nearest_word("tsl2", words), std::nullopt);
  EXPECT_EQ(nearest_word(std::string(5000, 'l'), words), std::nullopt);
  EXPECT_EQ(nearest_word("workspace", words), std::nullopt);
}

}  // namespace
}  // namespace tributary
