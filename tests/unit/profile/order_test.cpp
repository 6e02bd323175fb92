#include "engine/profile/order.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "engine/base/bytes.h"
#include "engine/base/crc32c.h"
#include "tests/unit/profile/order_sketch.h"

namespace tributary {
namespace {

using enum OrderField;

/// "status net-refunded=value", then what is to be noted.
std::string verdict(const std::vector<SketchedStatement>& statements) {
  Order order = judge(state_of(statements));
  std::string text = std::string(order_status_name(order.status)) + " ";
  text += order.net_minor ? std::to_string(*order.net_minor) : "?";
  text += "-" + std::to_string(order.refunded_minor) + "=" + std::to_string(order.value_minor);
  if (order.counts) text += " counts";
  if (order.refund_exceeds_order) text += " exceeded";
  if (order.amount_rounded) text += " rounded";
  return text;
}

SketchedStatement with(OrderAct act, std::vector<std::pair<OrderField, std::string>> values, int64_t at = 0,
                       Trust trust = Trust::verified) {
  return {act, at, std::move(values), "m" + std::to_string(at), "", "", trust};
}

SketchedStatement of_values(std::vector<std::pair<OrderField, std::string>> values) {
  values.insert(values.begin(), {currency, "CNY"});
  return with(OrderAct::completed, std::move(values));
}

const SketchedStatement kCancelled{OrderAct::cancelled, 2, {}, "cancelled"};

TEST(OrderStatus, Completed) { EXPECT_EQ(verdict({completed("100.00")}), "completed 10000-0=10000 counts"); }

TEST(OrderStatus, PendingUntilItIsCompleted) {
  EXPECT_EQ(verdict({with(OrderAct::updated, {{currency, "CNY"}, {revenue, "5"}})}), "pending 500-0=500");
  EXPECT_EQ(verdict({kCancelled}), "pending ?-0=0");
  EXPECT_EQ(verdict({refunded("30")}), "pending ?-0=0");
}

TEST(OrderStatus, RefundsAndCancellationsWaitForTheirOrder) {
  EXPECT_EQ(verdict({refunded("30"), completed("100", 5)}), "partially_refunded 10000-3000=7000 counts");
  EXPECT_EQ(verdict({kCancelled, completed("100", 5)}), "cancelled 10000-0=10000");
}

TEST(OrderStatus, PartiallyRefundedAndRefunded) {
  EXPECT_EQ(verdict({completed("100"), refunded("99.99")}), "partially_refunded 10000-9999=1 counts");
  EXPECT_EQ(verdict({completed("100"), refunded("30", "a"), refunded("70", "b")}), "refunded 10000-10000=0");
  EXPECT_EQ(verdict({completed("100"), refunded("")}), "refunded 10000-10000=0");
  EXPECT_EQ(verdict({completed("100"), refunded("30", "a"), refunded("", "b")}), "refunded 10000-10000=0");
  EXPECT_EQ(verdict({completed("100"), refunded("0")}), "completed 10000-0=10000 counts");
}

TEST(OrderStatus, CancelledCountsNoMoreAndKeepsItsRefunds) {
  EXPECT_EQ(verdict({completed("100"), refunded("30"), kCancelled}), "cancelled 10000-3000=7000");
}

TEST(OrderStatus, RefundsOfAnUnknownAmount) {
  SketchedStatement unpriced = with(OrderAct::completed, {{currency, "CNY"}});
  EXPECT_EQ(verdict({unpriced, refunded("30")}), "partially_refunded ?-3000=0");
  EXPECT_EQ(verdict({unpriced, refunded("")}), "refunded ?-0=0");
}

TEST(OrderRefund, MoreThanThereIsIsSaidAndFlagged) {
  EXPECT_EQ(verdict({completed("100"), refunded("70", "a"), refunded("30.01", "b")}),
            "refunded 10000-10001=0 exceeded");
  EXPECT_EQ(verdict({completed("100"), refunded("120", "a"), refunded("", "b")}), "refunded 10000-12000=0 exceeded");
  EXPECT_EQ(verdict({completed("100"), refunded("92233720368547758", "a"), refunded("92233720368547758", "b")}),
            "refunded 10000-9223372036854775807=0 exceeded");
}

TEST(OrderRefund, TheSameTwiceChangesNothing) {
  EXPECT_EQ(verdict({completed("100"), refunded("30"), refunded("30")}), "partially_refunded 10000-3000=7000 counts");
  SketchedStatement again = refunded("30");
  again.message_id = "sent again";
  again.at = 9;
  EXPECT_EQ(verdict({completed("100"), again, refunded("30")}), "partially_refunded 10000-3000=7000 counts");
}

TEST(OrderRefund, WithoutAnIdEachEventIsOne) {
  SketchedStatement one = refunded("30", ""), other = refunded("30", ""), elsewhere = refunded("30", "");
  one.message_id = elsewhere.message_id = "e1";
  other.message_id = "e2";
  elsewhere.source = "till";
  EXPECT_EQ(verdict({completed("100"), one, one}), "partially_refunded 10000-3000=7000 counts");
  EXPECT_EQ(verdict({completed("100"), one, other}), "partially_refunded 10000-6000=4000 counts");
  EXPECT_EQ(verdict({completed("100"), one, other, elsewhere}), "partially_refunded 10000-9000=1000 counts");
}

TEST(OrderRefund, LaterAmountOfOneRefundWins) {
  std::string corrected = "partially_refunded 10000-2000=8000 counts";
  EXPECT_EQ(verdict({completed("100"), refunded("30", "r", 1), refunded("20", "r", 2)}), corrected);
  EXPECT_EQ(verdict({completed("100"), refunded("20", "r", 2), refunded("30", "r", 1)}), corrected);
}

TEST(DomainSection9_1, AmountIsTheFirstComputable) {
  EXPECT_EQ(verdict({of_values({{revenue, "50"}, {total, "99"}, {line_sum, "77"}})}), "completed 5000-0=5000 counts");
  EXPECT_EQ(verdict({of_values({{total, "100"}, {shipping, "8.5"}, {tax, "1.25"}, {discount, "9"}, {line_sum, "7"}})}),
            "completed 9025-0=9025 counts");
  EXPECT_EQ(verdict({of_values({{line_sum, "77.70"}, {discount, "7.7"}, {shipping, "5"}, {tax, "3"}})}),
            "completed 7000-0=7000 counts");
  EXPECT_EQ(verdict({of_values({{shipping, "5"}, {discount, "3"}})}), "completed ?-0=0");
}

TEST(DomainSection9_1, MissingPartsAreZero) {
  EXPECT_EQ(verdict({of_values({{total, "100"}})}), "completed 10000-0=10000 counts");
  EXPECT_EQ(verdict({of_values({{total, "100"}, {tax, "1"}})}), "completed 9900-0=9900 counts");
  EXPECT_EQ(verdict({of_values({{line_sum, "100"}})}), "completed 10000-0=10000 counts");
}

TEST(DomainSection9_1, FreeSamplesAndTestsDoNotCount) {
  EXPECT_EQ(verdict({completed("0")}), "completed 0-0=0");
  EXPECT_EQ(verdict({completed("0.004")}), "completed 0-0=0 rounded");
  EXPECT_EQ(verdict({completed("0.01")}), "completed 1-0=1 counts");
  EXPECT_EQ(verdict({completed("-5")}), "completed -500-0=0");
  EXPECT_EQ(verdict({of_values({{revenue, "5"}, {test, "true"}})}), "completed 500-0=500");
  EXPECT_EQ(verdict({of_values({{revenue, "5"}, {test, "false"}, {gift, "true"}})}), "completed 500-0=500 counts");
}

TEST(DomainSection9_1, RefundsInAnyOrderEachTwice) {
  std::vector<SketchedStatement> statements = {completed("100.00"), refunded("30.00", "a"), refunded("70.00", "b")};
  std::vector<size_t> order = {0, 1, 2};
  do {
    std::vector<SketchedStatement> delivered;
    for (size_t i : order) delivered.insert(delivered.end(), 2, statements[i]);
    EXPECT_EQ(verdict(delivered), "refunded 10000-10000=0");
    // Each twice, one round after the other.
    for (size_t i = 0; i < 3; ++i) delivered[i] = delivered[i + 3] = statements[order[i]];
    EXPECT_EQ(verdict(delivered), "refunded 10000-10000=0");
  } while (std::next_permutation(order.begin(), order.end()));
  EXPECT_EQ(verdict({statements[0], statements[1]}), "partially_refunded 10000-3000=7000 counts");
}

TEST(DomainSection0, SurplusDigitsAreRoundedHalfEvenAndFlagged) {
  EXPECT_EQ(verdict({completed("10.005")}), "completed 1000-0=1000 counts rounded");
  EXPECT_EQ(verdict({completed("10.015")}), "completed 1002-0=1002 counts rounded");
  EXPECT_EQ(verdict({completed("10.0100")}), "completed 1001-0=1001 counts");
  EXPECT_EQ(verdict({completed("10"), refunded("3.335")}), "partially_refunded 1000-334=666 counts rounded");
  EXPECT_EQ(verdict({of_values({{revenue, "5"}, {discount, "0.001"}})}), "completed 500-0=500 counts rounded");
  // Only the result is rounded, not each part.
  EXPECT_EQ(verdict({of_values({{total, "10.015"}, {tax, "0.005"}})}), "completed 1001-0=1001 counts rounded");
  EXPECT_EQ(verdict({with(OrderAct::completed, {{currency, "JPY"}, {revenue, "500.5"}})}),
            "completed 500-0=500 counts rounded");
  EXPECT_EQ(verdict({with(OrderAct::completed, {{currency, "KWD"}, {revenue, "1.234"}})}),
            "completed 1234-0=1234 counts");
}

TEST(OrderJudge, WithoutCurrencyThereIsNoAmount) {
  SketchedStatement statement = with(OrderAct::completed, {{revenue, "100.005"}, {discount, "1"}});
  EXPECT_EQ(verdict({statement, refunded("30")}), "partially_refunded ?-0=0");
  Order order = judge(state_of({statement}));
  EXPECT_EQ(order.currency, "");
  EXPECT_EQ(order.discount_minor, std::nullopt);
  // Whoever says it later completes the order.
  EXPECT_EQ(verdict({statement, with(OrderAct::updated, {{currency, "CNY"}, {revenue, "100"}}, 3)}),
            "completed 10000-0=10000 counts");
}

TEST(OrderJudge, AmountsBeyondSixtyFourBitsAreNone) {
  EXPECT_EQ(verdict({completed("92233720368547758.08")}), "completed ?-0=0");
}

TEST(OrderJudge, SaysAllThatIsKnown) {
  Order order = judge(state_of({of_values({{total, "100"},
                                           {shipping, "8.50"},
                                           {tax, "1.5"},
                                           {discount, "3"},
                                           {quantity, "2.5"},
                                           {gift, "true"},
                                           {line_count, "120"},
                                           {lines, R"([{"sku":"s"}])"}})}));
  EXPECT_EQ(order.order_namespace, "shop");
  EXPECT_EQ(order.order_id, "A-1");
  EXPECT_EQ(order.shipping_minor, 850);
  EXPECT_EQ(order.tax_minor, 150);
  EXPECT_EQ(order.discount_minor, 300);
  EXPECT_EQ(order.quantity, "2.5");
  EXPECT_TRUE(order.gift);
  EXPECT_FALSE(order.test);
  EXPECT_EQ(order.line_count, 120u);
  EXPECT_EQ(order.lines_json, R"([{"sku":"s"}])");
}

TEST(OrderJudge, UnknownIsEmpty) {
  Order order = judge(state_of({with(OrderAct::completed, {})}));
  EXPECT_EQ(order.shipping_minor, std::nullopt);
  EXPECT_EQ(order.quantity, "");
  EXPECT_EQ(order.line_count, 0u);
  EXPECT_EQ(order.lines_json, "[]");
}

TEST(OrderTime, IsThatOfTheEarliestCompletion) {
  EXPECT_EQ(judge(state_of({completed("1", 7), completed("1", 5), kCancelled})).at.micros, 5);
}

TEST(OrderTime, IsElseThatOfTheFirstThatWasSaid) {
  EXPECT_EQ(judge(state_of({refunded("1", "a", 7), refunded("1", "b", 5)})).at.micros, 5);
  EXPECT_EQ(judge(state_of({with(OrderAct::updated, {{total, "6"}}, 9), with(OrderAct::updated, {{total, "5"}}, 4)}))
                .at.micros,
            4);
  EXPECT_EQ(judge(state_of({with(OrderAct::updated, {}, 4)})).at.micros, 4) << "an update that names nothing";
}

TEST(OrderUpdate, ReplacesOnlyWhatItNames) {
  SketchedStatement first = of_values({{total, "100"}, {tax, "10"}, {lines, "[1]"}});
  SketchedStatement update = with(OrderAct::updated, {{tax, "20"}}, 3);
  EXPECT_EQ(verdict({first, update}), "completed 8000-0=8000 counts");
  EXPECT_EQ(judge(state_of({update, first})).lines_json, "[1]");
  EXPECT_EQ(verdict({update, first}), "completed 8000-0=8000 counts");
}

TEST(OrderUpdate, EarlierOnesThatComeLateChangeNothing) {
  std::vector<SketchedStatement> statements = {of_values({{revenue, "1"}}),
                                               with(OrderAct::updated, {{revenue, "2"}}, 2),
                                               with(OrderAct::updated, {{revenue, "3"}}, 3)};
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(verdict(statements), "completed 300-0=300 counts");
    std::rotate(statements.begin(), statements.begin() + 1, statements.end());
  }
}

TEST(OrderUpdate, VerifiedBeforeLaterClaims) {
  SketchedStatement truth = with(OrderAct::completed, {{currency, "CNY"}, {revenue, "100"}}, 0, Trust::verified);
  SketchedStatement claim = with(OrderAct::updated, {{revenue, "1"}, {tax, "5"}}, 9, Trust::claimed);
  for (const auto& statements : {std::vector{truth, claim}, std::vector{claim, truth}}) {
    EXPECT_EQ(verdict(statements), "completed 10000-0=10000 counts");
    EXPECT_EQ(judge(state_of(statements)).tax_minor, 500) << "nobody else said it";
  }
  SketchedStatement claimed_refund = refunded("1", "r", 9);
  claimed_refund.trust = Trust::claimed;
  EXPECT_EQ(verdict({truth, claimed_refund, refunded("30", "r", 1)}), "partially_refunded 10000-3000=7000 counts");
}

TEST(OrderUpdate, LinesWithoutPricesReplaceTheSum) {
  SketchedStatement first = of_values({{line_sum, "10"}, {quantity, "1"}});
  EXPECT_EQ(verdict({first, with(OrderAct::updated, {{line_sum, ""}, {quantity, ""}}, 3)}), "completed ?-0=0");
}

constexpr uint64_t kOrderRounds = 2000;

SketchedStatement random_statement(std::mt19937_64& random, size_t number, size_t refund_ids) {
  auto below = [&](uint64_t n) { return random() % n; };
  SketchedStatement said;
  said.act = static_cast<OrderAct>(1 + below(4));
  said.at = static_cast<int64_t>(below(4)) - 1;
  said.message_id = "m" + std::to_string(number / 2);
  said.source = number % 2 == 0 ? "shop" : "till";
  said.trust = below(2) == 0 ? Trust::claimed : Trust::verified;
  if (said.act == OrderAct::refunded) {
    if (below(4) != 0) said.refund_id = "r" + std::to_string(below(refund_ids));
    if (below(4) != 0) said.refund_amount = std::to_string(below(50));
    return said;
  }
  if (said.act == OrderAct::cancelled) return said;
  for (OrderField field : {currency, revenue, total, tax, line_sum, lines}) {
    if (below(2) != 0) continue;
    said.values.emplace_back(field, field == currency ? (below(2) == 0 ? "CNY" : "JPY") : std::to_string(below(3)));
  }
  return said;
}

TEST(OrderBytes, ReadBack) {
  SketchedStatement other = with(OrderAct::updated, {{tax, "20"}, {lines, "[]"}}, -3, Trust::claimed);
  other.source = "till";
  OrderState state =
      state_of({of_values({{revenue, "5"}, {quantity, ""}}), other, refunded("1.50"), refunded("", ""), kCancelled});
  auto decoded = decode_order(bytes_of(state));
  ASSERT_TRUE(decoded);
  EXPECT_EQ(bytes_of(*decoded), bytes_of(state));
  EXPECT_EQ(decoded->order_namespace, "shop");
  EXPECT_EQ(decoded->order_id, "A-1");
  EXPECT_EQ(decoded->first_at.micros, -3);
  EXPECT_EQ(decoded->completed_at.micros, 0);
  EXPECT_EQ(decoded->cancelled_at.micros, 2);
  ASSERT_EQ(decoded->fields.size(), 5u);
  for (size_t i = 0; i < 5; ++i) {
    EXPECT_EQ(decoded->fields[i].field, state.fields[i].field);
    EXPECT_EQ(decoded->fields[i].value, state.fields[i].value);
    EXPECT_EQ(decoded->fields[i].version, state.fields[i].version);
  }
  ASSERT_EQ(decoded->refunds.size(), 2u);
  EXPECT_EQ(decoded->refunds[0].amount, "");
  EXPECT_EQ(decoded->refunds[0].id.size(), 17u) << "that of its message, behind a 0";
  EXPECT_EQ(decoded->refunds[1].id, "r");
  EXPECT_EQ(decoded->refunds[1].amount, "1.50");
}

TEST(OrderBytes, EveryCutAndAnyMoreIsCorrupt) {
  std::string bytes = bytes_of(state_of({of_values({{revenue, "5"}}), refunded("1"), kCancelled}));
  for (size_t length = 0; length < bytes.size(); ++length) {
    auto cut = decode_order(std::string_view(bytes).substr(0, length));
    ASSERT_FALSE(cut) << length;
    EXPECT_EQ(cut.error().code, ErrorCode::corrupt) << length;
  }
  EXPECT_FALSE(decode_order(bytes + '\0'));
  bytes[0] = '\1';
  EXPECT_FALSE(decode_order(bytes));
}

TEST(OrderBytes, ThoseOfOneEventNeedNoState) {
  for (uint64_t seed = 0; seed < kOrderRounds; ++seed) {
    std::mt19937_64 random(seed);
    SketchedStatement said = random_statement(random, seed, 3);
    if (random() % 2 == 0 && said.act == OrderAct::refunded) said.values = {{currency, "CNY"}};
    ASSERT_EQ(bytes_of_event(said), bytes_of(state_of({said}))) << "seed " << seed;
  }
}

// The flag of a field means "said together with the field before it".
TEST(OrderBytes, TheFirstFieldHasNoneBeforeIt) {
  OrderState state;
  std::string bytes = bytes_of(state);
  bytes.resize(bytes.size() - 2);  // no fields, no refunds
  ByteWriter out(bytes);
  out.varint(1);
  out.u8(static_cast<uint8_t>(revenue));
  out.u8(1);
  out.text("5");
  out.varint(0);
  EXPECT_FALSE(decode_order(bytes));
}

TEST(OrderRefund, TwoHundredAreKeptThoseWithTheSmallestHashes) {
  std::vector<std::string> ids;
  for (size_t i = 0; i < kRefundsPerOrderMax + 50; ++i) ids.push_back("r" + std::to_string(i));
  std::vector<SketchedStatement> statements = {completed("1000")};
  for (const std::string& id : ids) statements.push_back(refunded("1", id));
  EXPECT_EQ(verdict(statements), "partially_refunded 100000-20000=80000 counts");
  std::sort(ids.begin(), ids.end(), [](auto& a, auto& b) { return crc32c(a) < crc32c(b); });
  ids.resize(kRefundsPerOrderMax);
  std::sort(ids.begin(), ids.end());
  std::vector<std::string> kept;
  for (const OrderRefund& refund : state_of(statements).refunds) kept.push_back(refund.id);
  EXPECT_EQ(kept, ids);
}

/// Spreads the statements over some states, at random, and joins them as a random tree.
OrderState joined_at_random(const std::vector<SketchedStatement>& statements, std::mt19937_64& random) {
  std::vector<std::vector<SketchedStatement>> shares(1 + random() % 5);
  for (const SketchedStatement& said : statements) shares[random() % shares.size()].push_back(said);
  std::vector<OrderState> parts;
  for (const auto& share : shares) {
    // A row is of an order, and went through the store.
    if (!share.empty()) parts.push_back(decode_order(bytes_of(state_of(share))).value());
  }
  std::shuffle(parts.begin(), parts.end(), random);
  while (parts.size() > 1) {
    size_t into = random() % (parts.size() - 1);
    join(parts[into], parts[into + 1]);
    parts.erase(parts.begin() + static_cast<ptrdiff_t>(into) + 1);
  }
  return parts.at(0);
}

TEST(OrderLaws, AnyTreeOfJoinsEqualsAnyOrderOfStatements) {
  for (uint64_t seed = 0; seed < kOrderRounds; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<SketchedStatement> statements;
    for (size_t i = 0; i < 1 + random() % 10; ++i) statements.push_back(random_statement(random, i, 3));
    std::string expected = bytes_of(state_of(statements));
    std::shuffle(statements.begin(), statements.end(), random);
    ASSERT_EQ(bytes_of(state_of(statements)), expected) << "seed " << seed;
    ASSERT_EQ(bytes_of(joined_at_random(statements, random)), expected) << "seed " << seed;
  }
}

TEST(OrderLaws, DuplicatesChangeNothing) {
  for (uint64_t seed = 0; seed < kOrderRounds; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<SketchedStatement> statements;
    for (size_t i = 0; i < 1 + random() % 8; ++i) statements.push_back(random_statement(random, i, 3));
    OrderState once = state_of(statements), twice = once;
    join(twice, once);
    ASSERT_EQ(bytes_of(twice), bytes_of(once)) << "seed " << seed;
    for (size_t i = statements.size(); i > 0; --i) statements.push_back(statements[random() % i]);
    std::shuffle(statements.begin(), statements.end(), random);
    ASSERT_EQ(bytes_of(joined_at_random(statements, random)), bytes_of(once)) << "seed " << seed;
  }
}

TEST(OrderLaws, HoldAboveTheLimitOfRefunds) {
  for (uint64_t seed = 0; seed < 20; ++seed) {
    std::mt19937_64 random(seed);
    std::vector<SketchedStatement> statements;
    for (size_t i = 0; i < 3 * kRefundsPerOrderMax; ++i) {
      SketchedStatement said = random_statement(random, i, 2 * kRefundsPerOrderMax);
      said.act = OrderAct::refunded;
      if (said.refund_id.empty()) said.refund_id = "r" + std::to_string(i);
      statements.push_back(said);
    }
    std::string expected = bytes_of(state_of(statements));
    std::shuffle(statements.begin(), statements.end(), random);
    ASSERT_EQ(bytes_of(joined_at_random(statements, random)), expected) << "seed " << seed;
  }
}

TEST(OrderLaws, JoinedIntoNothingIsItself) {
  OrderState some = state_of({completed("5"), refunded("1"), kCancelled}), joined;
  join(joined, some);
  EXPECT_EQ(bytes_of(joined), bytes_of(some));
}

TEST(MayHaveOrders, FragmentsWithEventsNamedLikeThem) {
  Fragment fragment;
  EXPECT_FALSE(may_have_orders(fragment));
  auto count = [&](const std::string& name) {
    EventView view;
    view.type = EventType::track;
    view.name = name;
    apply(fragment, view);
  };
  count("Product Viewed");
  count("Ordered");
  EXPECT_FALSE(may_have_orders(fragment));
  Fragment full = fragment;
  count("Order Refunded");
  EXPECT_TRUE(may_have_orders(fragment));
  std::swap(fragment, full);
  for (size_t i = 0; i < kEventNamesPerFragmentMax; ++i) count("custom " + std::to_string(i));
  EXPECT_TRUE(may_have_orders(fragment)) << "the list may have had no place";
}

}  // namespace
}  // namespace tributary
