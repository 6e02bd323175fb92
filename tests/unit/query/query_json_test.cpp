#include "connectors/query/query_json.h"
#include "connectors/query/computed_traits_json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "connectors/query/query_routes.h"

namespace tributary {
namespace {

using testing::HasSubstr;

const Timestamp kThen = *parse_iso8601("2026-01-02T03:04:05Z");
const CustomerId kCustomer{Hash128{}};
const std::string kCustomerText = kCustomer.text();
const ValueRules kRules{*TimeZone::load("UTC"), {}};
const ValueMoment kNow{kRules, Timestamp{kThen.micros + 45 * kMicrosPerDay}};

ProfileView profile() {
  ProfileView view;
  view.id = kCustomer;
  view.identifiers = {
      IdentifierView{{IdentifierFamily::email, ""}, "ann@example.com", Trust::verified, kThen, kThen, 2}};
  view.traits = {TraitView{"n", "12345678901234567890.10", "web", "m1", kThen}};
  view.event_counts = {EventCountView{"Order \"Completed\"", 2}};
  view.channels = {"web"};
  view.events = 2;
  view.first_seen = view.last_seen = kThen;
  return view;
}

Order order(const std::string& id, Timestamp at) {
  Order order;
  order.order_namespace = "shop";
  order.order_id = id;
  order.status = OrderStatus::completed;
  order.counts = true;
  order.at = at;
  order.currency = "USD";
  order.net_minor = 10250;
  order.refunded_minor = 250;
  order.value_minor = 10000;
  return order;
}

TEST(ProfileJson, HoldsEverything) {
  EXPECT_EQ(
      profile_json(profile(), "default", false, kNow),
      R"({"customer_id":")" + kCustomerText +
          R"(","workspace":"default","identifiers":[{"kind":"email","value":"ann@example.com","trust":"verified",)"
          R"("first_seen":"2026-01-02T03:04:05.000Z","last_seen":"2026-01-02T03:04:05.000Z","events":2}],)"
          R"("traits":{"n":12345678901234567890.10},"computed_traits":{},"event_counts":{"Order \"Completed\"":2},"events":2,)"
          R"("first_seen":"2026-01-02T03:04:05.000Z","last_seen":"2026-01-02T03:04:05.000Z","channels":["web"],)"
          R"("grade":"known","record":null,"classification":{"industry":null,"industry_detail":null,"size":null,)"
          R"("region":null,"province":null,"city":null,"enterprise_type":null,"interaction_level":"low",)"
          R"("product_focus":null,"preferred_channel":null,"budget_band":null,"cooperation_band":null,"repeat_band":"low"},)"
          R"("lifecycle":"acquisition","lifecycle_since":null,"value":{"currency":null,"orders_count":0,"other_currency_orders":0,)"
          R"("revenue_minor":0,"refunds_minor":0,"aov_minor":0,"clv_minor":0,"orders_365d":0,"revenue_365d_minor":0,)"
          R"("repeat_band":"low","first_order_at":null,"last_order_at":null,"rfm":null,"expected_gap_days":null,"churn_ratio":null,)"
          R"("churn_band":"none","complete":true},"behaviour":{"dwell_ms_30d":0,"features_used_30d":0,)"
          R"("feature_depth_30d":null,"complete":true},"membership":{"tier":null,"tier_basis":null,"points":0,)"
          R"("referrals_count":0,"programs":[],"complete":true},"following":{"is_follower":false,"accounts":[],"complete":true},)"
          R"("interactions":{"count":0,"count_30d":0,"level":"low","last_at":null,"last_feedback":null,)"
          R"("next_action_due":null,"complete":true},"service":{"tickets":0,"tickets_created":0,"tickets_open":0,"open_tickets":[],)"
          R"("complaints":0,"responded":0,"response_minutes_avg":null,"targets":0,"in_target":0,"solved":0,)"
          R"("first_contact_resolved":0,"same_day":0,"within_24h":0,"complete":true},"feedback":{"nps_last":null,"nps_class":null,)"
          R"("nps_last_at":null,"ces_last":null,"csat_avg_90d":null,"csat_count_90d":0,"csat_satisfied_90d":0,)"
          R"("sentiment_avg_90d":null,"sentiment_count_90d":0,"negative_count_90d":0,"complete":true},"preferences":[],)"
          R"("exclusions":[],"preferences_complete":true,"tags":[],"tag_conflicts":[],)"
          R"("status":{"current":"potential","since":null,"actor":null,"open_requests_total":0,"open_requests":[]}})");
}

TEST(ProfileJson, TellsWhatACustomerIsWorth) {
  ProfileView view = profile();
  view.orders = {order("1", Timestamp{kThen.micros - 10 * kMicrosPerDay}), order("2", kThen)};
  view.orders_complete = false;
  EXPECT_THAT(
      profile_json(view, "default", false, kNow),
      HasSubstr(
          R"("lifecycle":"growth","lifecycle_since":"2025-12-23T03:04:05.000Z","value":{"currency":"USD","orders_count":2,"other_currency_orders":0,)"
          R"("revenue_minor":20000,"refunds_minor":500,"aov_minor":10000,"clv_minor":20000,"orders_365d":2,)"
          R"("revenue_365d_minor":20000,"repeat_band":"mid","first_order_at":"2025-12-23T03:04:05.000Z",)"
          R"("last_order_at":"2026-01-02T03:04:05.000Z","rfm":{"r_days":45,"f_count":2,"m_minor":20000,)"
          R"("aov_minor":10000,"r_score":4,"f_score":2,"m_score":1,"aov_score":2,"cell":"421",)"
          R"("group":"general_develop","scale":"fixed","scale_computed_at":null},"expected_gap_days":30,"churn_ratio":1.50,"churn_band":"medium",)"
          R"("complete":false})"));
}

RfmScale some_scale() {
  RfmScale scale;
  scale.computed_at = scale.as_of = kThen;
  scale.window_micros = 365 * kMicrosPerDay;
  scale.gaps = 7;
  scale.gap_halves = 41;
  scale.currencies = {{"CNY", 99, {}, {}, {}, {}},
                      {"USD", 100, {-90, -60, -45, -3}, {2, 2, 3}, {1, 2, 3, 20'001}, {1, 2, 3, 4}}};
  return scale;
}

TEST(ProfileJson, TellsByWhichScaleACustomerIsScored) {
  ProfileView view = profile();
  view.orders = {order("1", Timestamp{kThen.micros - 10 * kMicrosPerDay}), order("2", kThen)};
  ValueMoment moment{kRules, kNow.now, std::make_shared<const RfmScale>(some_scale())};
  EXPECT_THAT(profile_json(view, "default", false, moment),
              HasSubstr(R"("r_score":4,"f_score":3,"m_score":4,"aov_score":5,"cell":"434","group":"important_develop",)"
                        R"("scale":"quintiles","scale_computed_at":"2026-01-02T03:04:05.000Z"},)"
                        R"("expected_gap_days":20.5,)"));
}

TEST(ScaleJson, HoldsEverything) {
  RfmScale scale = some_scale();
  EXPECT_EQ(scale_json(scale, kRules),
            R"({"computed_at":"2026-01-02T03:04:05.000Z","as_of":"2026-01-02T03:04:05.000Z","window_seconds":31536000,)"
            R"("gaps":7,"median_gap_days":20.5,"customers":199,"currencies":[{"currency":"CNY","customers":99,)"
            R"("scale":"fixed","r_days":[null,null,null,null],"f_count":[null,null,null,null],)"
            R"("m_minor":[null,null,null,null],"aov_minor":[null,null,null,null]},{"currency":"USD","customers":100,)"
            R"("scale":"quintiles","r_days":[90,60,45,3],"f_count":[2,2,3,null],"m_minor":[1,2,3,20001],)"
            R"("aov_minor":[1,2,3,4]}]})");
  scale.window_micros.reset();
  scale.gap_halves.reset();
  EXPECT_THAT(scale_json(scale, kRules), HasSubstr(R"("window_seconds":null,"gaps":7,"median_gap_days":null,)"));
}

Fact ticket_fact(TicketAct act, int64_t minutes, std::vector<FactValue> values = {}) {
  Fact fact;
  fact.kind = FactKind::ticket;
  fact.act = static_cast<uint8_t>(act);
  fact.subject_text = "t \"1\"";
  fact.at = Timestamp{kThen.micros + minutes * 60 * kMicrosPerSecond};
  fact.values = std::move(values);
  return fact;
}

TEST(ProfileJson, TellsOfTicketsAndPreferences) {
  ProfileView view = profile();
  view.facts = {ticket_fact(TicketAct::created, 0, {{1, "complaint"}, {2, "late"}, {5, "-1"}}),
                ticket_fact(TicketAct::first_responded, 31)};
  Fact viewed;
  viewed.kind = FactKind::preference;
  viewed.act = static_cast<uint8_t>(PreferenceAct::viewed);
  viewed.subject_text = "category toy";
  viewed.at = kThen;
  viewed.source = "web";
  viewed.message_id = "m";
  viewed.values = {{1, "Toy"}};
  view.facts.push_back(viewed);
  Fact dismissed = viewed;
  dismissed.kind = FactKind::exclusion;
  dismissed.act = static_cast<uint8_t>(ExclusionAct::dismissed);
  dismissed.subject_text = "brand lego";
  dismissed.values = {{1, "Lego"}, {2, "too \"loud\""}};
  view.facts.push_back(dismissed);
  std::string json = profile_json(view, "default", false, kNow);
  EXPECT_THAT(json, HasSubstr(R"("service":{"tickets":1,"tickets_created":1,"tickets_open":1,"open_tickets":)"
                              R"([{"ticket_id":"t \"1\"","ticket_type":"complaint","topic":"late",)"
                              R"("created_at":"2026-01-02T03:04:05.000Z"}],"complaints":1,"responded":1,)"
                              R"("response_minutes_avg":31.0,"targets":1,"in_target":0,"solved":0,)"));
  EXPECT_THAT(json,
              HasSubstr(R"("sentiment_avg_90d":-1,"sentiment_count_90d":1,"negative_count_90d":1,"complete":true},)"
                        R"("preferences":[{"kind":"category","value":"Toy","weight":0.091,"origin":"inferred",)"
                        R"("score":1,"inferred_weight":0.091,"updated_at":"2026-01-02T03:04:05.000Z",)"
                        R"("source":"web","message_id":"m"}],"exclusions":[{"kind":"brand","value":"Lego",)"
                        R"("origin":"dismissal","reason":"too \"loud\"","since":"2026-01-02T03:04:05.000Z",)"
                        R"("until":"2027-01-02T03:04:05.000Z","source":"web","message_id":"m"}],)"));
}

TEST(ProfileJson, TellsWhichFiguresAreOfSomeOfTheirFacts) {
  struct {
    FactKind cut;
    bool interactions, service, feedback, preferences;
  } cases[] = {{FactKind::interaction, false, false, false, true}, {FactKind::ticket, true, false, false, true},
               {FactKind::survey, true, true, false, true},        {FactKind::preference, true, true, true, false},
               {FactKind::exclusion, true, true, true, false},     {FactKind::status, true, true, true, true}};
  auto told = [](std::string_view name, bool complete) {
    return '"' + std::string(name) + (complete ? "\":true" : "\":false");
  };
  for (const auto& each : cases) {
    ProfileView view = profile();
    view.facts_cut = bit_of(each.cut);
    std::string json = profile_json(view, "default", false, kNow);
    EXPECT_THAT(json, HasSubstr(R"("next_action_due":null,)" + told("complete", each.interactions)));
    EXPECT_THAT(json, HasSubstr(R"("within_24h":0,)" + told("complete", each.service)));
    EXPECT_THAT(json, HasSubstr(R"("negative_count_90d":0,)" + told("complete", each.feedback)));
    EXPECT_THAT(json, HasSubstr(told("preferences_complete", each.preferences)));
  }
  ProfileView view = profile();
  view.orders_complete = false;
  EXPECT_THAT(profile_json(view, "default", false, kNow), HasSubstr(told("preferences_complete", false)));
}

TEST(ProfileJson, TellsTheRecordAndWhoSaidIt) {
  using enum RecordField;
  ProfileView view = profile();
  auto save = [&](RecordAct act, std::string id, int64_t days_ago, std::vector<FactValue> values) {
    Fact fact;
    fact.kind = FactKind::record;
    fact.act = static_cast<uint8_t>(act);
    fact.trust = Trust::verified;
    fact.at = Timestamp{kThen.micros - days_ago * kMicrosPerDay};
    fact.source = "crm";
    fact.message_id = std::move(id);
    fact.values = std::move(values);
    view.facts.push_back(std::move(fact));
  };
  auto value = [](RecordField field, std::string text) {
    return FactValue{static_cast<uint8_t>(field), std::move(text)};
  };
  save(RecordAct::saved, "m1", 1,
       {value(customer_type, "person"), value(name, "Ann"), value(employee_count, "7"), value(source, "referral"),
        value(annual_budget, "100 USD")});
  save(RecordAct::changed, "m2", 0,
       {value(codes, "phone:phone_length"), value(actor, "key"), value(name, "Anne"), value(source, "")});
  EXPECT_THAT(profile_json(view, "default", false, kNow),
              HasSubstr(R"("grade":"registered","record":{"customer_type":"person","fields":{"customer_type":"person",)"
                        R"("name":"Anne","employee_count":7,"annual_budget":{"minor":100,"currency":"USD"}},)"
                        R"("completeness":16,"completion_state":"incomplete",)"
                        R"("missing":["phone_or_email","source","first_contact_date","status","owner"],)"
                        R"("completion_due_at":"2026-01-06T03:04:05.000Z",)"
                        R"("flags":[{"field":"phone","code":"phone_length","message_id":"m2"}],)"
                        R"("created_at":"2026-01-01T03:04:05.000Z","updated_at":"2026-01-02T03:04:05.000Z"})"));
  EXPECT_THAT(profile_json(view, "default", true, kNow),
              HasSubstr(R"("name":{"value":"Anne","source":"crm","message_id":"m2",)"
                        R"("occurred_at":"2026-01-02T03:04:05.000Z","actor":"key","candidates":[{"value":"Ann",)"
                        R"("source":"crm","message_id":"m1","occurred_at":"2026-01-01T03:04:05.000Z"}]})"));
}

TEST(ComputedTraitsJson, TellsValuesAndOnDemandTheirGrounds) {
  ComputedTraitView sum{"sum", {TraitWindow::Kind::days, 30}, {"10.5", 2, true, true}};
  ComputedTraitView list{"list", {TraitWindow::Kind::rolling, 12 * kMicrosPerHour}, {"[1]", 300, false, false}};
  EXPECT_EQ(computed_traits_json({list, sum}), R"({"list":[1],"sum":10.5})");
  std::string verbose;
  JsonOut json(verbose);
  append_computed_traits(json, {list, sum}, true);
  EXPECT_EQ(verbose, R"({"list":{"value":[1],"count":300,"window":"12h","complete":false,"list_complete":false},)"
                     R"("sum":{"value":10.5,"count":2,"window":"30cd","complete":true}})");
}

TEST(ComputedTraitsJson, TellsWhatIsDeclaredForTheWorkspace) {
  ComputedTraits traits;
  ComputedTrait& trait = traits.definitions.emplace_back();
  trait.name = "t";
  trait.rule.workspace = WorkspaceId{7};
  trait.rule.name = "Order Completed";
  trait.rule.where = {{{"properties", "a"}, PropertyCondition::Test::one_of, {"x", "y"}},
                      {{"context", "b"}, PropertyCondition::Test::exists, {"false"}}};
  EXPECT_EQ(computed_trait_definitions_json(&traits, WorkspaceId{7}),
            R"({"computed_traits":[{"name":"t","type":"track","event":"Order Completed","where":[)"
            R"({"property":"properties.a","one_of":["x","y"]},{"property":"context.b","exists":false}],)"
            R"("aggregate":"count","window":"all"}]})");
  EXPECT_EQ(computed_trait_definitions_json(&traits, WorkspaceId{8}), R"({"computed_traits":[]})");
  EXPECT_EQ(computed_trait_definitions_json(nullptr, WorkspaceId{8}), R"({"computed_traits":[]})");
}

TEST(OrdersJson, TellsEverything) {
  OrdersPage page;
  page.customer = kCustomer;
  Order bought = order("o \"1\"", kThen);
  bought.status = OrderStatus::partially_refunded;
  bought.shipping_minor = 900;
  bought.quantity = "1.5";
  bought.gift = true;
  bought.line_count = 1;
  bought.lines_json = R"([{"sku":"s"}])";
  bought.amount_rounded = bought.refund_exceeds_order = true;
  Order unknown;
  unknown.order_namespace = "shop", unknown.order_id = "2", unknown.at = kThen;
  page.orders = {bought, unknown};
  page.next_cursor = "c";
  EXPECT_EQ(orders_json(page),
            R"({"customer_id":")" + kCustomerText +
                R"(","orders":[{"order_namespace":"shop","order_id":"o \"1\"","status":"partially_refunded",)"
                R"("counts":true,"occurred_at":"2026-01-02T03:04:05.000Z","currency":"USD","net_minor":10250,)"
                R"("refunded_minor":250,"value_minor":10000,"discount_minor":null,"shipping_minor":900,)"
                R"("tax_minor":null,"quantity":1.5,"is_gift":true,"test":false,"line_count":1,"lines":[{"sku":"s"}],)"
                R"("flags":["amount_rounded","refund_exceeds_order"]},)"
                R"({"order_namespace":"shop","order_id":"2","status":"pending","counts":false,)"
                R"("occurred_at":"2026-01-02T03:04:05.000Z","currency":null,"net_minor":null,"refunded_minor":0,)"
                R"("value_minor":0,"discount_minor":null,"shipping_minor":null,"tax_minor":null,"quantity":null,)"
                R"("is_gift":false,"test":false,"line_count":0,"lines":[],"flags":["amount_missing"]}],)"
                R"("complete":true,"next":"c"})");
}

TEST(ProfileJson, VerboseTellsWhereEachTraitComesFrom) {
  EXPECT_NE(profile_json(profile(), "default", true, kNow)
                .find(R"("traits":{"n":{"value":12345678901234567890.10,"source":"web","message_id":"m1",)"
                      R"("occurred_at":"2026-01-02T03:04:05.000Z"}})"),
            std::string::npos);
}

TEST(TimelineJson, EventBytesAreUnchanged) {
  TimelinePage page;
  page.customer = kCustomer;
  TimelineEntry entry;
  entry.type = EventType::track;
  entry.name = "e", entry.message_id = "m", entry.source = "web";
  entry.occurred_at = entry.received_at = kThen;
  entry.flags = EventFlags::kFutureClamped | EventFlags::kGeneratedMessageId | EventFlags::kUnknownChannel |
                EventFlags::kPlanViolated;
  entry.channel = "other";
  entry.json = R"({ "a" : 1.50, "a" : 9007199254740993 })";
  page.entries = {entry};
  EXPECT_EQ(timeline_json(page),
            R"({"customer_id":")" + kCustomerText +
                R"(","events":[{"type":"track","name":"e","message_id":"m","source":"web",)"
                R"("channel":"other","touchpoint":null,)"
                R"("occurred_at":"2026-01-02T03:04:05.000Z","received_at":"2026-01-02T03:04:05.000Z",)"
                R"("flags":["future_clamped","generated_message_id","unknown_channel","plan_violated"],)"
                R"("event":{ "a" : 1.50, "a" : 9007199254740993 }}],"next":null})");
  page.entries.clear();
  page.next_cursor = "c";
  EXPECT_EQ(timeline_json(page), R"({"customer_id":")" + kCustomerText + R"(","events":[],"next":"c"})");
}

TEST(RejectedJson, RawBytesBecomeValidText) {
  RejectedPage page;
  RejectedEntry entry;
  entry.id = "7", entry.source = "web", entry.code = RejectionCode::invalid_utf8;
  entry.message = "no UTF-8", entry.path = "/batch/3", entry.received_at = kThen;
  entry.raw = "{\"a\":\"\xff\"}";
  page.entries = {entry};
  EXPECT_EQ(rejected_json(page),
            R"({"rejected":[{"id":"7","source":"web","code":"invalid_utf8","message":"no UTF-8","path":"/batch/3",)"
            R"("message_id":"","received_at":"2026-01-02T03:04:05.000Z","raw":"{\"a\":\")"
            "\xef\xbf\xbd"
            R"(\"}"}],"next":null})");
}

TEST(Openapi, IsServedAsJson) {
  EXPECT_EQ(openapi_json().substr(0, 18), R"({"openapi":"3.1.0")");
  EXPECT_EQ(openapi_json().back(), '}');
}

}  // namespace
}  // namespace tributary
