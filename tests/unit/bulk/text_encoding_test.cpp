#include <gtest/gtest.h>

#include "connectors/bulk/text_encoding.h"

namespace tributary {
namespace {

TEST(TextEncoding, Utf8IsWellFormedOrRefused) {
  std::string out;
  EXPECT_TRUE(append_as_utf8(TextEncoding::utf8, "caf\xc3\xa9 \xe5\xbc\xa0 \xf0\x9f\x98\x80", out));
  for (const char* text : {"\xc0\xaf", "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xe5\xbc", "\x80", "\xff"}) {
    EXPECT_FALSE(append_as_utf8(TextEncoding::utf8, text, out));
  }
}

}  // namespace
}  // namespace tributary
