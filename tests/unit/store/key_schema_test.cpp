#include "engine/store/key_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <random>

namespace tributary {
namespace {

Hash128 hash(uint8_t fill) {
  Hash128 value;
  value.bytes.fill(fill);
  return value;
}

const WorkspaceId kWorkspace{7};

// --- keys ----------------------------------------------------------------------------------------------------------

TEST(Keys, WorkspacesAreRanges) {
  EXPECT_EQ(id_key(WorkspaceId{0x01020304}, hash(9)).substr(0, 4), std::string("\x01\x02\x03\x04"));
  EXPECT_LT(id_key(WorkspaceId{1}, hash(0xff)), id_key(WorkspaceId{2}, hash(0)));
  EXPECT_LT(id_key(WorkspaceId{255}, hash(0xff)), id_key(WorkspaceId{256}, hash(0)));
}

TEST(Keys, OfAContainerShareItsPrefixAndTheHeaderComesFirst) {
  std::string prefix = id_key(kWorkspace, hash(1));
  std::string header = container_header_key(kWorkspace, hash(1));
  std::string evidence = container_evidence_key(kWorkspace, hash(1), hash(0));
  EXPECT_TRUE(header.starts_with(prefix));
  EXPECT_TRUE(evidence.starts_with(prefix));
  EXPECT_LT(header, evidence);
  EXPECT_EQ(header.size(), 4u + 16 + 1);
  EXPECT_EQ(evidence.size(), 4u + 16 + 1 + 16);
}

TEST(Keys, EndOfAContainerStandsBehindItsRowsAndBeforeTheNextOne) {
  std::string end = container_end(kWorkspace, hash(1));
  EXPECT_LT(container_header_key(kWorkspace, hash(1)), end);
  EXPECT_LT(container_pair_key(kWorkspace, hash(1), hash(0xff), hash(0xff)), end);
  EXPECT_GT(container_header_key(kWorkspace, hash(2)), end);
  EXPECT_GT(container_header_key(WorkspaceId{8}, hash(0)), container_end(kWorkspace, hash(0xff)));
}

TEST(Keys, OfAFragmentAreHomeThenEvidence) {
  EXPECT_EQ(fragment_key(kWorkspace, hash(1), hash(2)), id_key(kWorkspace, hash(1)) + std::string(16, '\2'));
}

TEST(Keys, TimelineRunsFromTheNewestToTheOldest) {
  const int64_t times[] = {INT64_MIN, -5'000'000, -1, 0, 1, 255, 256, 1'767'225'600'000'000, INT64_MAX};
  for (size_t i = 1; i < std::size(times); ++i) {
    EXPECT_GT(timeline_key(kWorkspace, hash(1), Timestamp{times[i - 1]}, Lsn{9}),
              timeline_key(kWorkspace, hash(1), Timestamp{times[i]}, Lsn{1}));
  }
}

TEST(Keys, TimelinePositionReadsBack) {
  for (int64_t at : {INT64_MIN, int64_t{-1}, int64_t{0}, int64_t{1'767'225'600'000'001}, INT64_MAX}) {
    NewestFirst position = newest_first_position(timeline_key(kWorkspace, hash(1), Timestamp{at}, Lsn{3}));
    EXPECT_EQ(position.at.micros, at);
    EXPECT_EQ(position.lsn, Lsn{3});
  }
}

TEST(Keys, RejectedRunFromTheNewestToTheOldest) {
  auto key = [](int64_t at, uint64_t lsn) { return rejected_key(kWorkspace, Timestamp{at}, Lsn{lsn}); };
  EXPECT_LT(key(2, 1), key(1, 9));
  EXPECT_LT(key(2, 257), key(2, 256));
  EXPECT_TRUE(key(2, 1).starts_with(rejected_prefix(kWorkspace)));
  NewestFirst position = newest_first_position(key(-3, 77));
  EXPECT_EQ(position.at.micros, -3);
  EXPECT_EQ(position.lsn, Lsn{77});
}

TEST(Keys, OrderOfRandomTimesEqualsNumberOrder) {
  std::mt19937_64 random(4);
  for (int i = 0; i < 10'000; ++i) {
    Timestamp a{static_cast<int64_t>(random())}, b{static_cast<int64_t>(random())};
    ASSERT_EQ(a > b, timeline_key(kWorkspace, hash(1), a, Lsn{1}) < timeline_key(kWorkspace, hash(1), b, Lsn{1}));
  }
}

TEST(Families, HaveFixedNamesOnDisk) {
  const char* names[] = {"meta", "out",     "vert",  "val",   "cont",     "frag", "order",
                         "fact", "measure", "dedup", "event", "rejected", "hist", "hub"};
  ASSERT_EQ(std::size(names), kFamilyCount);
  for (size_t i = 0; i < kFamilyCount; ++i) EXPECT_EQ(family_name(static_cast<Family>(i)), names[i]);
}

// --- values --------------------------------------------------------------------------------------------------------

template <class Row>
std::string bytes_of(const Row& row) {
  std::string bytes;
  encode(row, bytes);
  return bytes;
}

// The row reads back to the same bytes; every cut, a tail and another version are corrupt and named.
template <class Row, class Decode>
Row read_back(const Row& row, Decode decode, const std::string& layout) {
  std::string bytes = bytes_of(row);
  for (size_t length = 0; length < bytes.size(); ++length) {
    auto cut = decode(std::string_view(bytes).substr(0, length));
    EXPECT_FALSE(cut) << layout << " cut to " << length;
    if (cut) continue;
    EXPECT_EQ(cut.error().code, ErrorCode::corrupt);
    EXPECT_THAT(cut.error().message, testing::HasSubstr(layout));
  }
  EXPECT_FALSE(decode(bytes + "x"));
  std::string other = bytes;
  other[0] = 99;
  EXPECT_FALSE(decode(other));
  auto read = decode(bytes);
  EXPECT_TRUE(read);
  EXPECT_EQ(bytes_of(*read), bytes);
  return *read;
}

TEST(Rows, Vertex) {
  VertexRow read = read_back(VertexRow{0x0102030405060708, hash(3)}, decode_vertex, "vertex");
  EXPECT_EQ(read.kind, 0x0102030405060708u);
  EXPECT_EQ(read.root, hash(3));
}

TEST(Rows, IdentifierValue) {
  IdentifierValue row{{IdentifierFamily::external_id, "crm"}, std::string("a\0b", 3)};
  IdentifierValue read = read_back(row, decode_identifier_value, "value");
  EXPECT_EQ(read.kind, row.kind);
  EXPECT_EQ(read.value, row.value);
}

TEST(Rows, IdentifierValueOfAGeneration) {
  IdentifierValue row{{IdentifierFamily::phone, {}}, "+8613812345678", Timestamp{-7}, hash(4)};
  IdentifierValue read = read_back(row, decode_identifier_value, "value");
  EXPECT_EQ(read.kind, row.kind);
  EXPECT_EQ(read.from, row.from);
  EXPECT_EQ(read.origin, hash(4));
}

TEST(Rows, Dedup) {
  DedupRow read = read_back(DedupRow{Timestamp{-9}, 0xdeadbeef}, decode_dedup, "dedup");
  EXPECT_EQ(read.received_at.micros, -9);
  EXPECT_EQ(read.content_crc, 0xdeadbeefu);
}

TEST(Rows, Timeline) {
  TimelineRow row{Timestamp{-1}, hash(5), EventType::screen, 6, 7};
  TimelineRow read = read_back(row, decode_timeline, "timeline");
  EXPECT_EQ(read.received_at, row.received_at);
  EXPECT_EQ(read.evidence, row.evidence);
  EXPECT_EQ(read.type, row.type);
  EXPECT_EQ(read.source_crc, 6u);
  EXPECT_EQ(read.name_crc, 7u);
}

TEST(Rows, Rejected) {
  RejectedRow read = read_back(RejectedRow{RejectionCode::event_too_large, 8}, decode_rejected_row, "rejected");
  EXPECT_EQ(read.code, RejectionCode::event_too_large);
  EXPECT_EQ(read.source_crc, 8u);
}

TEST(Rows, Applied) {
  AppliedState read = read_back(AppliedState{Lsn{5}, Timestamp{6}, 7, 8, 9, 10}, decode_applied, "applied");
  EXPECT_EQ(read.lsn, Lsn{5});
  EXPECT_EQ(read.received_at.micros, 6);
  EXPECT_EQ(read.customers, 7u);
  EXPECT_EQ(read.identifiers, 8u);
  EXPECT_EQ(read.containers, 9u);
  EXPECT_EQ(read.containers_not_simple, 10u);
}

TEST(Rows, ContainerHeader) {
  ContainerSummary row;
  row.kinds.push_back({11, 300});
  row.kinds.push_back({12, 1});
  row.strong = 1;
  row.verified_strong = 2;
  row.weak_links = 3;
  row.evidence = 4;
  row.customers = 5;
  row.refused_limit = 6;
  row.refused_trust = 7;
  row.simple = false;
  ContainerSummary read = read_back(row, decode_summary, "container");
  ASSERT_EQ(read.kinds.size(), 2u);
  EXPECT_EQ(read.kinds[0].count, 300u);
  EXPECT_EQ(read.customers, 5u);
  EXPECT_EQ(read.refused_trust, 7u);
  EXPECT_FALSE(read.simple);
}

TEST(Rows, Evidence) {
  Evidence row{hash(1), {{hash(2), 20, Trust::claimed}, {hash(3), 30, Trust::verified}}, {Timestamp{-4}, "m"}};
  auto decode = [](std::string_view bytes) { return decode_evidence(hash(1), bytes); };
  Evidence read = read_back(row, decode, "evidence");
  EXPECT_EQ(read.hash, hash(1));
  EXPECT_EQ(read.members, row.members);
  EXPECT_EQ(read.first, row.first);
}

const Decision kDecision{Timestamp{5}, "as-1", "li@shop.example", "two sisters"};

void expect_equal(const Decision& a, const Decision& b) {
  EXPECT_EQ(std::tie(a.at, a.id, a.author, a.reason), std::tie(b.at, b.id, b.author, b.reason));
}

TEST(Rows, DecidedEvidence) {
  Evidence row{hash(1), {{hash(2), 20, Trust::claimed}}, {Timestamp{-4}, "m", "shop"}, Timestamp{9}};
  row.decided = std::make_shared<const EvidenceRegister>(EvidenceRegister{EvidenceState::retracted, kDecision});
  auto decode = [](std::string_view bytes) { return decode_evidence(hash(1), bytes); };
  Evidence read = read_back(row, decode, "evidence");
  EXPECT_EQ(read.first.source, "shop");
  EXPECT_EQ(read.last_at, Timestamp{9});
  ASSERT_TRUE(read.decided);
  EXPECT_FALSE(read.live());
  expect_equal(read.decided->decision, kDecision);
}

TEST(Rows, DividedEvidence) {
  Evidence row{hash(1), {{hash(2), 20, Trust::claimed}}, {Timestamp{-4}, "m", "shop"}, Timestamp{9}};
  row.divided_from = hash(7);
  auto decode = [](std::string_view bytes) { return decode_evidence(hash(1), bytes); };
  EXPECT_EQ(read_back(row, decode, "evidence").said(), hash(7));
  row.decided = std::make_shared<const EvidenceRegister>(EvidenceRegister{EvidenceState::retracted, kDecision});
  Evidence read = read_back(row, decode, "evidence");
  EXPECT_EQ(read.said(), hash(7));
  EXPECT_FALSE(read.live());
}

TEST(Rows, EvidenceRegister) {
  EvidenceRegister row{EvidenceState::retracted, kDecision};
  EvidenceRegister read = read_back(row, decode_evidence_register, "evidence register");
  EXPECT_EQ(read.state, EvidenceState::retracted);
  expect_equal(read.decision, kDecision);
}

TEST(Rows, Cut) {
  std::string key = cut_key(WorkspaceId{3}, hash(5), Timestamp{-6});
  EXPECT_EQ(cut_workspace(key), WorkspaceId{3});
  EXPECT_TRUE(key.starts_with(cut_prefix(WorkspaceId{3}, hash(5))));
  auto decode = [&](std::string_view bytes) { return decode_cut(key, bytes); };
  CutRow read = read_back(CutRow{hash(5), Timestamp{-6}, kDecision}, decode, "cut");
  EXPECT_EQ(read.identifier, hash(5));
  EXPECT_EQ(read.at, Timestamp{-6});
  expect_equal(read.decision, kDecision);
}

TEST(Rows, Mark) {
  auto decode = [](std::string_view bytes) { return decode_mark(hash(1), bytes); };
  MemberMark read = read_back(MemberMark{hash(1), 20, OutFlags::kAlways, true, true}, decode, "mark");
  EXPECT_EQ(read.kind, 20u);
  EXPECT_EQ(read.out, OutFlags::kAlways);
  EXPECT_TRUE(read.foreign && read.decided);
}

TEST(Rows, Pair) {
  auto decode = [](std::string_view bytes) { return decode_pair(hash(1), hash(2), bytes); };
  PairRegister read = read_back(PairRegister{hash(1), hash(2), 20, 30, PairState::cannot, kDecision}, decode, "pair");
  EXPECT_EQ(read.b, hash(2));
  EXPECT_EQ(read.kind_b, 30u);
  EXPECT_EQ(read.state, PairState::cannot);
  expect_equal(read.decision, kDecision);
}

TEST(Rows, Hub) {
  HubRow row{OutFlags::kThreshold, *parse_kind("external_id/crm"), 21, 20, HubState::never, kDecision};
  HubRow read = read_back(row, decode_hub, "hub");
  EXPECT_EQ(kind_name(read.met), "external_id/crm");
  EXPECT_EQ(read.count, 21u);
  EXPECT_EQ(read.threshold, 20u);
  EXPECT_EQ(read.decided, HubState::never);
  expect_equal(read.decision, kDecision);
}

TEST(Rows, HubEvidence) {
  auto decode = [](std::string_view bytes) { return decode_hub_evidence(hash(1), bytes); };
  HubEvidence read = read_back(HubEvidence{hash(1), hash(2)}, decode, "hub evidence");
  EXPECT_EQ(read.evidence, hash(1));
  EXPECT_EQ(read.seat, hash(2));
}

TEST(Rows, RulesAndSweep) {
  RulesRow rules = read_back(RulesRow{7, kDecision, "rules"}, decode_rules_row, "rules");
  EXPECT_EQ(rules.version, 7u);
  EXPECT_EQ(rules.rules, "rules");
  SweepRow sweep = read_back(SweepRow{hash(3), 4, 6, "before"}, decode_sweep, "sweep");
  EXPECT_EQ(sweep.visited, hash(3));
  EXPECT_EQ(sweep.changes, 4u);
  EXPECT_EQ(sweep.before, 6u);
  EXPECT_EQ(sweep.rules, "before");
  EXPECT_FALSE(read_back(SweepRow{}, decode_sweep, "sweep").visited);
}

TEST(Rows, Erasures) {
  ErasureRow erasure = read_back(ErasureRow{kDecision, hash(1), 2, 3, 4, kDecision}, decode_erasure_row, "erasure");
  EXPECT_EQ(erasure.customer, hash(1));
  EXPECT_EQ(erasure.identifiers, 2u);
  EXPECT_EQ(erasure.evidence, 3u);
  EXPECT_EQ(erasure.events, 4u);
  expect_equal(erasure.decision, kDecision);
  ASSERT_TRUE(erasure.lifted);
  expect_equal(*erasure.lifted, kDecision);
  EXPECT_FALSE(read_back(ErasureRow{}, decode_erasure_row, "erasure").lifted);
  EXPECT_EQ(read_back(SuppressedRow{{"er-1", "er-2"}}, decode_suppressed, "suppressed").erasures.at(1), "er-2");
  auto [workspace, id] = erased_key(suppressed_key(WorkspaceId{5}, hash(6)), kSuppressedPrefix);
  EXPECT_EQ(workspace.value(), 5u);
  EXPECT_EQ(id, hash(6));
}

TEST(Rows, Change) {
  Change row;
  row.type = ChangeType::split;
  row.from = {hash(1)};
  row.into = {hash(1), hash(2)};
  row.hub = {hash(3), *parse_kind("email"), 3, 2};
  row.rules_version = 4;
  row.cause = {CauseKind::assertion, "as-1", "", "li", "two sisters"};
  row.at = Timestamp{6};
  Change read = read_back(row, decode_change, "change");
  EXPECT_EQ(read.type, ChangeType::split);
  EXPECT_EQ(read.into, row.into);
  EXPECT_EQ(read.hub.count, 3u);
  EXPECT_EQ(read.cause.reason, "two sisters");
  EXPECT_EQ(read.at, Timestamp{6});
}

TEST(Keys, ChangesStandInOrderOfTheirPositions) {
  WorkspaceId workspace{1};
  EXPECT_LT(change_key(workspace, Lsn{1}, 9), change_key(workspace, Lsn{2}, 0));
  EXPECT_LT(change_key(workspace, Lsn{256}, 1), change_key(workspace, Lsn{256}, 2));
  ChangePosition at = change_position(change_of_key(workspace, hash(1), Lsn{300}, 7));
  EXPECT_EQ(at.lsn, Lsn{300});
  EXPECT_EQ(at.index, 7u);
}

TEST(Rows, EvidenceWithoutMembersIsCorrupt) {
  EXPECT_FALSE(decode_evidence(hash(1), bytes_of(Evidence{hash(1), {}, {Timestamp{1}, "m"}})));
}

}  // namespace
}  // namespace tributary
