// An object of every kind that Stripe has, in the envelope of an event: accepted, and its id can be read in what comes
// out.
#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "tests/unit/ingest/golden.h"
#include "tests/unit/webhook_connectors/shipped_connector.h"

namespace tributary {
namespace {

using testing::read_file;
using testing::test_path;

/// Types with a rule, by the kind of object they carry.
const std::map<std::string, std::vector<std::string>> kMappedTypes = {
    {"charge", {"charge.succeeded"}},
    {"checkout.session",
     {"checkout.session.completed", "checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed",
      "checkout.session.expired"}},
    {"customer", {"customer.created", "customer.updated", "customer.deleted"}},
    {"deleted_customer", {"customer.deleted"}},
    {"invoice", {"invoice.paid", "invoice.payment_failed"}},
    {"payment_intent", {"payment_intent.succeeded", "payment_intent.payment_failed"}},
    {"refund", {"refund.created"}},
    {"subscription",
     {"customer.subscription.created", "customer.subscription.updated", "customer.subscription.deleted"}},
};

class StripeFixtures : public ::testing::Test {
 protected:
  void SetUp() override {
    auto connector = shipped_connector("stripe");
    ASSERT_TRUE(connector);
    connector_ = std::move(*connector);
  }

  /// Says what went wrong, with the kind of object.
  void expect_accepted(const std::string& kind, const std::string& type, const JsonValue& object, bool has_rule) {
    SCOPED_TRACE(kind + " as " + type);
    std::string event = R"({"id":"evt_)" + kind + R"(","object":"event","type":")" + type +
                        R"(","created":1767323045,"livemode":false,"data":{"object":)" + std::string(object.raw()) +
                        "}}";
    MappedDelivery mapped = mapped_body(connector_, event, {});
    for (const MappingFault& fault : mapped.faults) ADD_FAILURE() << fault.path << ": " << fault.message;
    EXPECT_EQ(mapped.event_count, 1u);
    EXPECT_EQ(mapped.unmapped, has_rule ? 0u : 1u);
    EXPECT_EQ(mapped.ignored, 0u);
    std::string name = "\"event\":\"stripe " + type + "\"";
    EXPECT_EQ(mapped.events.find(name) != std::string::npos, !has_rule) << mapped.events;
    // A few objects, such as a balance, have no id.
    JsonValue id = find_member(object, "id");
    if (id.is(JsonKind::string)) {
      EXPECT_NE(mapped.events.find(id.raw()), std::string::npos) << mapped.events;
    }
    JsonText(mapped.events);
  }

  Connector connector_;
};

TEST_F(StripeFixtures, AreAcceptedWithTheirIds) {
  JsonText fixtures(read_file(test_path("data/stripe/fixtures3.json")));
  size_t objects = 0;
  for_each_member(find_member(fixtures.root(), "resources"), [&](const JsonValue& key, const JsonValue& object) {
    ++objects;
    std::string kind = text_of(key);
    expect_accepted(kind, kind + ".happened", object, false);
    auto types = kMappedTypes.find(kind);
    if (types == kMappedTypes.end()) return;
    for (const std::string& type : types->second) expect_accepted(kind, type, object, true);
  });
  EXPECT_EQ(objects, 176u);
}

}  // namespace
}  // namespace tributary
