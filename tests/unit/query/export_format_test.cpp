#include "connectors/query/export_format.h"

#include <gtest/gtest.h>

#include "connectors/document/csv.h"

namespace tributary {
namespace {

std::string cell_of(std::string_view text) {
  std::string out;
  append_csv_cell(out, text);
  return out;
}

const ValueRules kRulesOfValue{*TimeZone::load("UTC"), {}};
const ValueMoment kAtStart{kRulesOfValue, Timestamp{2 * kMicrosPerDay}};

ProfileView some_profile() {
  ProfileView profile;
  auto add = [&](IdentifierKind kind, const char* value) {
    IdentifierView identifier;
    identifier.kind = std::move(kind);
    identifier.value = value;
    profile.identifiers.push_back(std::move(identifier));
  };
  add({IdentifierFamily::user_id, ""}, "a|b");
  add({IdentifierFamily::user_id, ""}, "c\\d");
  add({IdentifierFamily::email, ""}, "=x@example.com");
  add({IdentifierFamily::external_id, "crm"}, "7");
  add({IdentifierFamily::member_card, ""}, "8");
  profile.traits.push_back({"n", "12345678901234567890", "web", "m", {}});
  profile.event_counts.push_back({"seen, \"twice\"", 2});
  profile.channels = {"mobile", "web"};
  profile.events = 2;
  profile.last_seen = Timestamp{1'000'000};
  Order order;
  order.status = OrderStatus::completed;
  order.counts = true;
  order.currency = "USD";
  order.net_minor = order.value_minor = 1205;
  profile.orders = {order};
  return profile;
}

ExportedEvent some_event() {
  ExportedEvent event;
  event.entry.name = "\tname";
  event.entry.message_id = "-1";
  event.entry.source = "web";
  event.entry.channel = "store";
  event.entry.touchpoint = "store:hz-01";
  event.entry.flags = EventFlags::kFutureClamped | EventFlags::kGeneratedMessageId;
  event.entry.json = "{\n  \"a\": \"b\\nc\"\r\n}";
  return event;
}

TEST(CsvCell, IsQuotedWhenItMust) {
  EXPECT_EQ(cell_of(""), "");
  EXPECT_EQ(cell_of("plain text"), "plain text");
  EXPECT_EQ(cell_of("a,b"), "\"a,b\"");
  EXPECT_EQ(cell_of("say \"hi\""), "\"say \"\"hi\"\"\"");
  EXPECT_EQ(cell_of("two\nlines"), "\"two\nlines\"");
  EXPECT_EQ(cell_of("two\rlines"), "\"two\rlines\"");
}

TEST(CsvCell, IsNoFormula) {
  EXPECT_EQ(cell_of("=1+1"), "'=1+1");
  EXPECT_EQ(cell_of("+86138"), "'+86138");
  EXPECT_EQ(cell_of("-1"), "'-1");
  EXPECT_EQ(cell_of("@SUM(A1)"), "'@SUM(A1)");
  EXPECT_EQ(cell_of("\tx"), "'\tx");
  EXPECT_EQ(cell_of("\rx"), "\"'\rx\"");
  EXPECT_EQ(cell_of("=\"a\",b"), "\"'=\"\"a\"\",b\"");
  EXPECT_EQ(cell_of("a=b"), "a=b");
}

TEST(CsvExport, ACustomerIsOneRow) {
  std::string out;
  auto format = csv_export(ExportedThing::profiles, true, kAtStart);
  format->begin(out);
  EXPECT_EQ(out,
            "\xef\xbb\xbf"
            "customer_id,user_id,email,phone,anonymous_id,identifiers,traits,events,first_seen,last_seen,event_counts,"
            "channels,lifecycle,currency,orders_count,revenue_minor,aov_minor,first_order_at,last_order_at,rfm_cell,"
            "churn_band,rfm_scale,computed_traits,lifecycle_since\r\n");
  out.clear();
  ProfileView profile = some_profile();
  format->add(profile, out);
  EXPECT_EQ(out, profile.id.text() +
                     ",a\\|b|c\\\\d,'=x@example.com,,,external_id/crm:7|member_card:8,"
                     "\"{\"\"n\"\":12345678901234567890}\",2,,1970-01-01T00:00:01.000Z,"
                     "\"{\"\"seen, \\\"\"twice\\\"\"\"\":2}\",mobile|web,growth,USD,1,1205,1205,"
                     "1970-01-01T00:00:00.000Z,1970-01-01T00:00:00.000Z,511,low,fixed,{},1970-01-01T00:00:00.000Z\r\n");
  out.clear();
  format->end(1, out);
  EXPECT_EQ(out, "#end,1\r\n");
}

TEST(CsvExport, AnEventIsOneRow) {
  std::string out;
  auto format = csv_export(ExportedThing::events, false, kAtStart);
  format->begin(out);
  EXPECT_EQ(out, "customer_id,type,name,message_id,source,channel,touchpoint,occurred_at,received_at,flags,event\r\n");
  out.clear();
  format->add(some_event(), out);
  EXPECT_EQ(out,
            ",track,'\tname,'-1,web,store,store:hz-01,1970-01-01T00:00:00.000Z,1970-01-01T00:00:00.000Z,"
            "future_clamped|generated_message_id,\"{   \"\"a\"\": \"\"b\\nc\"\"  }\"\r\n");
}

TEST(NdjsonExport, EachItemIsOneLine) {
  std::string out;
  auto format = ndjson_export("default", kAtStart);
  format->begin(out);
  format->add(some_event(), out);
  EXPECT_EQ(out, R"({"customer_id":null,"type":"track","name":"\tname","message_id":"-1","source":"web",)"
                 R"("channel":"store","touchpoint":"store:hz-01",)"
                 R"("occurred_at":"1970-01-01T00:00:00.000Z","received_at":"1970-01-01T00:00:00.000Z",)"
                 R"("flags":["future_clamped","generated_message_id"],"event":{   "a": "b\nc"  }})"
                 "\n");
  out.clear();
  format->end(1, out);
  EXPECT_EQ(out, "{\"end\":true,\"count\":1}\n");
}

}  // namespace
}  // namespace tributary
