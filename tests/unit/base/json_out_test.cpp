#include "engine/base/json_out.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

TEST(JsonOut, PutsCommasAndEscapes) {
  std::string out;
  JsonOut json(out);
  json.begin_object().key("a").string("x\"\\\n\x01\xe2\x80\xa8").key("b").begin_array().number(-1).boolean(true).null();
  json.end_array().key("c").raw("12.50").end_object();
  EXPECT_EQ(out, R"({"a":"x\"\\\n\u0001\u2028","b":[-1,true,null],"c":12.50})");
}

}  // namespace
}  // namespace tributary
