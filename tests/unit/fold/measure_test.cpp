// Measurements for computed traits: live, parted and joined with customers, erased with them, and read from the log
// when a trait is declared later.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <random>

#include "engine/fold/measure_backfill.h"
#include "engine/fold/partition.h"
#include "engine/query/computed_traits.h"
#include "tests/model/arrival.h"
#include "tests/model/fold_harness.h"
#include "tests/model/random_world.h"
#include "tests/model/universe.h"

namespace tributary::model {
namespace {

const KeyedHash kKey(std::string(32, 'm'));
const WorkspaceId kWorkspace{1};
const Timestamp kEnd{kBaseMicros + 365 * kMicrosPerDay};
using Figures = std::map<std::string, std::string>;

ComputedTrait trait_of(std::string name, std::string event, Aggregate aggregate) {
  ComputedTrait trait;
  trait.name = std::move(name);
  trait.aggregate = aggregate;
  trait.rule.name = std::move(event);
  if (aggregate != Aggregate::count) trait.rule.value = {"properties", "v"};
  return trait;
}

std::shared_ptr<const ComputedTraits> some_traits() {
  auto traits = std::make_shared<ComputedTraits>();
  traits->definitions = {trait_of("count", "Event 1", Aggregate::count),
                         trait_of("list", "Event 1", Aggregate::unique_list),
                         trait_of("sum", "Event 1", Aggregate::sum)};
  ComputedTrait big = trait_of("big", "Event 2", Aggregate::count);
  big.rule.where = {{{"properties", "v"}, PropertyCondition::Test::at_least, {"5"}}};
  traits->definitions.insert(traits->definitions.begin(), std::move(big));
  return traits;
}

FoldOptions measuring() {
  FoldOptions options;
  options.computed_traits = some_traits();
  return options;
}

Event with_value(Event event, uint64_t value) {
  event.owned_json = std::make_shared<const std::string>("{\"messageId\":\"" + event.message_id +
                                                         "\",\"properties\":{\"v\":" + std::to_string(value) + "}}");
  event.json = *event.owned_json;
  return event;
}

Event said(std::vector<Id> ids, int64_t at, uint64_t value, const std::string& name = "Event 1") {
  return with_value(
      make_event({.ids = std::move(ids), .at = at, .message_id = "m" + std::to_string(at), .name = name}, kKey), value);
}

Identifier named(const std::string& kind, const std::string& value) {
  return Identifier::from_normalised(*parse_kind(kind), value);
}

Decision decision(const std::string& id) { return {Timestamp{1}, id, "li@shop.example", "because"}; }

/// Every row of the family, and which fragments say that there are any.
std::map<std::string, std::string> measure_rows(const StateReader& store) {
  std::map<std::string, std::string> all;
  for (auto rows = store.scan(Family::measure, ""); rows->valid(); rows->next()) {
    all.emplace(rows->key(), rows->value());
  }
  for (auto rows = store.scan(Family::fragment, ""); rows->valid(); rows->next()) {
    bool measured = (must(decode_fragment(rows->value())).fact_kinds & kMeasuredBit) != 0;
    all.emplace("fragment" + std::string(rows->key()), measured ? "measured" : "");
  }
  return all;
}

class MeasureTest : public testing::Test {
 protected:
  Customer customer_of(const std::string& kind, const std::string& value) {
    Hash128 id = must(named_at(harness_.store(), kWorkspace, identifier_hash(kKey, named(kind, value)), std::nullopt));
    return must(find_customer(harness_.store(), kWorkspace, id, harness_.rules(kWorkspace)));
  }
  Figures figures(const Customer& customer) {
    Figures figures;
    ProfileView profile = must(read_profile(harness_.store(), customer, {some_traits(), kEnd}));
    for (const auto& view : profile.computed_traits) {
      figures[view.name] = view.value.json;
    }
    return figures;
  }
  std::string sum(const std::string& kind, const std::string& value) {
    return figures(customer_of(kind, value))["sum"];
  }

  FoldHarness harness_{kKey, {measuring(), {}}};
};

TEST_F(MeasureTest, EachEventCountsAtOnceAndOnce) {
  EXPECT_TRUE(measure_rows(harness_.store()).empty());
  harness_.fold(kWorkspace, {said({{"user_id", "A"}}, 1, 3)});
  EXPECT_EQ(sum("user_id", "A"), "3");
  harness_.fold(kWorkspace, {said({{"user_id", "A"}}, 2, 4), said({{"user_id", "A"}}, 1, 3)});
  EXPECT_EQ(sum("user_id", "A"), "7");
  harness_.fold(kWorkspace, {said({{"user_id", "A"}}, 3, 5, "Event 2"), said({{"user_id", "A"}}, 4, 4, "Event 2")});
  EXPECT_EQ(figures(customer_of("user_id", "A")),
            (Figures{{"big", "1"}, {"count", "2"}, {"list", "[3,4]"}, {"sum", "7"}}));
}

TEST_F(MeasureTest, AMergeAddsUpAndItsUndoTakesApart) {
  harness_.fold(kWorkspace, {said({{"user_id", "A"}}, 1, 3), said({{"email", "b"}}, 2, 4)});
  auto before = measure_rows(harness_.store());
  Assertion must_link =
      decide_pair(named("user_id", "A"), named("email", "b"), PairState::must, decision("join"), kKey);
  harness_.decide(kWorkspace, must_link);
  EXPECT_EQ(sum("user_id", "A"), "7");
  EXPECT_EQ(sum("email", "b"), "7");
  Assertion undo = decide_pair(named("user_id", "A"), named("email", "b"), PairState::none, decision("part"), kKey);
  undo.decision.at = Timestamp{2};
  harness_.decide(kWorkspace, undo);
  EXPECT_EQ(sum("user_id", "A"), "3");
  EXPECT_EQ(sum("email", "b"), "4");
  EXPECT_EQ(measure_rows(harness_.store()), before);
}

TEST_F(MeasureTest, ACutTakesWhatCameAfterIt) {
  harness_.fold(kWorkspace,
                {said({{"phone", "p"}}, 1, 3), said({{"phone", "p"}}, 10, 4), said({{"phone", "p"}}, 11, 5)});
  Customer before = customer_of("phone", "p");
  EXPECT_EQ(figures(before)["sum"], "12");
  harness_.decide(kWorkspace, decide_cut(named("phone", "p"), Timestamp{kBaseMicros + 10 * kMicrosPerSecond},
                                         decision("cut"), kKey));
  EXPECT_EQ(sum("phone", "p"), "5");
  Customer earlier = must(find_customer(harness_.store(), kWorkspace, identifier_hash(kKey, named("phone", "p")),
                                        harness_.rules(kWorkspace)));
  EXPECT_EQ(figures(earlier)["sum"], "7");
}

TEST_F(MeasureTest, AnErasureLeavesNothing) {
  harness_.fold(kWorkspace, {said({{"user_id", "A"}}, 1, 3), said({{"user_id", "B"}}, 2, 4)});
  harness_.erase(kWorkspace, named("user_id", "A"), decision("erase"));
  size_t rows = 0;
  for (auto row = harness_.store().scan(Family::measure, ""); row->valid(); row->next()) ++rows;
  EXPECT_EQ(rows, 2u);  // of the two rules that are about Event 1
  EXPECT_EQ(sum("user_id", "B"), "4");
}

TEST_F(MeasureTest, TraitsShareWhatIsReadForOneAnswer) {
  for (int64_t i = 0; i < 5; ++i) harness_.fold(kWorkspace, {said({{"user_id", "A"}}, i, 1)});
  for (int64_t i = 5; i < 8; ++i) harness_.fold(kWorkspace, {said({{"user_id", "A"}}, i, 9, "Event 2")});
  Customer customer = customer_of("user_id", "A");
  auto read = [&](const ComputedTraits& traits, const MeasurementLimits& limits) {
    std::string told;
    auto views = must(read_computed_traits(harness_.store(), kWorkspace, customer.evidence, traits, kEnd, limits));
    for (const ComputedTraitView& view : views) {
      told += view.name + " " + std::to_string(view.value.count) + (view.value.complete ? " " : "+ ");
    }
    return told;
  };
  // The list and the sum are of one measure, whose rows are read once for both.
  EXPECT_EQ(read(*some_traits(), {100, 13}), "big 3 count 5 list 5 sum 5 ");
  EXPECT_EQ(read(*some_traits(), {100, 10}), "big 3 count 5 list 2+ sum 2+ ");
  EXPECT_EQ(read(*some_traits(), {100, 2}), "big 2+ count 0+ list 0+ sum 0+ ");
  EXPECT_EQ(read(*some_traits(), {4, 100}), "big 3 count 4+ list 4+ sum 4+ ");
  // What is full leaves room to those that look at later times.
  ComputedTraits later = *some_traits();
  later.definitions.back().window = {TraitWindow::Kind::rolling, kEnd.micros - kBaseMicros - 3 * kMicrosPerSecond + 1};
  EXPECT_EQ(read(later, {2, 100}), "big 2+ count 2+ list 2+ sum 2 ");
}

TEST_F(MeasureTest, OnlyWhatIsUpToTheMomentCounts) {
  harness_.fold(kWorkspace, {said({{"user_id", "A"}}, 1, 3), said({{"user_id", "A"}}, 5, 4)});
  auto traits = std::make_shared<ComputedTraits>(*some_traits());
  for (ComputedTrait& trait : traits->definitions) trait.window = {TraitWindow::Kind::rolling, 4 * kMicrosPerSecond};
  auto sum_at = [&](int64_t second) {
    Timestamp now{kBaseMicros + second * kMicrosPerSecond};
    return must(read_profile(harness_.store(), customer_of("user_id", "A"), {traits, now}))
        .computed_traits.back()
        .value.json;
  };
  EXPECT_EQ(sum_at(0), "0");
  EXPECT_EQ(sum_at(4), "3");
  EXPECT_EQ(sum_at(5), "4");
  EXPECT_EQ(sum_at(9), "0");
}

TEST_F(MeasureTest, OthersArePassedOver) {
  harness_.fold(kWorkspace, {said({{"user_id", "A"}}, 1, 3, "Event 3")});
  EXPECT_EQ(harness_.metrics().measurements.value(), 0);
  for (const auto& [key, value] : measure_rows(harness_.store())) EXPECT_EQ(value, "");
}

/// A store of its own, told what the log holds.
class Replayed {
 public:
  Replayed(MemoryLog& log, FoldOptions options) : log_(log) { open(std::move(options)); }

  void open(FoldOptions options) {
    partition_.reset();
    auto store = must(StateStore::open({directory_.path() + "/state", options.dedup_window_micros, false}, memory_));
    partition_ = std::make_unique<Partition>(PartitionId{0}, std::move(store), options, metrics_);
    must(partition_->open());
    partition_->read_again_from(log_);
  }

  void recover(Lsn from, Lsn to) {
    each_batch(from, to, [this](std::span<const RecordView> records) { must(partition_->recover(records)); });
    must(partition_->store().flush());
  }

  /// False when nothing was missing.
  bool backfill(const ComputedTraits& traits) {
    MeasureBackfill backfill(store(), traits.definitions);
    if (!must(backfill.begin())) return false;
    each_batch(Lsn{1}, log_.last_durable(), [&](std::span<const RecordView> records) { must(backfill.add(records)); });
    must(backfill.finish());
    must(store().flush());
    return true;
  }

  /// Begins, and is killed.
  void backfill_half(const ComputedTraits& traits) {
    MeasureBackfill backfill(store(), traits.definitions);
    TRIBUTARY_CHECK(must(backfill.begin()));
    auto cursor = log_.read(Lsn{1});
    must(backfill.add(must(cursor->next_batch(1))));
    must(store().flush());
  }

  StateStore& store() { return partition_->store(); }

 private:
  template <class OnBatch>
  void each_batch(Lsn from, Lsn to, OnBatch on_batch) {
    auto cursor = log_.read(from);
    for (auto batch = must(cursor->next_batch(1)); !batch.empty(); batch = must(cursor->next_batch(1))) {
      std::erase_if(batch, [&](const RecordView& record) { return record.lsn > to; });
      if (!batch.empty()) on_batch(std::span<const RecordView>(batch));
    }
  }

  MemoryLog& log_;
  TempDirectory directory_;
  StoreMemory memory_{8 << 20, 8 << 20};
  Metrics metrics_;
  std::unique_ptr<Partition> partition_;
};

/// What the timeline of the customer says, by a few lines of its own.
Figures figures_of_timeline(FoldHarness& harness, const Customer& customer) {
  TimelineQuery query;
  query.limit = 10'000;
  uint64_t count = 0, sum = 0, big = 0;
  std::map<std::string, uint64_t> values;
  for (const TimelineEntry& entry :
       must(read_timeline(harness.store(), harness.log(), kKey, customer, query)).entries) {
    if (entry.type != EventType::track) continue;
    std::string json(entry.json);
    std::string value = json.substr(json.find("\"v\":") + 4);
    value.resize(value.find('}'));
    if (entry.name == "Event 1") {
      ++count;
      sum += std::stoull(value);
      ++values[value];
    }
    if (entry.name == "Event 2" && std::stoull(value) >= 5) ++big;
  }
  std::string list;
  for (const auto& [value, times] : values) list += (list.empty() ? "" : ",") + value;
  return {{"big", std::to_string(big)},
          {"count", std::to_string(count)},
          {"list", "[" + list + "]"},
          {"sum", std::to_string(sum)}};
}

class RandomMeasureTest : public MeasureTest {
 protected:
  Steps random_steps(std::mt19937_64& random) {
    World world = random_world(random, kKey);
    Steps steps;
    for (Event& event : world.events) steps.emplace_back(with_value(std::move(event), random() % 12));
    for (Assertion& assertion : world.assertions) steps.emplace_back(std::move(assertion));
    steps.emplace_back(world.rules);
    std::shuffle(steps.begin(), steps.end(), random);
    return with_evidence_first(steps, kKey);
  }

  void tell_all(FoldHarness& harness, const Steps& steps) {
    std::span<const Step> rest(steps);
    while (!rest.empty()) {
      size_t group = group_of(rest, 7);
      tell(harness, kWorkspace, rest.first(group));
      rest = rest.subspan(group);
    }
    harness.finish_sweeps();
  }

  /// By customer; each compared with its timeline.
  std::map<std::string, Figures> all_figures(FoldHarness& harness) {
    std::map<std::string, Figures> all;
    RuleSet rules = harness.rules(kWorkspace);
    for (auto rows = harness.store().scan(Family::vertex, workspace_prefix(kWorkspace)); rows->valid(); rows->next()) {
      auto customer = find_customer(harness.store(), kWorkspace, Hash128::from_bytes(rows->key().substr(4)), rules);
      if (!customer || all.contains(customer->id.text())) continue;
      Figures figures;
      ProfileView profile = must(read_profile(harness.store(), *customer, {some_traits(), kEnd}));
      for (const auto& view : profile.computed_traits) {
        figures[view.name] = view.value.json;
      }
      auto told = figures_of_timeline(harness, *customer);
      EXPECT_EQ(figures, told);
      all.emplace(customer->id.text(), std::move(figures));
    }
    return all;
  }
};

TEST_F(RandomMeasureTest, FiguresAreThoseOfTheTimelineInAnyOrderAlsoWhenDeclaredLater) {
  uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  size_t rows_seen = 0;
  for (int round = 0; round < 4 && !HasFailure(); ++round) {
    Steps steps = random_steps(random);
    FoldHarness live(kKey, {measuring(), {}}), shuffled(kKey, {measuring(), {}});
    tell_all(live, steps);
    auto figures = all_figures(live);
    std::shuffle(steps.begin(), steps.end(), random);
    tell_all(shuffled, with_evidence_first(steps, kKey));
    EXPECT_EQ(all_figures(shuffled), figures) << describe(steps);
    if (round % 2 == 0 && !figures.empty()) {
      auto events = world_after(steps).events;
      for (const Event& event : events) {
        if (event.identifiers.empty()) continue;
        try {
          live.erase(kWorkspace, event.identifiers.front().identifier, decision("erase"));
        } catch (const std::exception&) {
          continue;  // nobody's
        }
        break;
      }
      live.finish_sweeps();
      all_figures(live);
    }
    auto wanted = measure_rows(live.store());
    rows_seen += wanted.size();
    Lsn last = live.log().last_durable();
    Replayed rebuilt(live.log(), measuring());
    EXPECT_FALSE(rebuilt.backfill(*some_traits())) << "a fresh store is behind in nothing";
    rebuilt.recover(Lsn{1}, last);
    EXPECT_EQ(measure_rows(rebuilt.store()), wanted);
    // Declared after some records; a start that was killed half-way; the rest folded.
    Replayed later(live.log(), {});
    Lsn middle = round % 4 < 2 ? last : Lsn{random() % last.value() + 1};
    later.recover(Lsn{1}, middle);
    later.open(measuring());
    later.backfill_half(*some_traits());
    later.open(measuring());
    EXPECT_TRUE(later.backfill(*some_traits()));
    EXPECT_FALSE(later.backfill(*some_traits()));
    later.recover(next(middle), last);
    EXPECT_EQ(measure_rows(later.store()), wanted);
  }
  EXPECT_GT(rows_seen, 20u);
}

TEST_F(MeasureTest, DeclaredLaterOnlyWhatStandsOnATimelineCountsAndWhereItStands) {
  Event again = with_value(said({{"user_id", "A"}}, 1, 3), 9);
  harness_.fold(kWorkspace, {said({{"user_id", "A"}}, 1, 3), again, said({{"user_id", "B"}}, 2, 4)});
  harness_.fold(kWorkspace, {said({{"phone", "p"}}, 3, 5), said({{"phone", "p"}}, 20, 6)});
  harness_.decide(kWorkspace, decide_cut(named("phone", "p"), Timestamp{kBaseMicros + 10 * kMicrosPerSecond},
                                         decision("cut"), kKey));
  harness_.erase(kWorkspace, named("user_id", "B"), decision("erase"));
  Replayed later(harness_.log(), {});
  later.recover(Lsn{1}, harness_.log().last_durable());
  later.open(measuring());
  EXPECT_TRUE(later.backfill(*some_traits()));
  EXPECT_EQ(measure_rows(later.store()), measure_rows(harness_.store()));
}

TEST_F(MeasureTest, WhatWasNotMeasuredForAWhileIsReadAgain) {
  harness_.fold(kWorkspace, {said({{"user_id", "A"}}, 1, 3)});
  Replayed store(harness_.log(), measuring());
  EXPECT_FALSE(store.backfill(*some_traits()));
  store.recover(Lsn{1}, Lsn{1});
  harness_.fold(kWorkspace, {said({{"user_id", "A"}}, 2, 4)});
  store.open({});
  EXPECT_FALSE(store.backfill({})) << "nothing is declared";
  store.recover(Lsn{2}, Lsn{2});
  store.open(measuring());
  EXPECT_TRUE(store.backfill(*some_traits()));
  EXPECT_EQ(measure_rows(store.store()), measure_rows(harness_.store()));
}

}  // namespace
}  // namespace tributary::model
