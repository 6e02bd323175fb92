// Stories about people, each told in every order, in one request or many, and with every event sent twice: after each
// stage the customers must be the ones the story says.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <numeric>
#include <random>
#include <sstream>

#include "tests/model/arrival.h"
#include "tests/model/audit.h"
#include "tests/model/reference.h"
#include "tests/model/universe.h"

namespace tributary::model {
namespace {

using enum TraitOperation;

// As many records are told in every order, one fewer where everything is slower; more of them in so many random orders.
constexpr size_t kEveryOrderMax = 5;
constexpr size_t kRandomOrders = 500;
constexpr size_t kRandomOrdersOnTheWay = 50;

// Fewer where everything is slower: as the permutation test, whose 2,000 universes are the whole.
size_t universes() {
  static const char* text = std::getenv("TRIBUTARY_MODEL_UNIVERSES");
  return text == nullptr ? 2000 : std::strtoull(text, nullptr, 10);
}
size_t every_order_max() { return universes() < 2000 ? kEveryOrderMax - 1 : kEveryOrderMax; }
size_t random_orders(bool last) {
  size_t orders = last ? kRandomOrders : kRandomOrdersOnTheWay;
  return std::max<size_t>(10, orders * std::min<size_t>(universes(), 2000) / 2000);
}

constexpr uint32_t kWorkspacesPerFlush = 50;

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

const KeyedHash& key() {
  static const KeyedHash key = key_with_a_before_b();
  return key;
}

Identifier named(const std::string& name) {
  Id id = id_of(name, Trust::verified);
  return Identifier::from_normalised(*parse_kind(id.kind), id.value);
}

// Every decision is about a time and has an id of its own.
Decision decided(int64_t at) {
  return {Timestamp{kBaseMicros + at * kMicrosPerSecond}, "decision-" + std::to_string(at), "li@shop.example", "told"};
}

Assertion pair(const std::string& a, const std::string& b, PairState state, int64_t at) {
  return decide_pair(named(a), named(b), state, decided(at), key());
}

Assertion hub(const std::string& name, HubState state, int64_t at) {
  return decide_hub(named(name), state, decided(at), key());
}

Assertion cut(const std::string& name, int64_t from, int64_t at) {
  return decide_cut(named(name), Timestamp{kBaseMicros + from * kMicrosPerSecond}, decided(at), key());
}

Assertion evidence(const EventSketch& of, EvidenceState state, int64_t at) {
  return decide_evidence(make_event(of, key()), state, decided(at), key());
}

Rules with_claims(ClaimsPolicy claims) {
  Rules rules = default_rules();
  rules.claims = claims;
  return rules;
}

// So many user ids may be seen on one device.
Rules with_users_per_device(uint32_t most, OwnerPolicy owner = OwnerPolicy::oldest) {
  Rules rules = default_rules();
  IdentifierKind device{IdentifierFamily::device_id, {}}, user{IdentifierFamily::user_id, {}};
  rules.hubs[device][user] = most;
  rules.kinds[device].owner = owner;
  return rules;
}

Rules with_users_per_customer(uint32_t most) {
  Rules rules = default_rules();
  rules.kinds[{IdentifierFamily::user_id, {}}].limit = most;
  return rules;
}

Rules with_addresses(std::vector<WindowLimit> windows) {
  Rules rules = default_rules();
  rules.kinds[{IdentifierFamily::email, {}}].windows = std::move(windows);
  return rules;
}

Rules with_blocked_user_ids(std::set<std::string> exact, std::set<std::string> patterns) {
  Rules rules = default_rules();
  rules.blocked_of_kind[{IdentifierFamily::user_id, {}}] = {std::move(exact), std::move(patterns)};
  return rules;
}

EventSketch with_message(EventSketch sketch, std::string message_id) {
  sketch.message_id = std::move(message_id);
  return sketch;
}

struct Refused {
  uint64_t limit = 0;
  uint64_t trust = 0;
  uint64_t cannot = 0;
  uint64_t window = 0;
  friend bool operator==(const Refused&, const Refused&) = default;
};

// What happens, and what is known then.
struct Stage {
  std::vector<std::variant<EventSketch, Assertion, Rules>> happens;
  // "members: events, traits", sorted; `*` behind a shared member, `@` before the time of its cut.
  std::vector<std::string> customers;
  Refused refused = {};
  int same_as = -1;  // the stage that this one equals byte for byte
};

struct Scenario {
  const char* name;
  std::vector<Stage> stages;
  friend void PrintTo(const Scenario& scenario, std::ostream* out) { *out << scenario.name; }
};

std::vector<std::string> lines_of(const Export& all) {
  std::vector<std::string> lines;
  for (const auto& [id, customer] : all.customers) {
    std::vector<std::string> members;
    for (const IdentifierLine& line : customer.identifiers) {
      std::string member = line.value;
      if (line.from) member += "@" + std::to_string((*line.from - kBaseMicros) / kMicrosPerSecond);
      members.push_back(member + (line.shared ? "*" : ""));
    }
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

Steps steps_of(const Stage& stage) {
  Steps steps;
  for (const auto& one : stage.happens) {
    if (const auto* sketch = std::get_if<EventSketch>(&one)) {
      steps.emplace_back(make_event(*sketch, key()));
    } else if (const auto* assertion = std::get_if<Assertion>(&one)) {
      steps.emplace_back(*assertion);
    } else {
      steps.emplace_back(std::get<Rules>(one));
    }
  }
  return steps;
}

// Each step twice in a row, or all of them and then all again. Rules change once: they are no set.
Steps doubled(const Steps& steps, bool in_a_row) {
  Steps twice;
  for (const Step& step : steps) {
    twice.push_back(step);
    if (in_a_row && !std::holds_alternative<Rules>(step)) twice.push_back(step);
  }
  for (const Step& step : steps) {
    if (!in_a_row && !std::holds_alternative<Rules>(step)) twice.push_back(step);
  }
  return twice;
}

// The records in this order; the changes of the rules, whose order matters, as they were, anywhere between.
Steps arranged(const Steps& records, const Steps& changes, const std::vector<size_t>& order, std::mt19937_64& random) {
  Steps steps;
  for (size_t i : order) steps.push_back(records[i]);
  size_t place = 0;
  for (const Step& change : changes) {
    place += random() % (steps.size() - place + 1);
    steps.insert(steps.begin() + static_cast<ptrdiff_t>(place++), change);
  }
  return with_evidence_first(steps, key());
}

class Scenarios : public testing::TestWithParam<Scenario> {
 protected:
  static void SetUpTestSuite() { harness_ = std::make_unique<FoldHarness>(key()); }
  static void TearDownTestSuite() { harness_.reset(); }

  // All workspaces of this test have one key, so nothing of the one before may stay in memory. Reading sorts what was
  // not flushed.
  static WorkspaceId new_workspace() {
    if (++workspaces_ % kWorkspacesPerFlush == 0) {
      EXPECT_TRUE(harness_->store().flush());
    }
    harness_->restart({});
    return WorkspaceId{workspaces_};
  }

  static void tell_in_groups(WorkspaceId workspace, std::span<const Step> steps, size_t most) {
    while (!steps.empty()) {
      size_t count = group_of(steps, most);
      tell(*harness_, workspace, steps.first(count));
      steps = steps.subspan(count);
    }
  }

  static Export read(WorkspaceId workspace) {
    EXPECT_EQ(audit(harness_->store(), workspace).problems, std::vector<std::string>{});
    return harness_->read_all(workspace);
  }

  // In groups of events as long as they may be.
  static Export told(const Steps& steps, size_t most = SIZE_MAX) {
    WorkspaceId workspace = new_workspace();
    tell_in_groups(workspace, steps, most);
    return read(workspace);
  }

  // The steps of each stage and what is known after it.
  struct Story {
    std::vector<Steps> steps;
    Steps so_far;
    std::vector<Export> after;
  };

  static void expect_told_as_it_was(const Story& story, size_t most);
  static void expect_told_in_any_order(const Steps& steps, const Export& expected, size_t random_orders);

  static std::unique_ptr<FoldHarness> harness_;
  static uint32_t workspaces_;
};

std::unique_ptr<FoldHarness> Scenarios::harness_;
uint32_t Scenarios::workspaces_ = 0;

void Scenarios::expect_told_in_any_order(const Steps& steps, const Export& expected, size_t random_orders) {
  Steps records, changes;
  for (const Step& step : steps) (std::holds_alternative<Rules>(step) ? changes : records).push_back(step);
  std::vector<size_t> order(records.size());
  std::iota(order.begin(), order.end(), 0u);
  std::mt19937_64 random(steps.size());
  bool all = records.size() <= every_order_max();
  for (size_t i = 0; all || i < random_orders; ++i) {
    Steps arrival = arranged(records, changes, order, random);
    for (const Export& got :
         {told(arrival, 1), told(arrival), told(doubled(arrival, true)), told(doubled(arrival, false))}) {
      ASSERT_EQ(got, expected) << describe(arrival);
    }
    if (!all) std::shuffle(order.begin(), order.end(), random);
    if (all && !std::next_permutation(order.begin(), order.end())) return;
  }
}

// Stage by stage, as it was told; `most` events at once.
void Scenarios::expect_told_as_it_was(const Story& story, size_t most) {
  WorkspaceId workspace = new_workspace();
  for (size_t stage = 0; stage < story.steps.size(); ++stage) {
    tell_in_groups(workspace, story.steps[stage], most);
    ASSERT_EQ(read(workspace), story.after[stage]) << "stage " << stage;
  }
}

TEST_P(Scenarios, HasTheseCustomersHoweverItIsTold) {
  Story story;
  for (const Stage& stage : GetParam().stages) {
    SCOPED_TRACE("stage " + std::to_string(story.after.size()));
    story.steps.push_back(steps_of(stage));
    story.so_far.insert(story.so_far.end(), story.steps.back().begin(), story.steps.back().end());
    Export expected = reference(world_after(story.so_far), key());
    EXPECT_EQ(lines_of(expected), stage.customers);
    Refused refused{expected.refused_limit, expected.refused_trust, expected.refused_cannot, expected.refused_window};
    EXPECT_TRUE(refused == stage.refused) << to_text(expected);
    if (stage.same_as >= 0) {
      EXPECT_EQ(expected, story.after.at(static_cast<size_t>(stage.same_as)));
    }
    story.after.push_back(expected);
    bool last = story.after.size() == GetParam().stages.size();
    expect_told_in_any_order(story.so_far, expected, random_orders(last));
    if (HasFatalFailure()) return;
  }
  expect_told_as_it_was(story, 1);
  expect_told_as_it_was(story, SIZE_MAX);
}

using enum PairState;
using Claims = ClaimsPolicy;

INSTANTIATE_TEST_SUITE_P(
    Told, Scenarios,
    testing::Values(
        Scenario{"S01TwoBrowsersOfOnePerson",
                 {{{browser("x1", 1), browser("A x1", 2, {{"plan", "\"free\"", set}}), browser("x2", 3)},
                   {"A x1: 2, plan=\"free\"", "x2: 1"}},
                  {{browser("A x2", 4)}, {"A x1 x2: 4, plan=\"free\""}}}},
        Scenario{"S02ShopTablet",
                 {{{server("U1 dpad", 1)}, {"U1 dpad: 1"}},
                  {{server("U2 dpad", 2), server("U3 dpad", 3), server("U4 dpad", 4), server("U5 dpad", 5),
                    server("dpad", 6)},
                   {"U1: 1", "U2: 1", "U3: 1", "U4: 1", "U5: 1", "dpad*: 1"}}}},
        Scenario{"S03FamilyDevice",
                 {{{browser("d", 1), browser("alice d", 2), browser("d", 3)}, {"alice d: 3"}},
                  {{browser("bob d", 4)}, {"alice: 1", "bob: 1", "d*: 2"}},
                  {{browser("d", 5), browser("alice d", 6)}, {"alice: 2", "bob: 1", "d*: 3"}}}},
        Scenario{"S04TwoAddressesOfOnePerson",
                 {{{server("A e1", 1, {{"email", "\"e1\"", set}})}, {"A e1: 1, email=\"e1\""}},
                  {{server("A e2", 2, {{"email", "\"e2\"", set}}), server("e1", 3)}, {"A e1 e2: 3, email=\"e2\""}}}},
        Scenario{"S05PhoneOfAnotherPersonSince2023",
                 {{{server("A p", 2020), server("p", 2021), server("B p", 2024), server("p", 2025)},
                   {"A p: 3", "B: 1"},
                   Refused{.limit = 1}},
                  {{cut("p", 2023, 1)}, {"A p: 2", "B p@2023: 2"}},
                  {{server("p", 2022), server("p", 2026)}, {"A p: 3", "B p@2023: 3"}}}},
        Scenario{"S06OneCardForTwoMembers",
                 {{{server("A K", 1), server("B K", 2), server("K", 3)}, {"A K: 2", "B: 1"}, Refused{.limit = 1}},
                  {{hub("K", HubState::always, 1)}, {"A: 1", "B: 1", "K*: 1"}},
                  {{hub("K", HubState::automatic, 2)}, {"A K: 2", "B: 1"}, Refused{.limit = 1}, 0}}},
        Scenario{"S07GarbageUserIds",
                 {{{with_blocked_user_ids({"null", "undefined", "-1"}, {"^[0-]*$"}), browser("undefined x1", 1),
                    browser("0000 x2", 2), browser("-1 x3", 3), browser("null x4", 4), browser("undefined x5", 5),
                    browser("0000 x6", 6), browser("-1 x7", 7), browser("null x8", 8), browser("null", 9)},
                   {"x1: 1", "x2: 1", "x3: 1", "x4: 1", "x5: 1", "x6: 1", "x7: 1", "x8: 1"}}}},
        Scenario{"S08ClaimBetweenVerifiedCustomersOverADevice",
                 {{{with_users_per_device(10), server("A d", 1), server("B d", 2), browser("d e", 3), server("e p", 4),
                    server("B p", 5)},
                   {"A d: 1", "B e p: 4"},
                   Refused{.limit = 1, .trust = 1}}}},
        Scenario{"S09MergeAndItsUndoing",
                 {{{server("A e1", 1, {{"orders", "2", increment}, {"tag1", "true", set}}),
                    server("B e2", 2, {{"orders", "5", increment}, {"tag2", "true", set}})},
                   {"A e1: 1, orders=2, tag1=true", "B e2: 1, orders=5, tag2=true"}},
                  {{pair("A", "B", must, 1)}, {"A B e1 e2: 2, orders=7, tag1=true, tag2=true"}},
                  {{pair("B", "A", none, 2)},
                   {"A e1: 1, orders=2, tag1=true", "B e2: 1, orders=5, tag2=true"},
                   Refused{},
                   0}}},
        Scenario{"S09FalseEvidence",
                 {{{server("A e1", 1), server("e3 p", 3)}, {"A e1: 1", "e3 p: 1"}},
                  {{server("A e3", 4)}, {"A e1 e3 p: 3"}},
                  {{evidence(server("A e3", 4), EvidenceState::retracted, 1)}, {"A e1: 1", "e3 p: 1"}, Refused{}, 0},
                  {{evidence(server("A e3", 4), EvidenceState::live, 2)}, {"A e1 e3 p: 3"}, Refused{}, 1}}},
        Scenario{
            "S12AliasOfTwoRegisteredCustomers",
            {{{server("A e1", 1), server("B e2", 2), browser("A B", 3)}, {"A e1: 2", "B e2: 1"}, Refused{.trust = 1}},
             {{pair("A", "B", must, 1)}, {"A B e1 e2: 3"}},
             {{pair("A", "B", none, 2)}, {"A e1: 2", "B e2: 1"}, Refused{.trust = 1}, 0}}},
        Scenario{
            "S14TraitsByEventTime",
            {{{server("A", 5, {{"city", "\"Paris\"", set}, {"utm", "\"b\"", set_once}}),
               server("A", 3, {{"city", "\"Rome\"", set}, {"utm", "\"a\"", set_once}})},
              {"A: 2, city=\"Paris\", utm=\"a\""}},
             {{with_message(server("A", 5, {{"city", "\"Oslo\"", set}}), "m6")}, {"A: 3, city=\"Oslo\", utm=\"a\""}}}},
        Scenario{"S15OneMessageWithTwoUserIds",
                 {{{server("A B e1", 1)}, {"A e1: 1", "B: 0"}, Refused{.limit = 1}},
                  {{server("B p", 2)}, {"A e1: 1", "B p: 1"}, Refused{.limit = 1}}}},
        Scenario{"S16ChainOfIdentifiersAndAStranger",
                 {{{server("A e1", 1), server("e1 p", 2), server("p x1", 3)}, {"A e1 p x1: 3"}},
                  {{with_claims(Claims::guarded), browser("Z x1", 4)}, {"A e1 p x1: 3", "Z: 1"}, Refused{.trust = 1}},
                  {{with_claims(Claims::fill)}, {"A e1 p x1: 3", "Z: 1"}, Refused{.limit = 1}}}},
        Scenario{"S17PhoneOfACallCentre",
                 {{{server("U1 p", 1), server("U2 p", 2), server("U3 p", 3), server("U4 p", 4), server("U5 p", 5),
                    server("p", 8)},
                   {"U1 p: 2", "U2: 1", "U3: 1", "U4: 1", "U5: 1"},
                   Refused{.limit = 4}},
                  {{server("U6 p", 6)}, {"U1: 1", "U2: 1", "U3: 1", "U4: 1", "U5: 1", "U6: 1", "p*: 1"}},
                  {{hub("p", HubState::never, 1)},
                   {"U1 p: 2", "U2: 1", "U3: 1", "U4: 1", "U5: 1", "U6: 1"},
                   Refused{.limit = 5}},
                  {{hub("p", HubState::always, 2)},
                   {"U1: 1", "U2: 1", "U3: 1", "U4: 1", "U5: 1", "U6: 1", "p*: 1"},
                   Refused{},
                   1},
                  {{hub("p", HubState::automatic, 3)},
                   {"U1: 1", "U2: 1", "U3: 1", "U4: 1", "U5: 1", "U6: 1", "p*: 1"},
                   Refused{},
                   1}}},
        Scenario{"S18MoreUserIdsAndBack",
                 {{{server("A e1", 1), server("B e1", 2), server("C e1", 3)},
                   {"A e1: 1", "B: 1", "C: 1"},
                   Refused{.limit = 2}},
                  {{with_users_per_customer(2)}, {"A B e1: 2", "C: 1"}, Refused{.limit = 1}},
                  {{default_rules()}, {"A e1: 1", "B: 1", "C: 1"}, Refused{.limit = 2}, 0}}},
        Scenario{"PhoneOfThreePersonsOneAfterTheOther",
                 {{{cut("p", 20, 1), server("A p", 1), server("B p", 21), server("C p", 31)},
                   {"A p: 1", "B p@20: 1", "C: 1"},
                   Refused{.limit = 1}},
                  {{cut("p", 30, 2), cut("p", 20, 3)}, {"A p: 1", "B p@20: 1", "C p@30: 1"}},
                  {{cut("p", 5, 4)}, {"A p: 1", "B p@20: 1", "C p@30: 1", "p@5: 0"}}}},
        Scenario{"DeviceThatWasSoldIsNotShared",
                 {{{server("A d", 1), server("d", 2), server("B d", 21), server("d", 22)}, {"A: 1", "B: 1", "d*: 2"}},
                  {{cut("d", 10, 1)}, {"A d: 2", "B d@10: 2"}},
                  {{server("C d", 23)}, {"A d: 2", "B: 1", "C: 1", "d@10*: 1"}}}},
        Scenario{"FalseEvidenceIsFalseOnBothSidesOfACut",
                 {{{server("A p", 1), with_message(server("A p", 20), "late")}, {"A p: 2"}},
                  {{cut("p", 10, 1)}, {"A p p@10: 2"}},
                  {{evidence(server("A p", 1), EvidenceState::retracted, 2)}, {"A: 0", "p: 0", "p@10: 0"}},
                  {{cut("p", 15, 3)}, {"A: 0", "p: 0", "p@10: 0", "p@15: 0"}},
                  {{server("A p", 12)}, {"A: 0", "p: 0", "p@10: 0", "p@15: 0"}},
                  {{evidence(server("A p", 1), EvidenceState::live, 4)}, {"A p p@10 p@15: 3"}}}},
        Scenario{"SharedDeviceOfItsFirstUser",
                 {{{with_users_per_device(10), server("A d", 1), server("B d", 2), server("d", 3)},
                   {"A d: 2", "B: 1"},
                   Refused{.limit = 1}},
                  {{server("B d", 0)}, {"A: 1", "B d: 3"}, Refused{.limit = 1}}}},
        Scenario{"SharedDeviceOfItsLastUser",
                 {{{with_users_per_device(10, OwnerPolicy::newest), server("A d", 1), server("B d", 2), server("d", 3)},
                   {"A: 1", "B d: 2"},
                   Refused{.limit = 1}},
                  {{server("A d", 9)}, {"A d: 3", "B: 1"}, Refused{.limit = 1}}}},
        Scenario{"SharedDeviceOfNobody",
                 {{{server("A d", 1), server("B d", 2), server("d", 3)}, {"A: 1", "B: 1", "d*: 1"}}}},
        Scenario{"SharedDeviceUntilTheFourthUser",
                 {{{with_users_per_device(3), server("A d", 1), server("B d", 2), server("C d", 3), server("d", 4)},
                   {"A d: 2", "B: 1", "C: 1"},
                   Refused{.limit = 2}},
                  {{server("D d", 5)}, {"A: 1", "B: 1", "C: 1", "D: 1", "d*: 1"}}}},
        Scenario{
            "BrowsersAlone",
            {{{browser("x e", 1), browser("A e x", 2)}, {"A e x: 2"}}, {{with_claims(Claims::guarded)}, {"A e x: 2"}}}},
        Scenario{"FalseClaimFallsOff",
                 {{{with_claims(Claims::guarded), server("V e1", 1), browser("V e2 x", 2)}, {"V e1 e2 x: 2"}},
                  {{server("B e2", 3)}, {"B e2: 1", "V e1 x: 2"}, Refused{.trust = 1}},
                  {{with_claims(Claims::fill)}, {"B e2: 1", "V e1 x: 2"}, Refused{.trust = 1}, 1}}},
        Scenario{"StrangerClaimsAKnownAddress",
                 {{{server("e p", 1), browser("M e x", 2)}, {"M e p x: 2"}},
                  {{with_claims(Claims::guarded)}, {"M x: 1", "e p: 1"}, Refused{.trust = 1}},
                  {{server("M e", 9)}, {"M e p x: 3"}}}},
        Scenario{"ClaimsChainThroughFreeAddress",
                 {{{server("K p", 1), browser("M e", 2), browser("K e", 3)}, {"K M e p: 3"}},
                  {{with_claims(Claims::guarded)}, {"K p: 2", "M e: 1"}, Refused{.trust = 1}}}},
        Scenario{"ClaimsChainThroughTakenAddress",
                 {{{with_claims(Claims::guarded), server("K p", 1), browser("M e", 3), browser("K e", 2)},
                   {"K e p: 2", "M: 1"},
                   Refused{.trust = 1}}}},
        Scenario{"VerifiedOnBothSides",
                 {{{server("A e", 1), server("S e~", 2)}, {"A e: 1", "S: 1"}, Refused{.trust = 1}},
                  {{server("A S", 3)}, {"A S e: 3"}}}},
        Scenario{"StrictWantsAServer",
                 {{{with_claims(Claims::strict), browser("A e", 1), browser("A x", 2)},
                   {"A x: 2", "e: 0"},
                   Refused{.trust = 1}},
                  {{server("A e", 3)}, {"A e x: 3"}}}},
        Scenario{"TwoSisters",
                 {{{server("A e", 1), server("e p", 2), server("p x", 3)}, {"A e p x: 3"}},
                  {{pair("x", "A", cannot, 1)}, {"A e p: 3", "x: 0"}, Refused{.cannot = 1}},
                  {{pair("A", "x", must, 2)}, {"A e p x: 3"}, Refused{}, 0}}},
        Scenario{
            "CannotLinkBeatsMustLink",
            {{{server("A e1", 1), server("B e2", 2)}, {"A e1: 1", "B e2: 1"}},
             {{pair("A", "e2", must, 1), pair("A", "B", cannot, 2)}, {"A e1 e2: 1", "B: 1"}, Refused{.cannot = 1}}}},
        Scenario{"MustLinkOverALimitHoldsUnlessItGetsWorse",
                 {{{server("A e1", 1), server("B e2", 2), pair("A", "B", must, 1)}, {"A B e1 e2: 2"}},
                  {{server("A e3", 3)}, {"A B e1 e2 e3: 3"}},
                  {{server("C e1", 4)}, {"A B e1 e2 e3: 3", "C: 1"}, Refused{.limit = 1}}}},
        Scenario{"PairsOfIdentifiersThatNobodySaw",
                 {{{pair("A", "e1", must, 1)}, {"A e1: 0"}},
                  {{server("A e2", 1)}, {"A e1 e2: 1"}},
                  {{hub("e1", HubState::always, 2)}, {"A e2: 1", "e1*: 0"}}}},
        Scenario{
            "TwoAddressesADay",
            {{{with_addresses({{2, 10 * kMicrosPerSecond}}), server("A e1", 1), server("A e2", 4), server("A e3", 9)},
              {"A e1 e2: 3", "e3: 0"},
              Refused{.window = 1}},
             {{server("A e4", 11)}, {"A e1 e2 e4: 4", "e3: 0"}, Refused{.window = 1}},
             {{with_message(server("A e4", 9), "m9b")}, {"A e1 e2: 5", "e3: 0", "e4: 0"}, Refused{.window = 2}}}}),
    [](const auto& scenario) { return std::string(scenario.param.name); });

// One request at a time: a merge keeps the older id, and the newer one goes on to name a member.
TEST_F(Scenarios, MergeKeepsTheOlderIdAndTheOtherStillResolves) {
  WorkspaceId workspace = new_workspace();
  auto send = [&](const EventSketch& sketch) { harness_->fold(workspace, {make_event(sketch, key())}); };
  auto id_of_holder = [&](const std::string& name) {
    for (const auto& [id, customer] : harness_->read_all(workspace).customers) {
      for (const IdentifierLine& line : customer.identifiers) {
        if (line.value == name) return id;
      }
    }
    return std::string();
  };
  double merges = harness_->metrics().merges.value();
  send(browser("x1", 1));
  send(browser("A x1", 2));
  send(browser("x2", 3));
  std::string older = id_of_holder("A"), newer = id_of_holder("x2");
  EXPECT_NE(older, newer);
  EXPECT_EQ(newer, base32(identifier_hash(key(), named("x2"))));
  EXPECT_EQ(harness_->metrics().merges.value(), merges);
  send(browser("A x2", 4));
  for (const char* name : {"A", "x1", "x2"}) EXPECT_EQ(id_of_holder(name), older);
  EXPECT_EQ(harness_->metrics().merges.value(), merges + 1);
}

// The id goes with its anchor, even when that becomes shared.
TEST_F(Scenarios, SharedDeviceKeepsItsId) {
  Steps steps = steps_of({{browser("d", 1), browser("alice d", 2), browser("d", 3)}, {}});
  std::string id = base32(identifier_hash(key(), named("d")));
  EXPECT_EQ(told(steps).customers.at(id).events, 3u);
  steps.emplace_back(make_event(browser("bob d", 4), key()));
  Export split = told(steps);
  EXPECT_EQ(split.customers.at(id).events, 2u);
  EXPECT_TRUE(split.customers.at(id).identifiers.front().shared);
  EXPECT_EQ(split.customers.at(base32(identifier_hash(key(), named("alice")))).events, 1u);
  EXPECT_EQ(split.hubs, 1u);
}

TEST_F(Scenarios, ProvenanceNamesMessageAndSource) {
  Steps steps = steps_of({{server("A", 5, {{"city", "\"Paris\"", set}, {"utm", "\"b\"", set_once}}),
                           browser("A", 3, {{"utm", "\"a\"", set_once}})},
                          {}});
  Export all = told(steps);
  const auto& traits = all.customers.begin()->second.traits;
  EXPECT_EQ(traits.at("city"), (TraitLine{"\"Paris\"", "server", "m5", kBaseMicros + 5 * kMicrosPerSecond}));
  EXPECT_EQ(traits.at("utm"), (TraitLine{"\"a\"", "browser", "m3", kBaseMicros + 3 * kMicrosPerSecond}));
}

}  // namespace
}  // namespace tributary::model
