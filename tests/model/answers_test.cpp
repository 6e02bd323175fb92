// Answers about identity over random worlds: previews against what activation does, explanations against the customers,
// the history against other groupings of the same records.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <functional>
#include <random>

#include "engine/query/changes.h"
#include "engine/query/explain.h"
#include "engine/query/preview.h"
#include "tests/model/arrival.h"
#include "tests/model/random_world.h"

namespace tributary::model {
namespace {

// A tenth of the worlds of the permutation test: fewer where everything is slower.
uint64_t worlds() {
  static const char* text = std::getenv("TRIBUTARY_MODEL_UNIVERSES");
  uint64_t universes = text == nullptr ? 2000 : std::strtoull(text, nullptr, 10);
  return std::clamp<uint64_t>(universes / 10, 40, 200);
}

uint64_t seed() {
  static const char* text = std::getenv("TRIBUTARY_MODEL_SEED");
  static const uint64_t chosen = text == nullptr ? std::random_device{}() : std::strtoull(text, nullptr, 10);
  return chosen;
}

// Each world in a store's own workspace and with its own key, its steps shuffled.
class Answers : public testing::Test {
 protected:
  using See = std::function<void(const World&, const Steps&, std::mt19937_64&)>;

  void for_each_world(const See& see) {
    for (uint64_t number = 0; number < worlds() && !HasFatalFailure(); ++number) {
      SCOPED_TRACE("TRIBUTARY_MODEL_SEED=" + std::to_string(seed()) + ", world " + std::to_string(number));
      std::mt19937_64 random(seed() + number);
      std::string key(32, 'k');
      for (size_t i = 0; i < 8; ++i) key[i] = static_cast<char>(number >> (8 * i));
      index_key_ = std::make_unique<KeyedHash>(key);
      if (number % 50 == 0) harness_ = std::make_unique<FoldHarness>(*index_key_);
      harness_->use_key(*index_key_);
      World world = random_world(random, *index_key_);
      Steps steps(world.events.begin(), world.events.end());
      steps.insert(steps.end(), world.assertions.begin(), world.assertions.end());
      std::shuffle(steps.begin(), steps.end(), random);
      steps = with_evidence_first(steps, *index_key_);
      see(world, steps, random);
    }
  }

  /// In a workspace of its own, in groups of at most so many.
  void tell_all(const Steps& steps, size_t most) {
    workspace_ = WorkspaceId{++workspaces_};
    harness_->restart({});
    std::span<const Step> rest(steps);
    while (!rest.empty()) {
      size_t count = group_of(rest, most);
      tell(*harness_, workspace_, rest.first(count));
      rest = rest.subspan(count);
    }
  }

  PreviewView preview(const PreviewQuery& query) {
    return must(
        preview_identity(harness_->store(), workspace_, harness_->rules(workspace_), query, [] { return false; }));
  }

  std::vector<std::string> history() {
    std::vector<std::string> told;
    ChangesQuery query;
    query.limit = 7;  // pages
    for (bool more = true; more;) {
      ChangesPage page = must(read_changes(harness_->store(), *index_key_, workspace_, query));
      for (const ChangeView& change : page.changes) told.push_back(line_of(change));
      query.cursor = page.next_cursor;
      more = !page.at_end;
    }
    return told;
  }

  static std::string line_of(const ChangeView& change) {
    std::string line =
        std::string(change_type_name(change.type)) + " by " + change.cause.id + " of " + change.cause.source + ":";
    for (const CustomerId& id : change.from) line += " from " + id.text();
    for (const CustomerId& id : change.into) line += " into " + id.text();
    if (change.hub) line += " " + change.hub->identifier.value();
    return line;
  }

  std::unique_ptr<KeyedHash> index_key_;
  std::unique_ptr<FoldHarness> harness_;
  WorkspaceId workspace_;
  uint32_t workspaces_ = 0;
};

TEST_F(Answers, PreviewOfRulesTellsWhatTheirActivationDoes) {
  uint64_t telling = 0;
  for_each_world([&](const World& world, const Steps& steps, std::mt19937_64& random) {
    tell_all(steps, 10);
    harness_->change_rules(workspace_, random_rules(random, world.events));
    Export before = harness_->read_all(workspace_);
    PreviewQuery query;
    query.rules = world.rules;
    PreviewView foretold = preview(query);
    ASSERT_EQ(harness_->read_all(workspace_), before);  // and nothing was written
    harness_->change_rules(workspace_, world.rules);
    Export after = harness_->read_all(workspace_);
    EXPECT_EQ(foretold.customers_before, before.customers.size());
    EXPECT_EQ(foretold.customers_after, after.customers.size());
    EXPECT_EQ(foretold.hubs_before, before.hubs);
    EXPECT_EQ(foretold.hubs_after, after.hubs);
    EXPECT_EQ(foretold.refusals_before[RefusalRule::limit], before.refused_limit);
    EXPECT_EQ(foretold.refusals_after[RefusalRule::limit], after.refused_limit);
    EXPECT_EQ(foretold.refusals_after[RefusalRule::window], after.refused_window);
    EXPECT_EQ(foretold.refusals_after[RefusalRule::join_not_trusted], after.refused_trust);
    EXPECT_EQ(foretold.refusals_after[RefusalRule::cannot_link], after.refused_cannot);
    ASSERT_FALSE(HasFailure()) << describe(steps);
    telling += foretold.customers_before != foretold.customers_after ? 1 : 0;
  });
  EXPECT_GT(telling, worlds() / 8);
}

TEST_F(Answers, PreviewOfADecisionTellsWhatItDoes) {
  uint64_t telling = 0;
  for_each_world([&](const World& world, const Steps& steps, std::mt19937_64&) {
    if (world.assertions.empty() || world.assertions.front().subject == AssertionSubject::cut) return;
    Assertion decision = world.assertions.front();
    decision.decision = {Timestamp{INT64_MAX / 2}, "previewed", "test", "test"};  // after all others
    tell_all(Steps(world.events.begin(), world.events.end()), 10);                // nothing is decided yet
    harness_->change_rules(workspace_, world.rules);
    Export before = harness_->read_all(workspace_);
    PreviewQuery query;
    query.assertions = {decision};
    PreviewView foretold = preview(query);
    harness_->decide(workspace_, decision);
    Export after = harness_->read_all(workspace_);
    // A decision about identifiers that nobody saw makes customers of them; a preview counts what is there.
    if (after.identifiers != before.identifiers) return;
    EXPECT_EQ(static_cast<int64_t>(foretold.customers_after) - static_cast<int64_t>(foretold.customers_before),
              static_cast<int64_t>(after.customers.size()) - static_cast<int64_t>(before.customers.size()));
    ASSERT_FALSE(HasFailure()) << describe(steps);
    telling += after.customers.size() != before.customers.size() ? 1 : 0;
  });
  EXPECT_GE(telling, worlds() / 100);  // among few worlds there may be none
}

TEST_F(Answers, ExplanationLeadsFromOneIdentifierToTheOther) {
  uint64_t paths = 0, refusals = 0, hubs = 0;
  for_each_world([&](const World& world, const Steps& steps, std::mt19937_64& random) {
    tell_all(steps, 10);
    harness_->change_rules(workspace_, world.rules);
    RuleSet rules = harness_->rules(workspace_);
    std::vector<Identifier> known;
    for (const Identifier& each : identifiers_of(world)) {
      if (find_customer(harness_->store(), workspace_, identifier_hash(*index_key_, each), rules))
        known.push_back(each);
    }
    for (int draw = 0; draw < 20 && known.size() > 1; ++draw) {
      const Identifier& a = known[random() % known.size()];
      const Identifier& b = known[random() % known.size()];
      Hash128 from = identifier_hash(*index_key_, a), to = identifier_hash(*index_key_, b);
      ExplainView view = must(explain_identity(harness_->store(), workspace_, {from, from, to}, rules));
      bool same = must(find_customer(harness_->store(), workspace_, from, rules)).id ==
                  must(find_customer(harness_->store(), workspace_, to, rules)).id;
      ASSERT_EQ(view.same_customer, same);
      ASSERT_EQ(view.path.empty(), !same || a == b);
      if (!view.path.empty()) {
        ASSERT_EQ(view.path.front().a, a);
        ASSERT_EQ(view.path.back().b, b);
        for (size_t i = 1; i < view.path.size(); ++i) ASSERT_EQ(view.path[i].a, view.path[i - 1].b);
        ++paths;
      }
      refusals += view.refusal ? 1 : 0;
      hubs += view.hubs.empty() ? 0 : 1;
    }
  });
  EXPECT_GT(paths, worlds());
  EXPECT_GT(refusals, worlds() / 10);
  EXPECT_GT(hubs, worlds() / 10);
}

TEST_F(Answers, HistoryIsTheSameHoweverRecordsComeInGroups) {
  uint64_t steps_told = 0;
  for_each_world([&](const World& world, const Steps& steps, std::mt19937_64&) {
    Steps with_rules = steps;
    with_rules.insert(with_rules.begin(), world.rules);
    tell_all(with_rules, 1);
    std::vector<std::string> one_by_one = history();
    tell_all(with_rules, with_rules.size());
    ASSERT_EQ(history(), one_by_one) << describe(with_rules);
    steps_told += one_by_one.size();
  });
  EXPECT_GT(steps_told, worlds());
}

}  // namespace
}  // namespace tributary::model
