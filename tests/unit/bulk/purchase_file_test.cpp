#include "connectors/bulk/purchase_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/bulk/mapped_file.h"
#include "engine/base/time.h"

namespace tributary {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<PurchaseFile> read(std::string_view bytes, const PurchaseFileOptions& options = {}) {
  ImportText text(bytes);
  return read_purchase_file(text, options);
}

std::string line(const std::string& customer, const std::string& name, const std::string& properties,
                 const std::string& members = R"("userId":"u")", const std::string& at = "2026-03-01T10:00:00.000Z") {
  std::string owner = customer == "null" ? customer : "\"" + customer + "\"";
  static int number = 0;
  return R"({"customer_id":)" + owner + R"(,"type":"track","name":")" + name + R"(","message_id":"m)" +
         std::to_string(++number) + R"(","source":"shop","occurred_at":")" + at +
         R"(","received_at":"2026-03-02T00:00:00.000Z","flags":[],"event":{"type":"track",)" + members +
         R"(,"properties":)" + properties + "}}\n";
}

std::string completed(const std::string& properties) { return line("c1", "Order Completed", properties); }

/// The orders as `customer:amount`.
std::vector<std::string> orders_of(const std::string& text, const PurchaseFileOptions& options = {}) {
  auto file = read(text, options);
  if (!file) return {file.error().message};
  std::vector<std::string> found;
  for (const BookedOrder& order : file->orders) {
    found.push_back(file->customers[order.customer].id + ":" + to_text(order.amount));
  }
  return found;
}

TEST(ExportedOrders, AreTheEventsOrderCompleted) {
  std::string text =
      line("c1", "Order Completed", R"({"revenue":12.50})") + line("c2", "Order Completed", R"({"revenue":"7"})") +
      line("c1", "Order Completed", R"({"revenue":0})") + line("c1", "order_completed", R"({"revenue":1})") +
      line("c1", "Product Viewed", R"({"revenue":1})") +
      R"({"customer_id":"c1","type":"page","name":"Order Completed","event":{}})"
      "\n\n"
      R"({"end":true,"count":5})"
      "\n";
  EXPECT_THAT(orders_of(text), ElementsAre("c1:12.50", "c2:7", "c1:0"));
  EXPECT_TRUE(read(text)->ended);
  EXPECT_FALSE(read(completed(R"({"revenue":1})"))->ended);
}

TEST(ExportedOrders, TheAmountIsTheFirstThatCanBeComputed) {
  const std::pair<const char*, const char*> rows[] = {
      {R"({"revenue":10.10,"total":99})", "c1:10.10"},
      {R"({"revenue":null,"total":99,"shipping":4.5,"tax":"0.50"})", "c1:94.00"},
      {R"({"total":0.1,"tax":""})", "c1:0.1"},
      {R"({"total":9,"tax":"much","products":[{"price":2}]})", "c1:2"},
      {R"({"products":[{"price":2.5,"quantity":3},{"price":"1"}],"discount":0.25})", "c1:8.25"},
      {R"({"revenue":-3})", "c1:-3"},
  };
  for (const auto& [properties, expected] : rows) EXPECT_THAT(orders_of(completed(properties)), ElementsAre(expected));
  for (const char* none :
       {"{}", R"({"revenue":"1,000"})", R"({"products":[]})", R"({"products":[{"price":1},{"quantity":2}]})", "null"}) {
    auto file = read(completed(none));
    ASSERT_TRUE(file);
    EXPECT_TRUE(file->orders.empty()) << none;
    EXPECT_EQ(file->left_out.without_amount, 1u) << none;
  }
}

TEST(ExportedOrders, RefundsAndCancellationsMayComeBeforeAndTwice) {
  std::string order = completed(R"({"order_id":"1","revenue":100})");
  std::string refund = line("c1", "Order Refunded", R"({"order_id":"1","refund_id":"a","amount":30})");
  std::string other_refund = line("c1", "Order Refunded", R"({"order_id":"1","refund_id":"b","amount":70})");
  std::string cancelled = line("null", "Order Cancelled", R"({"order_id":"1"})");
  std::string all_back = line("c1", "Order Refunded", R"({"order_id":"1"})");
  EXPECT_THAT(orders_of(refund + order + refund + order), ElementsAre("c1:70"));
  EXPECT_THAT(orders_of(other_refund + other_refund + order), ElementsAre("c1:30"));
  for (const std::string& text :
       {refund + order + other_refund, other_refund + refund + order + refund, cancelled + order, order + all_back}) {
    auto file = read(text);
    ASSERT_TRUE(file);
    EXPECT_TRUE(file->orders.empty()) << text;
    EXPECT_EQ(file->left_out.taken_back, 1u) << text;
  }
  EXPECT_EQ(read(order + order)->left_out.repeated, 1u);
}

TEST(ExportedOrders, AnOrderNumberIsThatOfItsSourceOrNamespace) {
  std::string first = completed(R"({"order_id":1,"revenue":1})");
  std::string elsewhere = completed(R"({"order_id":1,"order_namespace":"b","revenue":2})");
  std::string same = line("c1", "Order Completed", R"({"order_id":"1","order_namespace":"shop","revenue":3})");
  EXPECT_THAT(orders_of(first + elsewhere + same), ElementsAre("c1:1", "c1:2"));
  std::string without = completed(R"({"revenue":5})");
  EXPECT_THAT(orders_of(without + without), ElementsAre("c1:5", "c1:5"));
}

TEST(ExportedOrders, OneCurrencyCounts) {
  std::string text = completed(R"({"revenue":1})") + completed(R"({"revenue":2,"currency":"cny"})") +
                     completed(R"({"revenue":3,"currency":"EUR"})") + completed(R"({"revenue":4,"currency":"CNY"})");
  EXPECT_THAT(orders_of(text), ElementsAre("c1:1", "c1:2", "c1:4"));
  EXPECT_EQ(read(text)->currency, "CNY");
  EXPECT_EQ(read(text)->left_out.other_currency, 1u);
  PurchaseFileOptions options;
  options.currency = "EUR";
  EXPECT_THAT(orders_of(text, options), ElementsAre("c1:1", "c1:3"));
}

TEST(ExportedOrders, NobodysAndTestsAreCountedOnly) {
  auto file = read(line("null", "Order Completed", R"({"revenue":1})") + completed(R"({"revenue":1,"test":true})"));
  ASSERT_TRUE(file);
  EXPECT_TRUE(file->orders.empty());
  EXPECT_EQ(file->left_out.of_nobody, 1u);
  EXPECT_EQ(file->left_out.tests, 1u);
}

TEST(ExportedOrders, ACustomerIsNamedAsTheirOrdersDo) {
  auto named = [](const std::string& members) {
    auto file = read(line("c1", "Order Completed", R"({"revenue":1})", members));
    return file ? file->customers.at(0).identity : file.error().message;
  };
  const std::string external = R"({"id":"9","type":"shopify_id","collection":"users","encoding":"none"})";
  const std::string account = R"({"id":"1","type":"x","collection":"accounts","encoding":"none"})";
  const std::string claimed = R"({"id":"a@b.c","type":"email","claimed":true})";
  const std::string believed = R"({"id":17,"type":"shopify_customer","scope":"lake"})";
  EXPECT_EQ(named(R"("anonymousId":"a","userId":"Zoë \"Z\"")"), R"("userId":"Zoë \"Z\"")");
  EXPECT_EQ(named(R"("anonymousId":"a","userId":17)"), R"("userId":17)");
  EXPECT_EQ(named(R"("userId":null,"anonymousId":"a","context":{"externalIds":[)" + account + "," + external + "]}"),
            R"("anonymousId":"customer:c1","context":{"externalIds":[)" + external + "]}");
  EXPECT_EQ(named(R"("context":{"externalId":[)" + claimed + "," + believed + "]}"),
            R"("anonymousId":"customer:c1","context":{"externalId":[)" + believed + "]}");
  EXPECT_EQ(named(R"("userId":"","anonymousId":"a","context":{"externalId":[)" + claimed + "]}"),
            R"("anonymousId":"a")");
  EXPECT_EQ(named(R"("context":{"traits":{"email":"a@b.c"}})"), "");
  // What the first order does not say, another may.
  auto file = read(line("c1", "Order Completed", R"({"revenue":1})", R"("context":{})") +
                   line("c1", "Order Completed", R"({"revenue":1})", R"("userId":"later")"));
  ASSERT_TRUE(file);
  ASSERT_EQ(file->customers.size(), 1u);
  EXPECT_EQ(file->customers[0].identity, R"("userId":"later")");
}

TEST(ExportedOrders, ADayBeginsInTheZone) {
  auto day_in = [](const std::string& at, int64_t zone_hours) {
    PurchaseFileOptions options;
    options.zone_micros = zone_hours * kMicrosPerHour;
    return read(line("c1", "Order Completed", R"({"revenue":1})", R"("userId":"u")", at), options)->orders.at(0).day;
  };
  EXPECT_EQ(day_in("1970-01-02T15:59:59Z", 0), 1);
  EXPECT_EQ(day_in("1970-01-02T15:59:59Z", 8), 1);
  EXPECT_EQ(day_in("1970-01-02T16:00:00Z", 8), 2);
  EXPECT_EQ(day_in("1970-01-01T00:00:00Z", -1), -1);
  EXPECT_EQ(day_in("1969-12-30T23:00:00Z", 1), -1);
}

TEST(ExportedOrders, OtherLinesAreRefusedWithTheirNumber) {
  std::string good = completed(R"({"revenue":1})");
  const std::pair<std::string, const char*> rows[] = {
      {"{\n", "line 2: it is no JSON object"},
      {"[1]\n", "line 2: it is no JSON object"},
      {R"({"type":"track","event":"Order Completed"})", "line 2: it is no event of an export"},
      {R"({"customer_id":"c1","traits":{}})", "line 2: it is no event of an export"},
      {line("c1", "Order Completed", "{}", "\"a\":1", "yesterday"), "line 2: its occurred_at is no time"},
      {"\"" + std::string(2 << 20, 'x') + "\"", "line 2: it is longer than 1 MiB"},
  };
  for (const auto& [bad, message] : rows) {
    auto file = read(good + bad);
    ASSERT_FALSE(file) << message;
    EXPECT_EQ(file.error().code, ErrorCode::corrupt);
    EXPECT_THAT(file.error().message, HasSubstr(message));
  }
}

TEST(ExportedOrders, HalfASurrogatePairIsNoDamage) {
  EXPECT_THAT(orders_of(completed(R"({"revenue":1,"note":"\ud83d"})")), ElementsAre("c1:1"));
}

PurchaseFileOptions cdnow() {
  PurchaseFileOptions options;
  options.cdnow = true;
  return options;
}

TEST(CdnowFile, HasEveryPurchaseToTheCent) {
  for (auto [name, purchases, customers, sum] : {std::tuple("CDNOW_master.txt", 69'659u, 23'570u, "2500315.63"),
                                                 std::tuple("CDNOW_sample.txt", 6919u, 2357u, "244091.94")}) {
    auto mapped = MappedFile::open(std::string(TRIBUTARY_TEST_DATA) + "/data/cdnow/" + name);
    ASSERT_TRUE(mapped);
    auto file = read(mapped->bytes(), cdnow());
    ASSERT_TRUE(file) << file.error().message;
    EXPECT_EQ(file->orders.size(), purchases);
    EXPECT_EQ(file->customers.size(), customers);
    Decimal total;
    for (const BookedOrder& order : file->orders) total = add(total, order.amount).value();
    EXPECT_EQ(to_text(total), sum);
    EXPECT_TRUE(file->ended);
  }
}

TEST(CdnowFile, CustomersKeepTheirIds) {
  auto file = read("id date n value\r\n 00\"7 19970101 1 11.77\r\n00\"7\t19970102 1 0.00", cdnow());
  ASSERT_TRUE(file) << file.error().message;
  ASSERT_EQ(file->customers.size(), 1u);
  EXPECT_EQ(file->customers[0].id, "00\"7");
  EXPECT_EQ(file->customers[0].identity, R"("userId":"00\"7")");
  EXPECT_EQ(file->orders[1].day, days_from_civil({1997, 1, 2}));
}

TEST(CdnowFile, OtherLinesAreRefusedWithTheirNumber) {
  for (auto [bad, message] :
       {std::pair("1 2 3", "line 2: it has fewer than 4 columns"),
        std::pair("1 19970230 1 1.00", "line 2: the last but two of its columns is no date"),
        std::pair("1 19970228 1 1,00", "line 2: its last column is no amount"),
        std::pair("a b c d", "line 2: the last but two"), std::pair("\xff 1 1 1", "line 2: it is no")}) {
    auto file = read("1 19970101 1 1.00\n" + std::string(bad) + "\n", cdnow());
    ASSERT_FALSE(file) << bad;
    EXPECT_EQ(file.error().code, ErrorCode::corrupt);
    EXPECT_THAT(file.error().message, HasSubstr(message));
  }
}

}  // namespace
}  // namespace tributary
