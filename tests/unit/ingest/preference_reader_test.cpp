// What track events say about what a customer likes. None of it refuses an event.
#include <gtest/gtest.h>

#include "tests/unit/ingest/fact_text.h"

namespace tributary::testing {
namespace {

/// The text with the order's hash, which only the key tells, as "#".
std::string order_facts(const std::string& event, const std::string& products) {
  auto outcome = tell(event, R"("order_id":"1","currency":"CNY","revenue":1,"products":)" + products);
  std::string text = fact_text(outcome->event());
  std::string hash = outcome->event().order ? base32(outcome->event().order->order) : "no order";
  for (size_t at = 0; (at = text.find(hash)) != std::string::npos;) text.replace(at, hash.size(), "#");
  return text;
}

TEST(PreferenceReader, ProductsTellOfTheirCategoryAndBrand) {
  EXPECT_EQ(facts_of("Product Viewed", R"("product_id":"p","category":"  Baby   TOYS ","brand":"Ｌｅｇｏ")"),
            "5.2 category baby toys {1=Baby   TOYS}; 5.2 brand lego {1=Ｌｅｇｏ}");
  EXPECT_EQ(facts_of("Product Added to Wishlist", R"("product_id":"p","category":"toy")"), "5.3 category toy {1=toy}");
  EXPECT_EQ(facts_of("Product Added", R"("product_id":"p","category":"toy")"), "5.4 category toy {1=toy}");
  EXPECT_EQ(facts_of("Product Removed", R"("product_id":"p","category":"toy")"), "5.5 category toy {1=toy}");
  EXPECT_EQ(facts_of("Product Tried On", R"("product_id":"p","category":"toy")"), "5.6 category toy {1=toy}");
  EXPECT_EQ(facts_of("Product Viewed", R"("product_id":"p","category":"未知")"), "");
  EXPECT_EQ(facts_of("Product Viewed", R"("product_id":"p")"), "");
}

TEST(PreferenceReader, RatingsTellOfTheProductToo) {
  EXPECT_EQ(facts_of("Product Reviewed", R"("product_id":"p","rating":4,"category":"toy")"),
            "5.8 category toy {1=toy}; 5.8 product p {1=p}; 6.5 product p {1=p}");
  EXPECT_EQ(facts_of("Product Reviewed", R"("product_id":"p","rating":2,"brand":"lego")"),
            "5.9 brand lego {1=lego}; 5.9 product p {1=p}; 6.4 product p {1=p}");
  EXPECT_EQ(facts_of("Product Reviewed", R"("product_id":"p","rating":"3")"), "6.5 product p {1=p}");
  EXPECT_EQ(facts_of("Product Reviewed", R"("product_id":"p","rating":6)"), " !32");
  EXPECT_EQ(facts_of("Product Reviewed", R"("product_id":"p")"), "");
}

TEST(PreferenceReader, AnOrderTellsOnceOfEachThing) {
  EXPECT_EQ(order_facts("Order Completed", R"([{"category":"Toy","brand":"lego"},{"category":"toy","is_gift":true},
                        {"category":"toy"},{"category":"tea","is_gift":true},{"sku":"s"},7])"),
            "5.7 category toy {1=Toy 3=# 4=2}; 5.7 brand lego {1=lego 3=# 4=1}; 5.7 category tea {1=tea 3=# 4=0} !32");
  EXPECT_EQ(order_facts("Order Completed", R"([{"sku":"s"}])"), "");
  EXPECT_EQ(order_facts("Order Updated", R"([{"sku":"s"}])"), "5.7  {3=# 4=0}") << "the lines of before are gone";
  EXPECT_EQ(facts_of("Order Updated", R"("order_id":"1","is_gift":true)"), "");
  EXPECT_EQ(facts_of("Order Completed", R"("currency":"CNY","revenue":1,"products":[{"category":"toy"}])"), " !16");
}

TEST(PreferenceReader, AnOrderOfVeryManyThingsIsCutAndFlagged) {
  std::string products = "[";
  for (int i = 0; i < 101; ++i)
    products += (i > 0 ? "," : "") + std::string(R"({"category":"c)") + std::to_string(i) + "\"}";
  auto outcome = tell("Order Completed", R"("order_id":"1","currency":"CNY","revenue":1,"products":)" + products + "]");
  EXPECT_EQ(outcome->event().facts.size(), kFactsPerEventMax);
  EXPECT_EQ(outcome->event().flags, EventFlags::kPropertyWrong);
}

TEST(PreferenceReader, WhatTheCustomerSays) {
  EXPECT_EQ(facts_of("Preference Set", R"("kind":"category","value":"Toy","weight":0.5)"),
            "5.1 category toy {1=Toy 2=0.5}");
  EXPECT_EQ(facts_of("Preference Set", R"("kind":"口味","value":"hot","weight":"-1")"), "5.1 taste hot {1=hot 2=-1}");
  EXPECT_EQ(facts_of("Preference Set", R"("kind":"time of day","value":"evening","weight":0)"),
            "5.1 time_of_day evening {1=evening 2=0}");
  EXPECT_EQ(facts_of("Preference Set", R"("kind":"category","value":"toy","weight":1.01)"), " !48");
  EXPECT_EQ(facts_of("Preference Set", R"("kind":"category","value":"toy")"), " !16");
  EXPECT_EQ(facts_of("Preference Set", R"("kind":"mood","value":"toy","weight":1)"), " !48");
  EXPECT_EQ(facts_of("Exclusion Added", R"("kind":"brand","value":"lego","reason":"不再推荐")"),
            "6.1 brand lego {1=lego 2=不再推荐}");
  EXPECT_EQ(facts_of("Exclusion Removed", R"("kind":"brand","value":"lego")"), "6.2 brand lego {1=lego}");
  EXPECT_EQ(facts_of("Recommendation Dismissed", R"("item_kind":"category","item":"skin_care")"),
            "6.3 category skin_care {1=skin_care}");
  EXPECT_EQ(facts_of("Recommendation Dismissed", R"("item_kind":"category")"), " !16");
  EXPECT_EQ(facts_of("Exclusion Added", R"("value":"lego")"), " !16");
}

}  // namespace
}  // namespace tributary::testing
