#include "engine/query/history.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "engine/domain/tag.h"
#include "tests/model/fold_harness.h"
#include "tests/model/universe.h"

namespace tributary::model {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const KeyedHash kKey(std::string(32, 'u'));
const WorkspaceId kWorkspace{1};
const ValueRules kRules{*TimeZone::load("UTC"), {}};

class CustomerHistories : public testing::Test {
 protected:
  void fold(const EventSketch& sketch) { harness_.fold(kWorkspace, {make_event(sketch, kKey)}); }

  /// The user is given a tag.
  void tag(const std::string& user, const std::string& name, int64_t at) {
    FactSaid said;
    said.kind = FactKind::tag;
    said.act = static_cast<uint8_t>(TagAct::added);
    said.trust = Trust::verified;
    said.subject_text = "need/" + name;
    said.values = {{static_cast<uint8_t>(TagField::type), "need"}, {static_cast<uint8_t>(TagField::name), name}};
    fold({.ids = {{"user_id", user}}, .at = at, .message_id = "tag " + name, .facts = {said}});
  }

  Result<HistoryPage> page(const std::string& user, const PageQuery& query = {}) {
    Hash128 id = identifier_hash(kKey, *parse_kind("user_id"), user);
    Customer customer = must(find_customer(harness_.store(), kWorkspace, id, RuleSet{}));
    return read_history_page(harness_.store(), kKey, customer, query, kRules, Timestamp{INT64_MAX});
  }

  /// "tag_added cheap", newest first; ids of customers are left out.
  static std::vector<std::string> told(const HistoryPage& page) {
    std::vector<std::string> lines;
    for (const HistoryEntry& entry : page.entries) {
      bool of_identity = entry.what == "merged" || entry.what == "split" || entry.what == "renamed";
      lines.push_back(std::string(entry.what) + (of_identity ? "" : ' ' + entry.to));
    }
    return lines;
  }

  FoldHarness harness_{kKey};
};

TEST_F(CustomerHistories, HaveTheChangesOfFactsAndOfIdentity) {
  tag("A", "cheap", 1);
  EXPECT_THAT(told(must(page("A"))), ElementsAre("tag_added cheap"));
  fold({.ids = {{"anonymous_id", "x"}, {"email", "e"}}, .at = 2, .message_id = "m3"});
  fold({.ids = {{"anonymous_id", "x"}, {"user_id", "A"}}, .at = 3, .message_id = "m4"});
  HistoryPage merged = must(page("A"));
  EXPECT_EQ(merged.entries.size(), 2u);
  auto is_merge = [](const HistoryEntry& entry) { return entry.what == "merged"; };
  auto merge = std::ranges::find_if(merged.entries, is_merge);
  ASSERT_NE(merge, merged.entries.end());
  EXPECT_EQ(merge->to, merged.customer.text());
  EXPECT_NE(merge->from, merge->to);
  EXPECT_EQ(merge->message_id, "m4");
}

TEST_F(CustomerHistories, GoOnFromPageToPageWithoutALoss) {
  for (int i = 0; i < 7; ++i) {
    tag("A", "n" + std::to_string(i), i / 3);  // several at one time
  }
  HistoryPage whole = must(page("A"));
  ASSERT_EQ(whole.entries.size(), 7u);
  EXPECT_EQ(whole.next_cursor, "");
  std::vector<std::string> lines;
  PageQuery query{2, {}};
  do {
    HistoryPage part = must(page("A", query));
    EXPECT_LE(part.entries.size(), 2u);
    for (std::string& line : told(part)) lines.push_back(std::move(line));
    query.cursor = part.next_cursor;
  } while (!query.cursor.empty());
  EXPECT_EQ(lines, told(whole));
}

TEST_F(CustomerHistories, ACursorIsStillGoodWhenMoreIsSaid) {
  for (int i = 0; i < 4; ++i) tag("A", "n" + std::to_string(i), 10 * i);
  HistoryPage first = must(page("A", {2, {}}));
  EXPECT_THAT(told(first), ElementsAre("tag_added n3", "tag_added n2"));
  tag("A", "new", 100);
  tag("A", "late", 15);
  EXPECT_THAT(told(must(page("A", {50, first.next_cursor}))),
              ElementsAre("tag_added late", "tag_added n1", "tag_added n0"));
}

TEST_F(CustomerHistories, OfOthersAreNotTold) {
  tag("A", "cheap", 1);
  fold({.ids = {{"user_id", "B"}}, .at = 1, .message_id = "b"});
  EXPECT_THAT(told(must(page("B"))), IsEmpty());
}

TEST_F(CustomerHistories, RefuseCursorsThatTheyDidNotGive) {
  tag("A", "cheap", 1);
  for (const char* cursor : {"forged", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"}) {
    auto refused = page("A", {50, cursor});
    ASSERT_FALSE(refused);
    EXPECT_EQ(refused.error().code, ErrorCode::invalid);
  }
}

}  // namespace
}  // namespace tributary::model
