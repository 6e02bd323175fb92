#include "connectors/query/query_parameters.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

using Query = std::vector<std::pair<std::string, std::string>>;

HttpRequest request_with(Query query) {
  HttpRequest request;
  request.query = std::move(query);
  return request;
}

TimelineQuery timeline(Query query) {
  auto parsed = timeline_query(request_with(std::move(query)));
  EXPECT_TRUE(std::holds_alternative<TimelineQuery>(parsed));
  return std::get<TimelineQuery>(parsed);
}

template <class Value>
std::string fault(const Parsed<Value>& parsed) {
  const auto* found = std::get_if<ParameterFault>(&parsed);
  return found == nullptr ? "" : found->message;
}

TEST(ExportParameters, SayWhatAndHow) {
  auto read = [](Query query) { return std::get<ExportQuery>(export_query(request_with(std::move(query)))); };
  ExportQuery plain = read({{"what", "profiles"}});
  EXPECT_FALSE(plain.events || plain.csv || plain.byte_order_mark || plain.range.from || plain.range.until);
  ExportQuery all =
      read({{"what", "events"}, {"format", "csv"}, {"bom", ""}, {"from", "2026-01-01"}, {"to", "2026-01-02"}});
  EXPECT_TRUE(all.events && all.csv && all.byte_order_mark);
  EXPECT_EQ(all.range.from, parse_iso8601("2026-01-01"));
  EXPECT_EQ(all.range.until, parse_iso8601("2026-01-02"));
}

TEST(ExportParameters, FaultsNameTheParameter) {
  auto fault_of = [](Query query) { return fault(export_query(request_with(std::move(query)))); };
  EXPECT_EQ(fault_of({}), "what is neither profiles nor events");
  EXPECT_EQ(fault_of({{"what", "events"}, {"format", "xml"}}), "format is neither ndjson nor csv");
  EXPECT_EQ(fault_of({{"what", "events"}, {"format", "csv"}, {"bom", "maybe"}}), "bom is neither true nor false");
  EXPECT_EQ(fault_of({{"what", "events"}, {"bom", "true"}}), "bom is for csv only");
  EXPECT_EQ(fault_of({{"what", "events"}, {"to", "soon"}}), "to is not an ISO 8601 time");
  EXPECT_EQ(fault_of({{"what", "profiles"}, {"from", "2026-01-01"}}), "from and to are for events only");
}

TEST(TimelineParameters, AbsentOnesDoNotFilter) {
  TimelineQuery query = timeline({{"type", ""}, {"from", ""}});
  EXPECT_FALSE(query.type || !query.names.empty() || query.source || query.from || query.until);
  EXPECT_EQ(query.limit, 50u);
  EXPECT_EQ(query.cursor, "");
}

TEST(TimelineParameters, AllAreRead) {
  TimelineQuery query = timeline({{"type", "page"},
                                  {"name", "Home"},
                                  {"source", "web"},
                                  {"from", "2026-01-01"},
                                  {"until", "2026-01-02T00:00:00+01:00"},
                                  {"limit", "7"},
                                  {"cursor", "c"}});
  EXPECT_EQ(query.type, EventType::page);
  EXPECT_EQ(query.names, std::vector<std::string>{"Home"});
  EXPECT_EQ(query.source, "web");
  EXPECT_EQ(query.from, parse_iso8601("2026-01-01T00:00:00Z"));
  EXPECT_EQ(query.until, parse_iso8601("2026-01-01T23:00:00Z"));
  EXPECT_EQ(query.limit, 7u);
  EXPECT_EQ(query.cursor, "c");
}

TEST(TimelineParameters, LimitIsClamped) {
  EXPECT_EQ(timeline({{"limit", "0"}}).limit, 1u);
  EXPECT_EQ(timeline({{"limit", "1"}}).limit, 1u);
  EXPECT_EQ(timeline({{"limit", "1000"}}).limit, 1000u);
  EXPECT_EQ(timeline({{"limit", "1001"}}).limit, 1000u);
  EXPECT_EQ(timeline({{"limit", "1000000000"}}).limit, 1000u);
  EXPECT_EQ(timeline({{"limit", "99999999999999999999999999"}}).limit, 1000u);
  EXPECT_EQ(timeline({{"limit", "-5"}}).limit, 1u);
}

TEST(TimelineParameters, WrongOnesAreNamedAndNotRepeated) {
  for (auto [name, value] : Query{{"limit", "ten"},
                                  {"limit", "-"},
                                  {"limit", "1e3"},
                                  {"from", "yesterday"},
                                  {"until", "2026-13-01"},
                                  {"type", "' OR 1=1"},
                                  {"type", "Track"}}) {
    std::string message = fault(timeline_query(request_with({{name, value}})));
    EXPECT_EQ(message.rfind(name, 0), 0u) << name << '=' << value << ": " << message;
    EXPECT_EQ(message.find(value), message.npos);
  }
}

TEST(RejectedParameters, CodeIsOneOfTheTable) {
  auto parsed = rejected_query(request_with({{"code", "missing_id"}, {"source", "web"}}));
  EXPECT_EQ(std::get<RejectedQuery>(parsed).code, RejectionCode::missing_id);
  EXPECT_EQ(std::get<RejectedQuery>(parsed).source, "web");
  EXPECT_NE(fault(rejected_query(request_with({{"code", "nonsense"}}))), "");
}

TEST(VerboseParameter, IsABoolean) {
  auto verbose = [](Query query) { return verbose_parameter(request_with(std::move(query))); };
  EXPECT_FALSE(std::get<bool>(verbose({})));
  EXPECT_FALSE(std::get<bool>(verbose({{"verbose", "false"}})));
  EXPECT_TRUE(std::get<bool>(verbose({{"verbose", "true"}})));
  EXPECT_TRUE(std::get<bool>(verbose({{"verbose", ""}})));
  EXPECT_NE(fault(verbose({{"verbose", "maybe"}})), "");
}

TEST(LookupBody, KindAndValue) {
  auto parsed = lookup_query(R"({"kind":"Shopify-Customer-Id","value":12345678901234567890})");
  ASSERT_TRUE(std::holds_alternative<LookupQuery>(parsed));
  EXPECT_EQ(kind_name(std::get<LookupQuery>(parsed).kind), "marketplace_buyer/shopify");
  EXPECT_EQ(std::get<LookupQuery>(parsed).value, "12345678901234567890");
  EXPECT_EQ(std::get<LookupQuery>(lookup_query(R"({"kind":"email","value":" Ann@Example.com "})")).value,
            " Ann@Example.com ");
}

TEST(LookupBody, FaultsAreTold) {
  for (const char* body :
       {"", "null", "[]", "7", "{", R"({"kind":"email"})", R"({"value":"x"})", R"({"kind":7,"value":{}})",
        R"({"kind":"email","value":null})", R"({"kind":"email","value":1.5})", R"({"kind":"no kind!","value":"x"})",
        R"({"kind":"email","value":"x"} y)", "{\"kind\":\"email\",\"value\":\"\xff\"}"}) {
    EXPECT_NE(fault(lookup_query(body)), "") << body;
  }
}

TEST(LookupBody, DeepNestingIsRefused) { EXPECT_NE(fault(lookup_query(std::string(100'000, '['))), ""); }

}  // namespace
}  // namespace tributary
