#include "engine/query/tag_library_reader.h"

#include <gtest/gtest.h>

#include "engine/ingest/tag_name.h"
#include "tests/model/fold_harness.h"
#include "tests/model/universe.h"

namespace tributary::model {
namespace {

const KeyedHash kTagKey(std::string(32, 't'));
const WorkspaceId kShop{1}, kOther{2};

class TagLibraries : public testing::Test {
 protected:
  void propose(WorkspaceId workspace, const std::string& name) {
    WorkspaceFact said;
    said.decision = {Timestamp{kBaseMicros}, "propose " + name, "ann", "useful"};
    said.fact.kind = FactKind::tag;
    said.fact.act = static_cast<uint8_t>(TagAct::proposed);
    said.fact.trust = Trust::verified;
    said.fact.subject_text = tag_subject("need", name);
    said.fact.subject = fact_subject(kTagKey, FactKind::tag, said.fact.subject_text);
    said.fact.values = {{static_cast<uint8_t>(TagField::type), "need"}, {static_cast<uint8_t>(TagField::name), name}};
    std::string payload;
    encode_workspace_fact(said, payload);
    RecordView record{Lsn{++lsn_},    RecordKind::workspace_fact, workspace,
                      PartitionId{0}, Timestamp{kBaseMicros},     payload};
    std::vector<ItemOutcome> outcomes;
    ASSERT_TRUE(harness_.fold_unit().apply(std::span(&record, 1), outcomes));
  }

  std::shared_ptr<const TagLibrary> library(WorkspaceId workspace) {
    return must(reader_.library(*harness_.store().snapshot(), workspace));
  }

  static TagEntry configured() {
    TagEntry entry;
    entry.type = "need";
    entry.name = "filed";
    entry.subject = tag_subject(entry.type, entry.name);
    return entry;
  }

  uint64_t lsn_ = 0;
  FoldHarness harness_{kTagKey};
  TagLibraryReader reader_{{configured()}};
};

TEST_F(TagLibraries, ArePutTogetherOncePerChange) {
  auto first = library(kShop);
  EXPECT_NE(first->find(tag_subject("need", "filed")), nullptr);
  EXPECT_EQ(library(kShop), first);
  propose(kShop, "x");
  auto second = library(kShop);
  EXPECT_NE(second->find(tag_subject("need", "x")), nullptr);
  EXPECT_NE(second->find(tag_subject("need", "filed")), nullptr);
  EXPECT_EQ(library(kShop), second);
  propose(kOther, "y");
  EXPECT_EQ(library(kShop), second);
  EXPECT_EQ(library(kOther)->find(tag_subject("need", "x")), nullptr);
}

TEST_F(TagLibraries, AreThoseOfTheSnapshot) {
  propose(kShop, "x");
  auto before = harness_.store().snapshot();
  propose(kShop, "y");
  EXPECT_NE(library(kShop)->find(tag_subject("need", "y")), nullptr);
  EXPECT_EQ(must(reader_.library(*before, kShop))->find(tag_subject("need", "y")), nullptr);
  EXPECT_NE(library(kShop)->find(tag_subject("need", "y")), nullptr);
}

}  // namespace
}  // namespace tributary::model
