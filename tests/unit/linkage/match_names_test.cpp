#include "engine/linkage/match_names.h"

#include <gtest/gtest.h>

#include "engine/ingest/text_fold.h"
#include "engine/linkage/administrative_regions.h"

namespace tributary {
namespace {

std::string core_of(std::string_view name) { return core_name(match_text(name).value()); }
std::string contact_of(std::string_view name) { return contact_key(match_text(name).value()); }

TEST(CoreName, IsWithoutRegionInBrackets) {
  EXPECT_EQ(core_of("澄江科技（北京）有限公司"), "澄江科技");
  EXPECT_EQ(core_of("澄江科技(北京市朝阳区)有限公司"), "澄江科技");
  EXPECT_EQ(core_of("澄江（昆山市）科技股份有限公司"), "澄江科技");
  EXPECT_EQ(core_of("澄江科技【浙江杭州】有限责任公司"), "澄江科技");
  EXPECT_EQ(core_of("（上海）澄江科技（中国）有限公司"), "澄江科技");
  EXPECT_EQ(core_of("Acme (China) Co., Ltd."), "acme");
  EXPECT_EQ(core_of("Acme (Hong Kong) Tools Limited"), "acme tools");
}

TEST(CoreName, KeepsWhatIsNoRegion) {
  EXPECT_EQ(core_of("澄江科技（集团）有限公司"), "澄江科技(集团)");
  EXPECT_EQ(core_of("澄江中学（北校区）"), "澄江中学(北校区)");
  EXPECT_EQ(core_of("澄江（超市）有限公司"), "澄江(超市)");
  EXPECT_EQ(core_of("北京澄江科技有限公司"), "北京澄江科技");
  EXPECT_EQ(core_of("Acme (Tools) Ltd"), "acme (tools)");
  EXPECT_EQ(core_of("澄江(北京"), "澄江(北京");
}

TEST(CoreName, IsWithoutLegalForm) {
  for (const char* name : {"澄江有限公司", "澄江股份有限公司", "澄江有限责任公司", "澄江合伙企业（有限合伙）",
                           "澄江 有限公司", "澄江個體工商户"}) {
    bool known = std::string_view(name) != "澄江個體工商户";  // traditional characters are not folded
    EXPECT_EQ(core_of(name) == "澄江", known) << name;
  }
  for (const char* name :
       {"Acme Co., Ltd.", "ACME Co.,Ltd", "Acme CO LTD", "Acme Inc.", "Acme, Inc", "Acme GmbH", "Acme GmbH & Co. KG",
        "Acme L.L.C.", "Acme S.p.A.", "Acme Pty. Ltd.", "Acme Company Limited", "ａｃｍｅ ｌｔｄ", "株式会社 Acme"}) {
    EXPECT_EQ(core_of(name), "acme") << name;
  }
}

TEST(CoreName, KeepsBranchesGroupsAndKindsOfBody) {
  EXPECT_EQ(core_of("澄江科技有限公司北京分公司"), "澄江科技有限公司北京分公司");
  EXPECT_EQ(core_of("澄江集团有限公司"), "澄江集团");
  EXPECT_EQ(core_of("澄江第一医院"), "澄江第一医院");
  EXPECT_EQ(core_of("Limited Edition"), "limited edition");
}

TEST(CoreName, IsNeverEmpty) {
  for (const char* name : {"有限公司", "(北京)", "（北京）（上海）", "Ltd.", "Co., Ltd.", "株式会社"})
    EXPECT_NE(core_of(name), "") << name;
  EXPECT_EQ(core_of("股份有限公司"), "股份有限公司");
  EXPECT_EQ(core_of(""), "");
}

TEST(ContactKey, IsWithoutHonorificAndTitle) {
  for (const char* name : {"王芳", "王芳女士", "王芳 女士", "王芳经理", "王芳总监", "王芳总", "王芳老师",
                           "王芳（副总经理）", "总经理 王芳", "王芳总经理女士"}) {
    EXPECT_EQ(contact_of(name), "王芳") << name;
  }
  for (const char* name : {"Wang Fang", "Ms. Wang Fang", "MRS Wang  Fang", "Dr. Wang Fang"})
    EXPECT_EQ(contact_of(name), "wang fang") << name;
  EXPECT_EQ(contact_of("王总"), "王");
}

TEST(ContactKey, OfATitleAloneIsNothing) {
  for (const char* name : {"经理", "总经理", "Mr.", "先生 女士", ""}) EXPECT_EQ(contact_of(name), "") << name;
}

TEST(AdministrativeRegion, IsOneOfTheTableOrNamedAsOne) {
  for (const char* text : {"中国", "北京", "北京市", "内蒙古自治区", "广西壮族自治区", "香港特别行政区", "延边州",
                           "锡林郭勒盟", "昆山市", "江苏昆山市", "浙江杭州", "xi'an", "shang hai", "china"}) {
    EXPECT_TRUE(is_administrative_region(text)) << text;
  }
  for (const char* text : {"", "市", "集团", "有限合伙", "神州", "联盟", "超市", "高新技术开发区", "北校区",
                           "new city市", "tools", "中国科技"}) {
    EXPECT_FALSE(is_administrative_region(text)) << text;
  }
}

TEST(Masked, IsWhatHidesAPart) {
  EXPECT_TRUE(is_masked("王*"));
  EXPECT_TRUE(is_masked("138••••1234"));
  EXPECT_FALSE(is_masked("王芳"));
}

}  // namespace
}  // namespace tributary
