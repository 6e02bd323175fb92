#include "engine/domain/identifier.h"

#include <gtest/gtest.h>

#include "engine/domain/rejection.h"
#include "engine/domain/workspace.h"

namespace tributary {
namespace {

TEST(Kind, NamesReadBack) {
  for (const char* name : {"user_id", "email", "phone", "anonymous_id", "external_id/crm", "social_id/line",
                           "marketplace_buyer/shopify", "wechat_unionid"}) {
    auto kind = parse_kind(name);
    ASSERT_TRUE(kind) << name;
    EXPECT_EQ(kind_name(*kind), name);
  }
}

TEST(Kind, AliasesAndFreeTypeNames) {
  EXPECT_EQ(kind_name(*parse_kind("shopify_customer_id")), "marketplace_buyer/shopify");
  EXPECT_EQ(kind_name(*parse_kind("Stripe Customer-ID")), "external_id/stripe");
  EXPECT_EQ(kind_name(*parse_kind("loyalty_id")), "external_id/loyalty_id");
  EXPECT_FALSE(parse_kind("email/x"));
  EXPECT_FALSE(parse_kind("external_id"));
  EXPECT_FALSE(parse_kind("9lives"));
  EXPECT_FALSE(parse_kind(""));
  EXPECT_FALSE(parse_kind("<script>"));
}

TEST(Kind, PlatformsOfAFamilyAreTwoKinds) {
  EXPECT_NE(kind_code(*parse_kind("social_id/line")), kind_code(*parse_kind("social_id/douyin")));
  EXPECT_EQ(family_of(kind_code(*parse_kind("social_id/line"))), IdentifierFamily::social_id);
}

TEST(IdentifierHash, DependsOnKindAndKey) {
  KeyedHash one(std::string(32, 'a')), two(std::string(32, 'b'));
  IdentifierKind email{IdentifierFamily::email, {}}, user{IdentifierFamily::user_id, {}};
  EXPECT_NE(identifier_hash(one, email, "x"), identifier_hash(one, user, "x"));
  EXPECT_NE(identifier_hash(one, email, "x"), identifier_hash(two, email, "x"));
  IdentifierKind crm{IdentifierFamily::external_id, "crm"}, cr{IdentifierFamily::external_id, "cr"};
  EXPECT_NE(identifier_hash(one, crm, "x"), identifier_hash(one, cr, "mx"));
}

TEST(Workspace, NumberIsAFunctionOfTheName) {
  EXPECT_EQ(workspace_id("default"), workspace_id("default"));
  EXPECT_NE(workspace_id("default"), workspace_id("other"));
}

TEST(Rejection, EveryCodeHasOneRowAndName) {
  for (int number = 0; number < 256; ++number) {
    const RejectionRow* row = try_rejection_row(static_cast<RejectionCode>(number));
    if (row != nullptr) {
      EXPECT_EQ(parse_rejection_code(row->name), row->code);
    }
  }
}

TEST(Identifier, RulesTakeFamiliesAndNoMadeUpKinds) {
  EXPECT_EQ(parse_rule_kind("external_id"), (IdentifierKind{IdentifierFamily::external_id, ""}));
  EXPECT_EQ(parse_rule_kind("Social-ID"), (IdentifierKind{IdentifierFamily::social_id, ""}));
  EXPECT_EQ(parse_rule_kind("external_id/crm"), (IdentifierKind{IdentifierFamily::external_id, "crm"}));
  EXPECT_EQ(parse_rule_kind("stripe_customer_id"), (IdentifierKind{IdentifierFamily::external_id, "stripe"}));
  EXPECT_EQ(parse_rule_kind("email"), (IdentifierKind{IdentifierFamily::email, ""}));
  for (const char* none : {"emial", "crm_id", "email/work", "external_id/", "", "*"}) {
    EXPECT_EQ(parse_rule_kind(none), std::nullopt) << none;
  }
  for (const std::string& name : known_kind_names()) EXPECT_TRUE(parse_rule_kind(name)) << name;
}

TEST(Rejection, ChangesOfRulesHaveRefusalsOfTheirOwn) {
  EXPECT_EQ(rejection_row(RejectionCode::conflict).http_status, 409);
  EXPECT_EQ(rejection_row(RejectionCode::invalid_rules).http_status, 422);
  EXPECT_EQ(rejection_row(RejectionCode::precondition_required).http_status, 428);
  EXPECT_EQ(rejection_row(RejectionCode::precondition_failed).http_status, 412);
  EXPECT_EQ(rejection_row(RejectionCode::invalid_record).http_status, 422);
}

}  // namespace
}  // namespace tributary
