// Stories about people, each told in every order, in one request or many, and with every event sent twice: the
// customers must be the ones the story ends with.
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "tests/model/audit.h"
#include "tests/model/fold_harness.h"
#include "tests/model/reference.h"
#include "tests/model/universe.h"

namespace tributary::model {
namespace {

using enum TraitOperation;

constexpr size_t kPermutationsMax = 720;

// Under this key H(A) < H(B), so that stories can say which of two user ids a message belongs to.
KeyedHash key_with_a_before_b() {
  for (char seed = 'a';; ++seed) {
    KeyedHash key(std::string(32, seed));
    IdentifierKind user_id{IdentifierFamily::user_id, {}};
    if (identifier_hash(key, user_id, "A") < identifier_hash(key, user_id, "B")) return key;
  }
}

// The kind by a name's first letter; `~` behind a name: claimed.
Id id_of(std::string name, Trust trust) {
  if (name.back() == '~') {
    trust = Trust::claimed;
    name.pop_back();
  }
  switch (name[0]) {
    case 'K':
      return {"member_card", name, trust};
    case 'S':
      return {"external_id/crm", name, trust};
    case 'p':
      return {"phone", name, trust};
    case 'e':
      return {"email", name, trust};
    case 'd':
      return {"device_id", name, trust};
    case 'x':
      return {"anonymous_id", name, trust};
    default:
      return {"user_id", name, trust};
  }
}

EventSketch said(Trust trust, const std::string& names, int64_t at, std::vector<TraitChange> traits) {
  EventSketch sketch;
  std::istringstream words(names);
  for (std::string name; words >> name;) sketch.ids.push_back(id_of(name, trust));
  sketch.at = at;
  sketch.message_id = "m" + std::to_string(at);
  sketch.source = trust == Trust::verified ? "server" : "browser";
  sketch.traits = std::move(traits);
  return sketch;
}

EventSketch server(const std::string& names, int64_t at, std::vector<TraitChange> traits = {}) {
  return said(Trust::verified, names, at, std::move(traits));
}

EventSketch browser(const std::string& names, int64_t at, std::vector<TraitChange> traits = {}) {
  return said(Trust::claimed, names, at, std::move(traits));
}

EventSketch with_message(EventSketch sketch, std::string message_id) {
  sketch.message_id = std::move(message_id);
  return sketch;
}

struct Scenario {
  const char* name;
  std::vector<EventSketch> events;
  // "members: events, traits", sorted.
  std::vector<std::string> customers;
  uint64_t refused_limit = 0;
  uint64_t refused_trust = 0;
};

const KeyedHash& key() {
  static const KeyedHash key = key_with_a_before_b();
  return key;
}

std::vector<std::string> lines_of(const Export& all) {
  std::vector<std::string> lines;
  for (const auto& [id, customer] : all.customers) {
    std::vector<std::string> members;
    for (const IdentifierLine& line : customer.identifiers) members.push_back(line.value);
    std::sort(members.begin(), members.end());
    std::string text;
    for (const std::string& member : members) text += (text.empty() ? "" : " ") + member;
    text += ": " + std::to_string(customer.events);
    for (const auto& [name, trait] : customer.traits) text += ", " + name + "=" + trait.value_json;
    lines.push_back(text);
  }
  std::sort(lines.begin(), lines.end());
  return lines;
}

class Scenarios : public testing::TestWithParam<Scenario> {
 protected:
  static void SetUpTestSuite() { harness_ = std::make_unique<FoldHarness>(key()); }
  static void TearDownTestSuite() { harness_.reset(); }

  Export told(const std::vector<std::vector<Event>>& requests) {
    WorkspaceId workspace{++workspaces_};
    harness_->restart({});
    for (const auto& request : requests) harness_->fold(workspace, request);
    EXPECT_TRUE(audit(harness_->store(), workspace).problems.empty());
    return harness_->read_all(workspace);
  }

  static std::unique_ptr<FoldHarness> harness_;
  static uint32_t workspaces_;
};

std::unique_ptr<FoldHarness> Scenarios::harness_;
uint32_t Scenarios::workspaces_ = 0;

TEST_P(Scenarios, EndsWithTheSameCustomersHoweverItIsTold) {
  const Scenario& scenario = GetParam();
  std::vector<Event> events;
  for (const EventSketch& sketch : scenario.events) events.push_back(make_event(sketch, key()));
  Export expected = reference(events, key());
  EXPECT_EQ(lines_of(expected), scenario.customers);
  EXPECT_EQ(expected.refused_limit, scenario.refused_limit);
  EXPECT_EQ(expected.refused_trust, scenario.refused_trust);

  std::vector<size_t> order(events.size());
  for (size_t i = 0; i < order.size(); ++i) order[i] = i;
  size_t permutations = 0;
  do {
    std::vector<Event> arrival;
    for (size_t i : order) arrival.push_back(events[i]);
    std::vector<std::vector<Event>> single, doubled;
    for (const Event& event : arrival) {
      single.push_back({event});
      doubled.push_back({event, event});
    }
    ASSERT_EQ(told(single), expected);
    ASSERT_EQ(told({arrival}), expected);
    ASSERT_EQ(told(doubled), expected);
    ASSERT_EQ(told({arrival, arrival}), expected);
  } while (std::next_permutation(order.begin(), order.end()) && ++permutations < kPermutationsMax);
}

INSTANTIATE_TEST_SUITE_P(
    Told, Scenarios,
    testing::Values(
        Scenario{
            "TwoBrowsersOfOnePerson",
            {browser("x1", 1), browser("A x1", 2, {{"plan", "\"free\"", set}}), browser("x2", 3), browser("A x2", 4)},
            {"A x1 x2: 4, plan=\"free\""}},
        Scenario{"TwoAddressesOfOnePerson",
                 {server("A e1", 1, {{"email", "\"e1\"", set}}), server("A e2", 2, {{"email", "\"e2\"", set}}),
                  server("e1", 3)},
                 {"A e1 e2: 3, email=\"e2\""}},
        Scenario{"SharedDeviceWithLateOlderEvent",
                 {server("A d", 1), server("B d", 2), server("d", 3), server("B d", 0)},
                 {"A: 1", "B d: 3"},
                 1,
                 0},
        Scenario{"SharedDevice", {server("A d", 1), server("B d", 2), server("d", 3)}, {"A d: 2", "B: 1"}, 1, 0},
        Scenario{"ClaimBetweenVerifiedCustomersOverADevice",
                 {server("A d", 1), server("B d", 2), browser("d e", 3), server("e p", 4), server("B p", 5)},
                 {"A d: 1", "B e p: 4"},
                 1,
                 1},
        Scenario{"AliasOfTwoRegisteredCustomers",
                 {server("A e1", 1), server("B e2", 2), browser("A B", 3)},
                 {"A e1: 2", "B e2: 1"},
                 0,
                 1},
        Scenario{"TraitsByEventTime",
                 {server("A", 5, {{"city", "\"Paris\"", set}, {"utm", "\"b\"", set_once}}),
                  server("A", 3, {{"city", "\"Rome\"", set}, {"utm", "\"a\"", set_once}}),
                  with_message(server("A", 5, {{"city", "\"Oslo\"", set}}), "m6")},
                 {"A: 3, city=\"Oslo\", utm=\"a\""}},
        Scenario{"TraitsByEventTimeWithoutTheLast",
                 {server("A", 5, {{"city", "\"Paris\"", set}, {"utm", "\"b\"", set_once}}),
                  server("A", 3, {{"city", "\"Rome\"", set}, {"utm", "\"a\"", set_once}})},
                 {"A: 2, city=\"Paris\", utm=\"a\""}},
        Scenario{"OneMessageWithTwoUserIds", {server("A B e1", 1), server("B p", 2)}, {"A e1: 1", "B p: 1"}, 1, 0},
        Scenario{"OneMessageWithTwoUserIdsAlone", {server("A B e1", 1)}, {"A e1: 1", "B: 0"}, 1, 0},
        Scenario{"ChainOfIdentifiers", {server("A e1", 1), server("e1 p", 2), server("p x1", 3)}, {"A e1 p x1: 3"}},
        Scenario{"ChainOfIdentifiersAndAStranger",
                 {server("A e1", 1), server("e1 p", 2), server("p x1", 3), browser("Z x1", 4)},
                 {"A e1 p x1: 3", "Z: 1"},
                 1,
                 0},
        Scenario{"BrowsersAlone", {browser("x e", 1), browser("A e x", 2)}, {"A e x: 2"}},
        Scenario{"ClaimedLine", {server("V e1", 1), browser("V e2 p", 2)}, {"V e1 e2 p: 2"}},
        Scenario{"FalseClaimFallsOff",
                 {server("V e1", 1), browser("V e2 p", 2), server("B e2", 3)},
                 {"B e2: 1", "V e1 p: 2"},
                 0,
                 1},
        Scenario{"StrangerClaimsAKnownAddress", {server("e p", 1), browser("M e x", 2)}, {"M e p x: 2"}},
        Scenario{"ServerConfirms", {server("e p", 1), browser("M e x", 2), server("M e", 9)}, {"M e p x: 3"}},
        Scenario{
            "ClaimsChainThroughFreeAddress", {server("K p", 1), browser("M e", 2), browser("K e", 3)}, {"K M e p: 3"}},
        Scenario{"VerifiedOnBothSides", {server("A e", 1), server("S e~", 2)}, {"A e: 1", "S: 1"}, 0, 1},
        Scenario{"VerifiedOnBothSidesUntilAServerJoinsThem",
                 {server("A e", 1), server("S e~", 2), server("A S", 3)},
                 {"A S e: 3"}}),
    [](const auto& scenario) { return std::string(scenario.param.name); });

// One request at a time: a merge keeps the older id, and the newer one goes on to resolve.
TEST_F(Scenarios, MergeKeepsTheOlderIdAndTheOtherStillResolves) {
  WorkspaceId workspace{++workspaces_};
  harness_->restart({});
  auto send = [&](const EventSketch& sketch) { harness_->fold(workspace, {make_event(sketch, key())}); };
  auto id_of_name = [&](const std::string& name) {
    Id id = id_of(name, Trust::verified);
    Hash128 hash = identifier_hash(key(), *parse_kind(id.kind), id.value);
    return must(find_customer(harness_->store(), workspace, hash, RuleSet{})).id;
  };
  double merges = harness_->metrics().merges.value();
  send(browser("x1", 1));
  send(browser("A x1", 2));
  send(browser("x2", 3));
  CustomerId older = id_of_name("A"), newer = id_of_name("x2");
  EXPECT_NE(older, newer);
  EXPECT_EQ(harness_->metrics().merges.value(), merges);
  send(browser("A x2", 4));
  for (const char* name : {"A", "x1", "x2"}) EXPECT_EQ(id_of_name(name), older);
  EXPECT_EQ(must(find_customer(harness_->store(), workspace, newer.anchor, RuleSet{})).id, older);
  EXPECT_EQ(harness_->metrics().merges.value(), merges + 1);
}

TEST_F(Scenarios, ProvenanceNamesMessageAndSource) {
  std::vector<Event> events;
  events.push_back(make_event(server("A", 5, {{"city", "\"Paris\"", set}, {"utm", "\"b\"", set_once}}), key()));
  events.push_back(make_event(browser("A", 3, {{"utm", "\"a\"", set_once}}), key()));
  Export all = told({events});
  const auto& traits = all.customers.begin()->second.traits;
  EXPECT_EQ(traits.at("city"), (TraitLine{"\"Paris\"", "server", "m5", kBaseMicros + 5 * kMicrosPerSecond}));
  EXPECT_EQ(traits.at("utm"), (TraitLine{"\"a\"", "browser", "m3", kBaseMicros + 3 * kMicrosPerSecond}));
}

}  // namespace
}  // namespace tributary::model
