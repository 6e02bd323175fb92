#include "engine/fold/fold.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>

#include "engine/query/rfm.h"
#include "tests/model/audit.h"
#include "tests/model/fold_harness.h"
#include "tests/model/reference.h"
#include "tests/model/universe.h"

namespace tributary::model {
namespace {

const KeyedHash kKey(std::string(32, 'f'));
const WorkspaceId kWorkspace{1};

Event event(std::vector<Id> ids, int64_t at) {
  return make_event({.ids = std::move(ids), .at = at, .message_id = "m" + std::to_string(at)}, kKey);
}

TEST(FoldCounters, EqualARecountAfterEveryGroup) {
  FoldHarness harness(kKey);
  std::deque<KeyedHash> keys;  // one for each workspace, as in a server
  for (uint32_t universe = 1; universe <= 40; ++universe) {
    std::mt19937_64 random(universe);
    WorkspaceId workspace{universe};
    AppliedState before = harness.fold_unit().applied();
    const KeyedHash& key = keys.emplace_back(kKey.derive("workspace " + std::to_string(universe)));
    harness.use_key(key);
    std::vector<Event> events = random_events(random, key);
    for (size_t folded = 0; folded < events.size();) {
      size_t count = std::min<size_t>(1 + random() % 20, events.size() - folded);
      auto begin = events.begin() + static_cast<ptrdiff_t>(folded);
      harness.fold(workspace, {begin, begin + static_cast<ptrdiff_t>(count)});
      folded += count;
      const AppliedState& after = harness.fold_unit().applied();
      Audit rows = audit(harness.store(), workspace);
      ASSERT_THAT(rows.problems, testing::IsEmpty());
      ASSERT_EQ(after.customers - before.customers, rows.customers);
      ASSERT_EQ(after.identifiers - before.identifiers, rows.identifiers);
      ASSERT_EQ(after.containers - before.containers, rows.containers);
      ASSERT_EQ(after.containers_not_simple - before.containers_not_simple, rows.containers_not_simple);
    }
  }
  AppliedState counted = harness.fold_unit().applied();
  harness.restart({});
  EXPECT_EQ(harness.fold_unit().applied().customers, counted.customers);
  EXPECT_EQ(harness.fold_unit().applied().lsn, counted.lsn);
}

TEST(Fold, RecordsWithoutIdentifiersAreNobodys) {
  FoldHarness harness(kKey);
  EXPECT_THAT(harness.fold(kWorkspace, {event({}, 1), event({}, 2)}),
              testing::ElementsAre(ItemOutcome::accepted, ItemOutcome::accepted));
  EXPECT_TRUE(harness.read_all(kWorkspace).customers.empty());
  AppliedState applied = harness.fold_unit().applied();
  EXPECT_EQ(applied.lsn, Lsn{2});
  EXPECT_EQ(applied.customers, 0u);
  EXPECT_EQ(applied.identifiers, 0u);
}

TEST(Fold, KindsOfRecordsItDoesNotKnowStopIt) {
  FoldHarness harness(kKey);
  std::vector<RecordView> records = {
      {Lsn{1}, RecordKind::watermark, kWorkspace, PartitionId{0}, Timestamp{kBaseMicros}, "anything"}};
  std::vector<ItemOutcome> outcomes;
  auto applied = harness.fold_unit().apply(records, outcomes);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::corrupt);
  EXPECT_NE(applied.error().message.find("kind 6"), std::string::npos) << applied.error().message;
  EXPECT_EQ(harness.store().applied()->lsn, Lsn{0});
}

TEST(Fold, OfPositionsTheLastCounts) {
  FoldHarness harness(kKey);
  std::vector<std::string> payloads(3);
  encode_position({"feed", "orders/0", 41}, payloads[0]);
  encode_position({"feed", "orders/1", 7}, payloads[1]);
  encode_position({"feed", "orders/0", 12}, payloads[2]);  // made anew at the broker
  std::vector<RecordView> records;
  for (const std::string& payload : payloads) {
    records.push_back(
        {Lsn{records.size() + 1}, RecordKind::position, kWorkspace, PartitionId{0}, Timestamp{kBaseMicros}, payload});
  }
  std::vector<ItemOutcome> outcomes;
  ASSERT_TRUE(harness.fold_unit().apply(records, outcomes));
  EXPECT_EQ(outcomes.size(), 3u);
  std::map<std::string, uint64_t> next;
  for (auto rows = harness.store().scan(Family::meta, position_prefix(kWorkspace)); rows->valid(); rows->next()) {
    auto position = decode_position(rows->value());
    ASSERT_TRUE(position) << position.error().message;
    EXPECT_EQ(position->source, "feed");
    next[position->stream] = position->next;
  }
  EXPECT_EQ(next, (std::map<std::string, uint64_t>{{"orders/0", 12}, {"orders/1", 7}}));
}

TEST(Fold, OfScalesTheLastCounts) {
  FoldHarness harness(kKey);
  std::vector<std::string> payloads(3);
  std::vector<RecordView> records;
  for (uint64_t i = 0; i < payloads.size(); ++i) {
    RfmScale scale;
    scale.computed_at = Timestamp{static_cast<int64_t>(3 - i)};  // by the order of records, not by their times
    encode_rfm_scale(scale, payloads[i]);
    WorkspaceId workspace = i == 1 ? WorkspaceId{2} : kWorkspace;
    records.push_back(
        {Lsn{i + 1}, RecordKind::rfm_scale, workspace, PartitionId{0}, Timestamp{kBaseMicros}, payloads[i]});
  }
  std::vector<ItemOutcome> outcomes;
  ASSERT_TRUE(harness.fold_unit().apply(records, outcomes));
  EXPECT_EQ(outcomes, std::vector<ItemOutcome>(3, ItemOutcome::accepted));
  auto computed_at = [&](WorkspaceId workspace) {
    auto scale = read_rfm_scale(*harness.store().snapshot(), workspace);
    if (!scale) throw std::runtime_error(scale.error().message);
    return *scale == nullptr ? 0 : (*scale)->computed_at.micros;
  };
  EXPECT_EQ(computed_at(kWorkspace), 1);
  EXPECT_EQ(computed_at(WorkspaceId{2}), 2);
  EXPECT_EQ(computed_at(WorkspaceId{3}), 0);
  RecordView cut{Lsn{4}, RecordKind::rfm_scale, kWorkspace, PartitionId{0}, Timestamp{kBaseMicros}, "\x01garbage"};
  auto damaged = harness.fold_unit().apply(std::span(&cut, 1), outcomes);
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, ErrorCode::corrupt);
}

TEST(Fold, WhatIsDecidedAboutTheWorkspaceIsKeptOnce) {
  FoldHarness harness(kKey);
  WorkspaceFact said;
  said.decision = {Timestamp{kBaseMicros}, "d1", "ann", "useful"};
  said.fact.kind = FactKind::tag;
  said.fact.act = 3;
  said.fact.trust = Trust::verified;
  said.fact.subject_text = "need/x";
  said.fact.subject = fact_subject(kKey, FactKind::tag, "need/x");
  said.fact.values = {{1, "need"}};
  std::string payload;
  encode_workspace_fact(said, payload);
  std::vector<RecordView> records;
  for (uint64_t lsn : {1, 2}) {
    records.push_back(
        {Lsn{lsn}, RecordKind::workspace_fact, kWorkspace, PartitionId{0}, Timestamp{kBaseMicros + 5}, payload});
  }
  std::vector<ItemOutcome> outcomes;
  ASSERT_TRUE(harness.fold_unit().apply(records, outcomes));
  EXPECT_EQ(outcomes, std::vector(2, ItemOutcome::accepted));
  auto rows = harness.store().scan(Family::fact, workspace_prefix(kWorkspace));
  ASSERT_TRUE(rows->valid());
  Fact fact;
  read_fact_key(rows->key(), fact);
  ASSERT_TRUE(decode_fact(rows->value(), fact));
  EXPECT_EQ(fact.subject, said.fact.subject);
  EXPECT_EQ(fact.at, said.decision.at);
  EXPECT_EQ(fact.received_at, Timestamp{kBaseMicros + 5});
  EXPECT_EQ(fact.source, "ann");
  EXPECT_EQ(fact.message_id, "d1");
  EXPECT_EQ(fact.text(uint8_t{1}), "need");
  rows->next();
  EXPECT_FALSE(rows->valid()) << "told twice, kept once";
}

TEST(Fold, EmptyGroupChangesNothing) {
  FoldHarness harness(kKey);
  std::vector<ItemOutcome> outcomes;
  ASSERT_TRUE(harness.fold_unit().apply({}, outcomes));
  EXPECT_EQ(harness.fold_unit().applied().lsn, Lsn{0});
}

TEST(Fold, DamagedPayloadIsCorrupt) {
  FoldHarness harness(kKey);
  std::vector<RecordView> records = {
      {Lsn{1}, RecordKind::event, kWorkspace, PartitionId{0}, Timestamp{kBaseMicros}, "\x01garbage"}};
  std::vector<ItemOutcome> outcomes;
  auto applied = harness.fold_unit().apply(records, outcomes);
  ASSERT_FALSE(applied);
  EXPECT_EQ(applied.error().code, ErrorCode::corrupt);
  EXPECT_EQ(harness.store().applied()->lsn, Lsn{0});
}

TEST(Fold, WorkspacesAreSeparate) {
  FoldHarness harness(kKey);
  harness.fold(WorkspaceId{1}, {event({{"user_id", "A"}}, 1)});
  harness.restart({});
  EXPECT_TRUE(harness.read_all(WorkspaceId{2}).customers.empty());
  EXPECT_EQ(harness.read_all(WorkspaceId{1}).customers.size(), 1u);
}

TEST(Fold, FrontTableKeepsWithinItsBytes) {
  FoldHarness harness(kKey);
  FoldOptions options;
  options.front_table_bytes = 100'000;
  harness.restart(options);
  for (int group = 0; group < 50; ++group) {
    std::vector<Event> events;
    for (int i = 0; i < 40; ++i) {
      int number = group * 40 + i;
      Event one = event({{"user_id", "U" + std::to_string(number)}, {"email", "e" + std::to_string(number)}}, number);
      one.traits = {{"note", "\"" + std::string(200, 'x') + "\"", TraitOperation::set}};
      events.push_back(std::move(one));
    }
    harness.fold(kWorkspace, events);
    ASSERT_LE(harness.fold_unit().front_bytes(), options.front_table_bytes);
  }
  EXPECT_GT(harness.fold_unit().front_bytes(), options.front_table_bytes / 2)
      << "a table that keeps nothing spares nothing";
}

TEST(Fold, WithoutAFrontTableTheResultIsTheSame) {
  FoldHarness harness(kKey);
  FoldOptions options;
  options.front_table_bytes = 0;
  for (uint32_t universe = 1; universe <= 20; ++universe) {
    std::mt19937_64 random(universe);
    std::vector<Event> events = random_events(random, kKey);
    harness.restart(options);
    for (const Event& one : events) {
      harness.fold(WorkspaceId{universe}, {one});
      ASSERT_EQ(harness.fold_unit().front_bytes(), 0u);
    }
    ASSERT_EQ(harness.read_all(WorkspaceId{universe}), reference(events, kKey));
  }
}

TEST(Fold, RepeatedEvidenceIsReadFromTheStoreOnlyOnce) {
  FoldHarness harness(kKey);
  harness.fold(kWorkspace, {event({{"user_id", "A"}}, 1)});
  double misses = harness.metrics().front_misses.value();
  for (int64_t at = 2; at < 12; ++at) harness.fold(kWorkspace, {event({{"user_id", "A"}}, at)});
  EXPECT_EQ(harness.metrics().front_misses.value(), misses);
}

// One large container met again and again: small ones move into it, it never moves into them.
TEST(Fold, LargerContainerTakesTheSmallerIn) {
  FoldHarness harness(kKey);
  std::vector<Event> events;
  for (int64_t i = 0; i < 50; ++i)
    events.push_back(event({{"user_id", "A"}, {"anonymous_id", "x" + std::to_string(i)}}, i));
  harness.fold(kWorkspace, events);
  auto root_of = [&](const std::string& kind, const std::string& value) {
    Hash128 id = identifier_hash(kKey, *parse_kind(kind), value);
    return (*must(load_vertex(harness.store(), kWorkspace, id))).root;
  };
  Hash128 large = root_of("user_id", "A");
  harness.fold(kWorkspace, {event({{"email", "e"}, {"device_id", "d"}}, 100)});
  EXPECT_NE(root_of("email", "e"), large);
  harness.fold(kWorkspace, {event({{"user_id", "A"}, {"device_id", "d"}}, 101)});
  EXPECT_EQ(root_of("email", "e"), large);
  EXPECT_EQ(root_of("user_id", "A"), large);
}

TEST(Fold, CountsMergesAndRefusals) {
  FoldHarness harness(kKey);
  Metrics& metrics = harness.metrics();
  harness.fold(kWorkspace,
               {event({{"user_id", "A"}, {"email", "e"}}, 1), event({{"user_id", "B"}, {"phone", "p"}}, 2)});
  EXPECT_EQ(metrics.merges.value(), 0);
  harness.fold(kWorkspace, {event({{"user_id", "A"}, {"external_id/crm", "c"}}, 3)});
  harness.fold(kWorkspace, {event({{"user_id", "B"}, {"external_id/crm", "c"}}, 4)});
  EXPECT_EQ(metrics.link_refusals_limit.value(), 1);
  harness.fold(kWorkspace, {event({{"user_id", "A"}, {"device_id", "d"}}, 13)});
  harness.fold(kWorkspace, {event({{"user_id", "B"}, {"device_id", "d"}}, 14)});
  EXPECT_EQ(metrics.hubs_detected.value(), 1);
  EXPECT_EQ(metrics.splits.value(), 1);
  EXPECT_EQ(harness.fold_unit().applied().hubs, 1u);
  harness.fold(kWorkspace, {event({{"user_id", "A", Trust::claimed}, {"user_id", "B", Trust::claimed}}, 5)});
  EXPECT_EQ(metrics.link_refusals_trust.value(), 1);
  EXPECT_EQ(metrics.events_with_two_unique_ids.value(), 1);
  harness.fold(kWorkspace, {event({{"email", "e2"}}, 6)});
  harness.fold(kWorkspace, {event({{"user_id", "A"}, {"email", "e2"}}, 7)});
  EXPECT_EQ(metrics.merges.value(), 1);
}

}  // namespace
}  // namespace tributary::model
