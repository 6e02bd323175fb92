// Files become events: by a mapping, in groups, and from NDJSON.
#include <boost/json.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "connectors/bulk/mapped_file.h"
#include "connectors/bulk/mapping_file.h"
#include "connectors/bulk/ndjson_input.h"
#include "connectors/bulk/table_input.h"
#include "engine/base/decimal.h"

namespace tributary {
namespace {

using testing::ElementsAre;

Mapping mapping_of(const std::string& yaml) {
  auto parsed = parse_mapping(yaml, "m.yaml");
  if (auto* mistakes = std::get_if<std::vector<std::string>>(&parsed)) {
    for (const std::string& mistake : *mistakes) ADD_FAILURE() << mistake;
    return {};
  }
  return std::get<Mapping>(parsed);
}

std::vector<ImportItem> items_of(ImportInput& input) {
  std::vector<ImportItem> items;
  ImportItem item;
  ImportPart part;
  auto maker = input.make_maker();
  while (input.cut(part, 2)) {
    maker->begin(part);
    while (maker->next(item)) items.push_back(item);
  }
  return items;
}

std::vector<ImportItem> ndjson_items(std::string_view bytes) {
  ImportText text(bytes);
  return items_of(*open_ndjson(text));
}

std::vector<ImportItem> items_of(std::string_view bytes, const std::string& yaml) {
  ImportText text(bytes);
  auto input = open_table(text, mapping_of(yaml));
  if (!input) {
    ADD_FAILURE() << input.error().message;
    return {};
  }
  return items_of(**input);
}

std::string id_of(const ImportItem& item) {
  return std::string(boost::json::parse(item.json).at("messageId").as_string());
}

constexpr const char* kOrders = R"(name: orders
format: csv
group_by: [order]
time: {column: at, format: "%Y-%m-%d"}
user_id: {column: customer, strip_suffix: ".0"}
guest_id: "guest-{order}"
external_ids: [{type: crm, value: "{crm}"}]
channel: shop
events:
  - when: {column: order, starts_with: C}
    name: Order Refunded
    properties: {amount: {sum: [quantity, price], negate: true}}
  - name: Order Completed
    properties:
      total: {sum: [quantity, price]}
      lines: {count: rows}
      line: {line: number}
      note: "{note}"
      shop: {object: {country: NO, gift: {column: gift, type: boolean}}}
      products: {each_row: {quantity: {column: quantity, type: integer, required: true}, price: {column: price, type: decimal}}}
)";
constexpr const char* kHeader = "order,customer,crm,at,quantity,price,note,gift\n";

TEST(TableInput, RowsOfAGroupAreOneEventWhereverTheyStand) {
  auto items =
      items_of(std::string(kHeader) +
                   "1,7.0,,2020-01-02,2,4.15,,yes\nC2,8,,2020-01-03,-1,2.50,,\n1,7.0,,2020-01-09,1,0.10,late,\n",
               kOrders);
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(
      items[0].json,
      R"({"type":"track","event":"Order Completed","messageId":"import:orders:1","timestamp":"2020-01-02T00:00:00.000Z",)"
      R"("channel":"shop","userId":"7","properties":{"total":8.40,"lines":2,"line":2,"shop":{"country":"NO","gift":true},)"
      R"("products":[{"quantity":2,"price":4.15},{"quantity":1,"price":0.10}]}})");
  EXPECT_EQ(
      items[1].json,
      R"({"type":"track","event":"Order Refunded","messageId":"import:orders:C2","timestamp":"2020-01-03T00:00:00.000Z",)"
      R"("channel":"shop","userId":"8","properties":{"amount":2.50}})");
}

TEST(TableInput, GuestsAreCustomersOfTheirOwn) {
  auto items = items_of(std::string(kHeader) + "1,,,2020-01-02,1,1,,\n2,,c9,2020-01-02,1,1,,\n", kOrders);
  ASSERT_EQ(items.size(), 2u);
  EXPECT_THAT(items[0].json, testing::HasSubstr(R"("anonymousId":"guest-1")"));
  EXPECT_THAT(items[1].json,
              testing::HasSubstr(
                  R"("context":{"externalIds":[{"id":"c9","type":"crm","collection":"users","encoding":"none"}]})"));
  EXPECT_THAT(items[1].json, testing::Not(testing::HasSubstr("guest")));
}

TEST(TableInput, ABadValueRefusesItsEventAndNamesTheRow) {
  auto items =
      items_of(std::string(kHeader) +
                   "1,7,,2020-01-02,2,4.15,,\n2,7,,2020-01-02,1,1,,\n1,7,,2020-01-02,x,1,,\n3,7,,20200102,1,1,,\n"
                   "4,7,,2020-01-02,1,1,,\n4,8,,2020-01-02,1,1,,\n5,7,,2020-01-02,1,,,\n,7,,2020-01-02,1,1,,\n"
                   "6,7,,2020-01-02,1,1,,maybe\n7,7,,2020-01-02,1,9999999999999999999999999999999999.9999,,\n",
               kOrders);
  std::vector<std::string> seen;
  for (const ImportItem& item : items) seen.push_back(std::to_string(item.line) + ":" + item.code + ":" + item.column);
  EXPECT_THAT(
      seen, ElementsAre("4:bad_decimal:quantity", "3::", "5:bad_time:at", "7:conflicting_rows:customer",
                        "8:bad_decimal:price", "9:missing_value:order", "10:bad_boolean:gift", "11:bad_decimal:price"));
}

TEST(TableInput, ADamagedRowIsRefusedInItsPlace) {
  auto items = items_of(std::string(kHeader) + "1,7,,2020-01-02,1,1,,\nragged\n2,7,,2020-01-02,1,1,,\n", kOrders);
  ASSERT_EQ(items.size(), 3u);
  EXPECT_EQ(items[1].code, "ragged_row");
  EXPECT_EQ(items[1].line, 3u);
}

TEST(TableInput, GroupKeysOfSeveralColumnsDoNotRunTogether) {
  const char* yaml =
      "name: k\nformat: csv\ngroup_by: [a, b]\ntime: {column: at, format: unix_seconds}\nuser_id: u\n"
      "events: [{name: e}]\n";
  auto items = items_of("a,b,at\nx|,y,1\nx,|y,1\nx\\,y,1\nx,y,1\n", yaml);
  std::set<std::string> ids;
  for (const ImportItem& item : items) ids.insert(id_of(item));
  EXPECT_EQ(ids.size(), 4u);
}

constexpr const char* kLines =
    "name: lines\nformat: csv\ntime: {column: at, format: unix_seconds}\nuser_id: '{id}'\n"
    "events: [{name: e}]\n";

TEST(TableInput, EqualRowsHaveDifferentIdsAndTheSameAgainNextTime) {
  std::string text = "id,at\nx,1\nx,1\n";
  auto items = items_of(text, kLines);
  ASSERT_EQ(items.size(), 2u);
  EXPECT_NE(id_of(items[0]), id_of(items[1]));
  auto longer = items_of(text + "y,2\n", kLines);
  EXPECT_EQ(id_of(longer[0]), id_of(items[0]));
  EXPECT_EQ(id_of(longer[1]), id_of(items[1]));
}

TEST(TableInput, ACorrectedRowIsANewEvent) {
  EXPECT_NE(id_of(items_of("id,at\nx,1\n", kLines)[0]), id_of(items_of("id,at\nx,2\n", kLines)[0]));
}

TEST(TableInput, SeekGoesOnBehindWhatIsAnswered) {
  std::string text = std::string(kHeader) +
                     "1,7,,2020-01-02,1,1,,\n2,7,,2020-01-02,1,1,,\n1,7,,2020-01-02,1,1,,\n3,7,,2020-01-02,1,1,,\n";
  auto all = items_of(text, kOrders);
  ASSERT_EQ(all.size(), 3u);
  for (size_t from = 0; from < all.size(); ++from) {
    ImportText whole(text);
    auto input = open_table(whole, mapping_of(kOrders));
    (*input)->seek(all[from].place);
    auto rest = items_of(**input);
    ASSERT_EQ(rest.size(), all.size() - from);
    EXPECT_EQ(rest[0].json, all[from].json);
  }
}

TEST(TableInput, AFileThatDoesNotFitIsRefusedBeforeAnythingIsSent) {
  ImportText other("a,b\n1,2\n"), nothing("");
  EXPECT_FALSE(open_table(other, mapping_of(kLines)));
  EXPECT_FALSE(open_table(nothing, mapping_of(kLines)));
}

struct Totals {
  std::set<std::string> ids, customers;
  Decimal sum;
};

void add_number(Totals& totals, const std::string& json, const std::string& member, bool negated) {
  size_t at = json.find("\"" + member + "\":") + member.size() + 3;
  auto number = parse_decimal(json.substr(at, json.find_first_of(",}", at) - at));
  ASSERT_TRUE(number) << json;
  totals.sum = add(totals.sum, negated ? negate(*number) : *number).value();
}

std::vector<ImportItem> items_of_shipped(const std::string& data, const std::string& mapping) {
  std::string root = std::string(TRIBUTARY_TEST_DATA);
  auto file = MappedFile::open(root + "/data/" + data);
  if (!file) return {};
  auto loaded = load_mapping(root + "/../config/import/" + mapping);
  ImportText text(file->bytes());
  auto input = open_table(text, std::get<Mapping>(std::move(loaded)));
  return input ? items_of(**input) : std::vector<ImportItem>();
}

TEST(ShippedMappings, CdnowHasEveryPurchaseToTheCent) {
  Totals totals;
  for (const ImportItem& item : items_of_shipped("cdnow/CDNOW_master.txt", "cdnow.yaml")) {
    ASSERT_TRUE(item.good()) << item.line << item.message;
    auto event = boost::json::parse(item.json);
    totals.ids.insert(id_of(item));
    totals.customers.insert(std::string(event.at("userId").as_string()));
    add_number(totals, item.json, "total", false);
  }
  EXPECT_EQ(totals.ids.size(), 69'659u);
  EXPECT_EQ(totals.customers.size(), 23'570u);
  EXPECT_EQ(to_text(totals.sum), "2500315.63");
}

TEST(ShippedMappings, OnlineRetailIsGroupedToInvoicesToThePenny) {
  Totals totals;
  size_t refunds = 0, guests = 0;
  for (const ImportItem& item : items_of_shipped("online_retail/online_retail_30k.csv", "online_retail.yaml")) {
    ASSERT_TRUE(item.good()) << item.line << item.message;
    totals.ids.insert(id_of(item));
    auto event = boost::json::parse(item.json);
    bool refund = event.at("event") == "Order Refunded";
    if (refund) ++refunds;
    add_number(totals, item.json, refund ? "amount" : "total", refund);
    const auto* user = event.as_object().if_contains("userId");
    if (user) totals.customers.insert(std::string(user->as_string()));
    if (!user) ++guests;
  }
  EXPECT_EQ(totals.ids.size(), 12'392u);
  EXPECT_EQ(totals.customers.size(), 3'569u);
  EXPECT_EQ(refunds, 523u);
  EXPECT_EQ(guests, 665u);
  EXPECT_EQ(to_text(totals.sum), "575574.67");
}

TEST(NdjsonInput, EventsGoOnAsTheyAre) {
  std::string line =
      R"({"type":"track","event":"e","userId":"u","messageId":"m1","properties":{"n":12345678901234567890123,"x":1.10}})";
  auto items = ndjson_items("\n" + line + "\r\n  \n");
  ASSERT_EQ(items.size(), 1u);
  EXPECT_EQ(items[0].json, line);
  EXPECT_EQ(items[0].line, 2u);
}

TEST(NdjsonInput, AMissingMessageIdIsMadeOfLineAndContent) {
  std::string text =
      "{\"type\":\"page\"}\n{\"type\":\"page\"}\n{\"messageId\":null,\"a\":{\"messageId\":\"no\"}}\n{\"messageId\" : "
      "\"\"}\n{}\n";
  auto items = ndjson_items(text);
  ASSERT_EQ(items.size(), 5u);
  std::set<std::string> ids;
  for (const ImportItem& item : items) ids.insert(id_of(item));
  EXPECT_EQ(ids.size(), 5u);
  EXPECT_EQ(ids.count("no"), 0u);
  EXPECT_EQ(ndjson_items(text)[1].json, items[1].json);
}

TEST(NdjsonInput, DamagedLinesAreRefusedAlone) {
  std::string text = "{\"a\":1\n[1]\n{\"a\":\"\xff\"}\n{\"userId\":\"u\"}\n{\"a\":1}{\"b\":2}\n\"text\"\n";
  std::vector<std::string> codes;
  for (const ImportItem& item : ndjson_items(text)) codes.push_back(item.code);
  EXPECT_THAT(codes, ElementsAre("invalid_json", "not_an_object", "invalid_utf8", "", "invalid_json", "not_an_object"));
}

TEST(NdjsonInput, NumbersAndEscapesOfAnyKindGoOn) {
  std::string line = R"({"messageId":"m","n":1e999,"big":123456789012345678901234567890,"lone":"\ud800","id\u0021":1})";
  auto items = ndjson_items(line + "\n" + R"({"message\u0049d":"named","n":1})");
  ASSERT_EQ(items.size(), 2u);
  EXPECT_EQ(items[0].json, line);
  EXPECT_EQ(items[1].json, R"({"message\u0049d":"named","n":1})");
}

}  // namespace
}  // namespace tributary
