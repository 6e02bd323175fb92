// Statements over the real state: what they may do, what they cost, and what the functions say.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/query/sql/run_sql.h"
#include "engine/query/sql/statement_text.h"
#include "engine/query/sql/window.h"
#include "tests/model/fold_harness.h"
#include "tests/model/universe.h"

namespace tributary::model {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const KeyedHash kSqlKey(std::string(32, 's'));
const KeyedHash kSqlCursorKey(std::string(32, 'c'));
const WorkspaceId kSqlWorkspace{1};

ValueRules shanghai_rules() { return {*TimeZone::load("Asia/Shanghai"), "CNY"}; }

/// Rows as text: cells with a bar between them, NULL for what is missing.
class TextRows : public SqlRows {
 public:
  void columns(std::vector<std::pair<std::string, std::string>> names_and_types) override {
    for (auto& [name, type] : names_and_types) names.push_back(name);
  }
  size_t row(std::span<const SqlValue> values) override {
    std::string line;
    for (const SqlValue& value : values) {
      if (!line.empty()) line += '|';
      if (const auto* text = std::get_if<std::string>(&value)) line += *text;
      if (const auto* whole = std::get_if<int64_t>(&value)) line += std::to_string(*whole);
      if (const auto* real = std::get_if<double>(&value)) line += testing::PrintToString(*real);
      if (value.index() == 0) line += "NULL";
    }
    lines.push_back(line);
    return bytes += line.size();
  }
  size_t bytes = 0;
  std::vector<std::string> names, lines;
};

class Statements : public testing::Test {
 protected:
  void fold(const std::vector<EventSketch>& sketches, const std::string& json = "{}") {
    std::vector<Event> events;
    for (const EventSketch& sketch : sketches) {
      Event event = make_event(sketch, kSqlKey);
      event.owned_json = std::make_shared<std::string>(json);
      event.json = *event.owned_json;
      events.push_back(event);
    }
    harness_.fold(kSqlWorkspace, events);
  }

  /// Users u0 ... with one event each.
  void fold_users(int count) {
    for (int i = 0; i < count; ++i) {
      std::string number = std::to_string(i);
      fold({{.ids = {{"user_id", "u" + number}}, .at = i, .message_id = "m" + number, .name = "App Opened"}});
    }
  }

  SqlQuery query(const std::string& text) {
    SqlQuery asked{.text = text, .parameters = {}, .rules = shanghai_rules(), .now = now_};
    return asked;
  }

  SqlOutcome run(const SqlQuery& asked, const std::function<bool()>& cancelled = [] { return false; }) {
    SqlSource source{harness_.store().snapshot(),
                     harness_.log(),
                     kSqlKey,
                     kSqlCursorKey,
                     kSqlWorkspace,
                     harness_.rules(kSqlWorkspace),
                     nullptr,
                     std::make_shared<TagLibrary>()};
    rows_ = {};
    return run_sql(source, asked, rows_, cancelled);
  }

  std::vector<std::string> lines(const std::string& text) {
    SqlOutcome outcome = run(query(text));
    if (outcome.fault) return {"fault: " + outcome.fault->message};
    scanned_ = outcome.scanned;
    return rows_.lines;
  }

  /// The kind of fault and its message; fails without one.
  SqlFault fault(const std::string& text) {
    SqlOutcome outcome = run(query(text));
    EXPECT_TRUE(outcome.fault) << text;
    return outcome.fault.value_or(SqlFault{.kind = SqlFaultKind::cancelled});
  }

  FoldHarness harness_{kSqlKey};
  Timestamp now_{kBaseMicros + 10 * kMicrosPerDay};
  TextRows rows_;
  uint64_t scanned_ = 0;
};

// -- what a statement may not do ------------------------------------------------------------------------------------

using Sandbox = Statements;

TEST_F(Sandbox, TakesNothingButQueries) {
  for (std::string text :
       {"DELETE FROM customers", "INSERT INTO customers(name) VALUES ('x')", "CREATE TABLE t(x)", "PRAGMA temp_store",
        "ATTACH 'x' AS y", "VACUUM INTO 'x'", "BEGIN", "REINDEX", "EXPLAIN SELECT 1", "EXPLAIN QUERY PLAN SELECT 1",
        "DROP TABLE customers", "CREATE VIRTUAL TABLE t USING customers", "ANALYZE", "SAVEPOINT s", "DETACH main"}) {
    EXPECT_EQ(fault(text).kind, SqlFaultKind::not_allowed) << text;
  }
}

TEST_F(Sandbox, TakesOneStatement) {
  EXPECT_EQ(fault("SELECT 1; DELETE FROM customers").kind, SqlFaultKind::not_allowed);
  EXPECT_EQ(fault("SELECT 1; SELECT 2").position->column, 11u);
  EXPECT_THAT(lines("SELECT 1; -- the end\n ; /* really */"), ElementsAre("1"));
  EXPECT_EQ(fault(std::string("SELECT 1\0; SELECT 2", 19)).kind, SqlFaultKind::invalid);
  EXPECT_EQ(fault(" -- nothing\n").message, "there is no statement");
}

TEST_F(Sandbox, ReadsNoOtherTables) {
  for (std::string text :
       {"SELECT * FROM sqlite_master", "SELECT count(*) FROM sqlite_master", "SELECT * FROM sqlite_schema",
        "SELECT * FROM pragma_table_info('customers')", "SELECT count(*) FROM pragma_database_list",
        "SELECT * FROM dbstat", "SELECT * FROM sqlite_stmt", "SELECT * FROM pragma_compile_options",
        "SELECT * FROM fts3tokenize", "SELECT * FROM bytecode('SELECT 1')"}) {
    EXPECT_TRUE(fault(text).kind == SqlFaultKind::not_allowed || fault(text).kind == SqlFaultKind::invalid) << text;
    EXPECT_THAT(rows_.lines, IsEmpty()) << text;
  }
}

TEST_F(Sandbox, CallsNoFunctionThatTakesLongOrKnowsFiles) {
  for (std::string call :
       {"printf('%.*c', 2000000000, 'x')", "format('%.*c', 2000000000, 'x')", "randomblob(1000000000)",
        "zeroblob(1000000000)", "random()", "load_extension('x')", "sqlite_version()", "fts3_tokenizer('x')",
        "sqlite_compileoption_get(1)", "changes()", "readfile('/etc/passwd')"}) {
    SqlFault found = fault("SELECT " + call);
    EXPECT_TRUE(found.kind == SqlFaultKind::not_allowed || found.message.starts_with("no such function")) << call;
  }
}

TEST_F(Sandbox, AllowsWithButNoRecursion) {
  EXPECT_THAT(lines("WITH t AS (SELECT 1 AS x UNION SELECT 2) SELECT sum(x) FROM t"), ElementsAre("3"));
  EXPECT_THAT(lines("WITH t AS (SELECT 1 AS x UNION SELECT 2) SELECT count(*) FROM t"), ElementsAre("2"));
  SqlFault found = fault("WITH RECURSIVE t(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM t) SELECT count(*) FROM t");
  EXPECT_EQ(found.kind, SqlFaultKind::not_allowed);
}

TEST_F(Sandbox, NamesInDoubleQuotesAreNoTexts) {
  SqlFault found = fault("SELECT 1 FROM customers WHERE \"statuss\" = 'won'");
  EXPECT_EQ(found.kind, SqlFaultKind::invalid);
  EXPECT_EQ(found.nearest, "status");
}

TEST_F(Sandbox, EndsAtItsTime) {
  fold_users(40);
  SqlQuery endless = query("SELECT count(*) FROM customers a, customers b, customers c, customers d, customers e");
  endless.time_max_micros = 50'000;
  SqlOutcome outcome = run(endless);
  ASSERT_TRUE(outcome.fault);
  EXPECT_EQ(outcome.fault->kind, SqlFaultKind::time_limit);
}

TEST_F(Sandbox, EndsWhenNobodyWaits) {
  fold_users(40);
  int asked = 0;
  SqlOutcome outcome =
      run(query("SELECT count(*) FROM customers a, customers b, customers c, customers d, customers e"),
          [&asked] { return ++asked > 5; });
  ASSERT_TRUE(outcome.fault);
  EXPECT_EQ(outcome.fault->kind, SqlFaultKind::cancelled);
}

// What is sorted and what is told apart stays in memory, which has a limit of its own in each statement.
TEST_F(Sandbox, EndsAtItsMemory) {
  fold_users(60);
  for (std::string text : {"SELECT a.customer_id || b.customer_id || c.customer_id AS x FROM customers a, customers b, "
                           "customers c ORDER BY x DESC LIMIT 1 OFFSET 200000",
                           "SELECT count(DISTINCT a.customer_id || b.customer_id || c.customer_id) FROM customers a, "
                           "customers b, customers c"}) {
    SqlQuery greedy = query(text);
    greedy.memory_max = 4 << 20;
    SqlOutcome outcome = run(greedy);
    ASSERT_TRUE(outcome.fault) << text;
    EXPECT_EQ(outcome.fault->kind, SqlFaultKind::memory_limit) << outcome.fault->message;
    EXPECT_LE(outcome.memory_bytes, 4u << 20);
  }
  EXPECT_THAT(lines("SELECT count(*) FROM customers"), ElementsAre("60"));
}

TEST_F(Sandbox, GivesSoManyRows) {
  fold_users(5);
  SqlQuery some = query("SELECT customer_id FROM customers");
  some.rows_max = 3;
  SqlOutcome outcome = run(some);
  EXPECT_EQ(outcome.rows, 3u);
  EXPECT_TRUE(outcome.partial);
  some.rows_max = 5;
  EXPECT_FALSE(run(some).partial);
}

TEST_F(Sandbox, BoundsTheText) {
  EXPECT_EQ(fault("SELECT '" + std::string(70'000, 'x') + "'").kind, SqlFaultKind::invalid);
  std::string deep = "1";
  for (int i = 0; i < 150; ++i) deep = "(" + deep + "+1)";
  EXPECT_EQ(fault("SELECT " + deep).kind, SqlFaultKind::invalid);
  std::string compound = "SELECT 1";
  for (int i = 0; i < 25; ++i) compound += " UNION ALL SELECT 1";
  EXPECT_EQ(fault(compound).kind, SqlFaultKind::invalid);
  EXPECT_EQ(fault("SELECT 'a' LIKE '" + std::string(300, '%') + "'").kind, SqlFaultKind::invalid);
  EXPECT_EQ(fault("SELECT replace(replace(replace('" + std::string(1000, 'x') + "', 'x', '" + std::string(1000, 'y') +
                  "'), 'y', 'zz'), 'z', 'zz')")
                .kind,
            SqlFaultKind::invalid);
}

TEST_F(Sandbox, SaysWhereAMistakeIsAndWhatWasMeant) {
  SqlFault column = fault("SELECT 姓,\n  industy FROM customers");
  EXPECT_EQ(column.message, "no such column: 姓");
  column = fault("SELECT name,\n  industy FROM customers");
  EXPECT_EQ(column.nearest, "industry");
  ASSERT_TRUE(column.position);
  EXPECT_EQ(column.position->line, 2u);
  EXPECT_EQ(column.position->column, 3u);
  EXPECT_EQ(fault("SELECT 1 FROM custmers").nearest, "customers");
  EXPECT_EQ(fault("SELECT evnt_count(customer_id, 'x', '1d') FROM customers").nearest, "event_count");
}

TEST_F(Sandbox, BindsParameters) {
  SqlQuery asked = query("SELECT ?1 + 1, :name");
  asked.parameters = {{"", SqlValue(int64_t{41})}, {"name", SqlValue(std::string("x"))}};
  EXPECT_FALSE(run(asked).fault);
  EXPECT_THAT(rows_.lines, ElementsAre("42|x"));
  asked.parameters.pop_back();
  EXPECT_THAT(run(asked).fault->message, HasSubstr(":name"));
  asked.parameters = {{"other", SqlValue()}};
  EXPECT_THAT(run(asked).fault->message, HasSubstr(":other"));
}

TEST(WithoutLiterals, KeepsNamesAlone) {
  EXPECT_EQ(
      without_literals("SELECT name FROM customers WHERE phone = '138''00' AND \"张三\" > 1.5e-3 -- 李四\n OR x='a'"),
      "SELECT name FROM customers WHERE phone = ? AND ? > ? OR x=?");
  EXPECT_EQ(without_literals("SELECT x'4142', [a b], `c`, t1.c2 /* 王五 */ FROM t1"), "SELECT ?, ?, ?, t1.c2 FROM t1");
  EXPECT_EQ(without_literals("SELECT 'not ended"), "SELECT ?");
}

// -- what it costs --------------------------------------------------------------------------------------------------

using PushDown = Statements;

TEST_F(PushDown, OneCustomerIsFoundWithoutAScan) {
  fold_users(30);
  std::string id = lines("SELECT customer_id FROM identifiers WHERE kind = 'user_id' AND value = 'u7'").at(0);
  EXPECT_EQ(scanned_, 1u);
  EXPECT_THAT(lines("SELECT events FROM customers WHERE customer_id = '" + id + "'"), ElementsAre("1"));
  EXPECT_EQ(scanned_, 1u);
  EXPECT_THAT(lines("SELECT name FROM events WHERE customer_id = '" + id + "'"), ElementsAre("App Opened"));
  EXPECT_EQ(scanned_, 1u);
  std::string other = lines("SELECT customer_id FROM identifiers WHERE kind = 'user_id' AND value = 'u9'").at(0);
  EXPECT_THAT(lines("SELECT count(*) FROM customers WHERE customer_id IN ('" + id + "', '" + other + "', 'nobody')"),
              ElementsAre("2"));
  EXPECT_EQ(scanned_, 2u);
  EXPECT_THAT(lines("SELECT count(*) FROM customers"), ElementsAre("30"));
  EXPECT_EQ(scanned_, 30u);
}

TEST_F(PushDown, AJoinLooksEachCustomerUp) {
  fold_users(10);
  EXPECT_THAT(lines("SELECT count(*) FROM events e JOIN customers c ON c.customer_id = e.customer_id"),
              ElementsAre("10"));
  EXPECT_EQ(scanned_, 20u);
}

TEST_F(PushDown, RangesOfTimeLeaveTheRestOut) {
  fold_users(20);
  EXPECT_THAT(lines("SELECT count(*) FROM events WHERE occurred_at >= '2026-01-01T00:00:05.000Z' AND occurred_at < "
                    "'2026-01-01T00:00:08.000Z'"),
              ElementsAre("3"));
  EXPECT_LE(scanned_, 4u);
  EXPECT_THAT(lines("SELECT count(*) FROM events WHERE occurred_at > '2025-12-31'"), ElementsAre("20"));
  EXPECT_THAT(lines("SELECT count(*) FROM events WHERE occurred_at <= '2026-01-01'"), ElementsAre("0"));
}

TEST_F(PushDown, LimitEndsTheWalk) {
  fold_users(20);
  EXPECT_EQ(lines("SELECT customer_id FROM customers LIMIT 2").size(), 2u);
  EXPECT_LE(scanned_, 3u);
}

TEST_F(PushDown, ATimelineComesNewestFirstWithoutSorting) {
  for (int i = 0; i < 10; ++i) {
    fold({{.ids = {{"user_id", "A"}}, .at = i, .message_id = "m" + std::to_string(i), .name = "n"}});
  }
  std::string id = lines("SELECT customer_id FROM customers").at(0);
  std::string events = "SELECT event_id FROM events WHERE customer_id = '" + id + "' ORDER BY occurred_at ";
  EXPECT_THAT(lines(events + "DESC LIMIT 2"), ElementsAre("m9", "m8"));
  EXPECT_LE(scanned_, 3u);
  EXPECT_THAT(lines(events + "LIMIT 2"), ElementsAre("m0", "m1"));
}

TEST_F(PushDown, AnotherCollationIsNoKey) {
  fold_users(3);
  std::string id = lines("SELECT customer_id FROM customers LIMIT 1").at(0);
  std::string upper = lines("SELECT upper('" + id + "')").at(0);
  EXPECT_THAT(lines("SELECT count(*) FROM customers WHERE customer_id = '" + upper + "' COLLATE NOCASE"),
              ElementsAre("1"));
}

TEST_F(PushDown, AnIdentifierOfManyIsFoundWithAll) {
  fold_users(3);
  EXPECT_THAT(lines("SELECT count(*) FROM identifiers WHERE kind = 'user_id' AND value = 'nobody'"), ElementsAre("0"));
  EXPECT_THAT(lines("SELECT count(*) FROM identifiers WHERE kind = 'no kind!' AND value = 'u1'"), ElementsAre("0"));
}

// -- what the functions say -----------------------------------------------------------------------------------------

using Functions = Statements;

TEST_F(Functions, OfMoney) {
  EXPECT_THAT(
      lines("SELECT money('10万', 'CNY'), money('199.99', 'CNY'), money('1500', 'JPY'), money_text(19999, 'CNY'), "
            "money_text(1500, 'JPY'), money(NULL, 'CNY')"),
      ElementsAre("10000000|19999|1500|199.99|1500|NULL"));
  EXPECT_THAT(fault("SELECT money('much', 'CNY')").message, HasSubstr("money: expected an amount"));
  EXPECT_EQ(fault("SELECT money('1', 'money')").kind, SqlFaultKind::invalid);
}

TEST_F(Functions, OfTimes) {
  now_ = *parse_iso8601("2026-10-16T12:00:00+08:00");
  EXPECT_THAT(lines("SELECT now(), today(), ago('30d'), local_date('2026-10-15T16:30:00.000Z'), "
                    "local_month('2026-09-30T16:00:00.000Z'), local_hour('2026-10-15T16:30:00.000Z'), "
                    "hours_between('2026-10-15T16:30:00.000Z', '2026-10-15T18:00:00.000Z')"),
              ElementsAre("2026-10-16T04:00:00.000Z|2026-10-16|2026-09-16T04:00:00.000Z|2026-10-16|2026-10|0|1.5"));
  EXPECT_THAT(lines("SELECT within('2026-10-13T04:00:00.000Z', '3d'), older_than('2026-10-13T04:00:00.000Z', '3d'), "
                    "within('2026-10-13T04:00:00.001Z', '3d'), older_than('2026-10-13T04:00:00.001Z', '3d'), "
                    "within(NULL, '3d'), older_than(NULL, '3d')"),
              ElementsAre("0|1|1|0|NULL|NULL"));
  EXPECT_THAT(lines("SELECT days_since('2026-10-15T15:59:59.000Z'), days_since('2026-10-15T16:00:00.000Z')"),
              ElementsAre("1|0"));
  EXPECT_THAT(
      lines("SELECT days_to_birthday('1990-10-17'), days_to_birthday('--10-16'), days_to_birthday('1988-10-15'), "
            "days_to_birthday('1988-02-29'), days_to_birthday('')"),
      ElementsAre("1|0|364|135|NULL"));
  EXPECT_THAT(fault("SELECT within(now(), '3 days')").message, HasSubstr("expected a length"));
}

TEST_F(Functions, OfTexts) {
  EXPECT_THAT(lines("SELECT lower('ÄÖ ACME'), upper('äö acme')"), ElementsAre("äö acme|ÄÖ ACME"));
}

TEST(Windows, OfLocalDaysMonthsAndYears) {
  TimeZone zone = *TimeZone::load("Asia/Shanghai");
  Timestamp now = *parse_iso8601("2026-10-16T12:00:00+08:00");  // a Friday
  auto begin = [&](std::string_view text) {
    auto window = parse_window(text, zone, now);
    return window && window->after ? format_iso8601(Timestamp{window->after->micros + 1}) : "none";
  };
  EXPECT_EQ(begin("1cd"), "2026-10-15T16:00:00.000Z");
  EXPECT_EQ(begin("30cd"), "2026-09-16T16:00:00.000Z");
  EXPECT_EQ(begin("1cw"), "2026-10-11T16:00:00.000Z");
  EXPECT_EQ(begin("12cm"), "2025-10-31T16:00:00.000Z");
  EXPECT_EQ(begin("1cy"), "2025-12-31T16:00:00.000Z");
  EXPECT_EQ(begin("all"), "none");
  for (std::string_view bad :
       {"", "d", "0d", "-1d", "30", "30x", "30 d", "99999999999999d", "9999999cy", "30000cm", "6000cw"}) {
    EXPECT_FALSE(parse_window(bad, zone, now)) << bad;
  }
}

TEST_F(Functions, OfEvents) {
  for (int day : {0, 1, 9}) {
    std::string id = "m" + std::to_string(day);
    fold({{.ids = {{"user_id", "A"}}, .at = day * 86'400, .message_id = id, .name = "Lesson Completed"}},
         R"({"properties":{"minutes":1.5}})");
  }
  EXPECT_THAT(
      lines("SELECT event_count(customer_id, 'Lesson Completed', 'all'), "
            "event_count(customer_id, 'Lesson Completed', '2d'), event_days(customer_id, 'Lesson Completed', 'all'), "
            "event_sum(customer_id, 'Lesson Completed', 'minutes', 'all'), event_first(customer_id, 'Lesson "
            "Completed'), event_last(customer_id, 'Lesson Completed'), event_count(customer_id, 'Other', 'all'), "
            "event_last(customer_id, 'Other') FROM customers"),
      ElementsAre("3|1|3|4.5|2026-01-01T00:00:00.000Z|2026-01-10T00:00:00.000Z|0|NULL"));
  EXPECT_THAT(lines("SELECT event_count('nobody', 'Lesson Completed', 'all')"), ElementsAre("NULL"));
}

TEST_F(Functions, OfSequences) {
  auto at = [this](int64_t day, const std::string& name) {
    fold({{.ids = {{"user_id", "A"}}, .at = day * 86'400, .message_id = name + std::to_string(day), .name = name}});
  };
  at(0, "A");
  at(1, "B");
  at(5, "A");
  at(7, "C");
  at(9, "A");
  auto did = [this](const std::string& sequence, const std::string& length) {
    return lines("SELECT did_sequence(customer_id, '" + sequence + "', '" + length + "') FROM customers").at(0);
  };
  EXPECT_EQ(did("A > B", "1d"), "1");
  EXPECT_EQ(did("A > C", "1d"), "0");
  EXPECT_EQ(did("A > B > C", "all"), "1");
  EXPECT_EQ(did("B > C > B", "all"), "0");
  EXPECT_EQ(did("A > !B", "1d"), "1");  // the second one
  EXPECT_EQ(did("C > !A", "1d"), "1");
  EXPECT_EQ(did("C > !A", "2d"), "0");
  EXPECT_EQ(did("B > !A", "9d"), "0");
  EXPECT_EQ(did("C > !D", "30d"), "0");  // the window has not closed
  EXPECT_THAT(did("!A > B", "1d"), HasSubstr("fault: did_sequence: expected"));
}

TEST_F(Functions, OfOrdersAndLines) {
  auto order = [this](const std::string& id, int64_t at, const std::string& revenue, const std::string& lines_json,
                      bool gift) {
    EventSketch sketch{.ids = {{"user_id", "A"}}, .at = at, .message_id = "o" + id, .name = "Order Completed"};
    OrderSaid said;
    said.order_namespace = "shop";
    said.order_id = id;
    said.values = {{OrderField::currency, "CNY"}, {OrderField::revenue, revenue}};
    if (gift) said.values.push_back({OrderField::gift, "true"});
    said.values.push_back({OrderField::line_count, "1"});
    said.values.push_back({OrderField::lines, lines_json});
    sketch.order = said;
    fold({sketch});
  };
  order("1", 0, "300", R"([{"category":"Camera","brand":"X"}])", false);
  order("2", 86'400 * 8, "20.50", R"([{"category":"toy"}])", true);
  EXPECT_THAT(
      lines("SELECT order_count(customer_id, 'all'), order_count(customer_id, '3d'), order_sum(customer_id, 'all'), "
            "bought(customer_id, 'category', 'camera', 'all'), bought(customer_id, 'category', 'toy', 'all'), "
            "bought(customer_id, 'brand', 'x', '3d'), orders_count, revenue_minor FROM customers"),
      ElementsAre("2|1|32050|1|0|0|2|32050"));
  EXPECT_THAT(lines("SELECT order_id, state, counted, is_gift, value_minor, items ->> '$[0].category' FROM orders "
                    "ORDER BY placed_at"),
              ElementsAre("1|completed|1|0|30000|Camera", "2|completed|1|1|2050|toy"));
}

TEST_F(Functions, OfIdentifiersAndChannels) {
  fold({{.ids = {{"user_id", "A"}, {"external_id/crm", "7"}}, .message_id = "m", .name = "n", .channel = "store"}});
  EXPECT_THAT(
      lines("SELECT has_identifier(customer_id, 'user_id'), has_identifier(customer_id, 'external_id'), "
            "has_identifier(customer_id, 'external_id/erp'), has_identifier(customer_id, 'email'), "
            "has_channel(customer_id, 'store'), has_channel(customer_id, 'app'), record_grade, status, channels "
            "FROM customers"),
      ElementsAre("1|1|0|0|1|0|known|NULL|[\"store\"]"));
}

TEST_F(Functions, EveryColumnOfEveryTableCanBeRead) {
  fold_users(2);
  for (std::string table : {"customers", "identifiers", "events", "orders", "interactions", "tags"}) {
    EXPECT_FALSE(run(query("SELECT * FROM " + table)).fault) << table;
  }
  EXPECT_EQ(
      lines("SELECT 客户编号, 行业, 客户状态, 年预算_分, 生命周期, 订单数, 流失风险, 渠道偏好 FROM customers").at(0),
      "NULL|NULL|NULL|NULL|获客期|0|无|NULL");
  EXPECT_EQ(lines("SELECT count(*) FROM customers WHERE 生命周期 = '获客期'").at(0), "2");
}

}  // namespace
}  // namespace tributary::model
