#include "engine/query/customer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/model/fold_harness.h"
#include "tests/model/universe.h"

namespace tributary::model {
namespace {

const KeyedHash kKey(std::string(32, 'u'));
const WorkspaceId kWorkspace{1};

class Customers : public testing::Test {
 protected:
  void fold(const EventSketch& sketch) { harness_.fold(kWorkspace, {make_event(sketch, kKey)}); }

  static Hash128 hash(const std::string& kind, const std::string& value) {
    return identifier_hash(kKey, *parse_kind(kind), value);
  }

  ProfileView profile(const std::string& kind, const std::string& value) {
    return must(read_profile(harness_.store(),
                             must(find_customer(harness_.store(), kWorkspace, hash(kind, value), RuleSet{}))));
  }

  // Removes a row behind the fold's back.
  void lose(Family family, const std::string& key) {
    auto batch = harness_.store().make_batch();
    batch->erase(family, key);
    ASSERT_TRUE(harness_.store().commit(*batch, harness_.fold_unit().applied()));
  }

  FoldHarness harness_{kKey};
};

TEST_F(Customers, UnknownIdentifierIsNotFound) {
  auto customer = find_customer(harness_.store(), kWorkspace, hash("user_id", "A"), RuleSet{});
  ASSERT_FALSE(customer);
  EXPECT_EQ(customer.error().code, ErrorCode::not_found);
}

TEST_F(Customers, OfAnotherWorkspaceAreNotFound) {
  fold({.ids = {{"user_id", "A"}}, .message_id = "m"});
  auto customer = find_customer(harness_.store(), WorkspaceId{2}, hash("user_id", "A"), RuleSet{});
  ASSERT_FALSE(customer);
  EXPECT_EQ(customer.error().code, ErrorCode::not_found);
}

TEST_F(Customers, ListsAreSorted) {
  fold({.ids = {{"email", "b"}, {"email", "a"}, {"user_id", "A"}, {"external_id/crm", "7"}},
        .message_id = "m",
        .name = "Zed",
        .traits = {{"z", "1", TraitOperation::set},
                   {"a", "2", TraitOperation::set_once},
                   {"m", "3", TraitOperation::increment}}});
  fold({.ids = {{"user_id", "A"}}, .at = 1, .message_id = "m2", .name = "Alpha"});
  ProfileView view = profile("user_id", "A");
  std::vector<std::string> identifiers, traits, names;
  for (const auto& id : view.identifiers) identifiers.push_back(kind_name(id.kind) + " " + id.value);
  for (const auto& trait : view.traits) traits.push_back(trait.key + "=" + trait.value_json);
  for (const auto& count : view.event_counts) names.push_back(count.name);
  EXPECT_THAT(identifiers, testing::ElementsAre("user_id A", "external_id/crm 7", "email a", "email b"));
  EXPECT_THAT(traits, testing::ElementsAre("a=2", "m=3", "z=1"));
  EXPECT_THAT(names, testing::ElementsAre("Alpha", "Zed"));
}

TEST_F(Customers, OneTraitNameHasOneValue) {
  fold({.ids = {{"user_id", "A"}},
        .message_id = "m",
        .traits = {{"x", "1", TraitOperation::set},
                   {"x", "2", TraitOperation::set_once},
                   {"x", "3", TraitOperation::increment},
                   {"y", "2", TraitOperation::set_once},
                   {"y", "3", TraitOperation::increment}}});
  ProfileView view = profile("user_id", "A");
  ASSERT_EQ(view.traits.size(), 2u);
  EXPECT_EQ(view.traits[0].value_json, "1");
  EXPECT_EQ(view.traits[1].value_json, "2");
}

TEST_F(Customers, UnsetTraitIsGoneHoweverItWasMade) {
  fold({.ids = {{"user_id", "A"}},
        .message_id = "m",
        .traits = {{"x", "1", TraitOperation::set},
                   {"y", "2", TraitOperation::set_once},
                   {"z", "3", TraitOperation::increment}}});
  EXPECT_EQ(profile("user_id", "A").traits.size(), 3u);
  fold({.ids = {{"user_id", "A"}},
        .at = 1,
        .message_id = "m2",
        .traits = {{"x", "null", TraitOperation::set},
                   {"y", "null", TraitOperation::set},
                   {"z", "null", TraitOperation::set}}});
  EXPECT_TRUE(profile("user_id", "A").traits.empty());
}

// The loser of a message with two user ids has no event of its own, but was seen with that one, first and last.
TEST_F(Customers, IdentifierOnForeignEventsShowsWhenItWasSeen) {
  for (int64_t at : {5, 3, 9}) {
    fold({.ids = {{"user_id", "A"}, {"user_id", "B"}}, .at = at, .message_id = "m" + std::to_string(at)});
  }
  ProfileView a = profile("user_id", "A"), b = profile("user_id", "B");
  const ProfileView& loser = a.events == 0 ? a : b;
  EXPECT_EQ(a.events + b.events, 3u);
  EXPECT_EQ(loser.events, 0u);
  ASSERT_EQ(loser.identifiers.size(), 1u);
  EXPECT_EQ(loser.identifiers[0].events, 0u);
  EXPECT_EQ(loser.first_seen.micros, kBaseMicros + 3 * kMicrosPerSecond);
  EXPECT_EQ(loser.last_seen.micros, kBaseMicros + 9 * kMicrosPerSecond);
  EXPECT_EQ(loser.identifiers[0].last_seen, loser.last_seen);
}

TEST_F(Customers, ReaderOfASnapshotSeesOneState) {
  fold({.ids = {{"user_id", "A"}}, .message_id = "m1"});
  auto snapshot = harness_.store().snapshot();
  fold({.ids = {{"user_id", "A"}, {"email", "e"}}, .at = 1, .message_id = "m2"});
  Customer before = must(find_customer(*snapshot, kWorkspace, hash("user_id", "A"), RuleSet{}));
  EXPECT_EQ(must(read_profile(*snapshot, before)).events, 1u);
  EXPECT_FALSE(find_customer(*snapshot, kWorkspace, hash("email", "e"), RuleSet{}));
  EXPECT_EQ(profile("email", "e").events, 2u);
}

TEST_F(Customers, LostRowsAreCorruptNotSilent) {
  EventSketch sketch{.ids = {{"user_id", "A"}, {"email", "e"}}, .message_id = "m1"};
  fold(sketch);
  Customer whole = must(find_customer(harness_.store(), kWorkspace, hash("user_id", "A"), RuleSet{}));
  const Hash128 home = home_of(whole.evidence.at(0)->members).id;
  lose(Family::fragment, fragment_key(kWorkspace, home, whole.evidence.at(0)->hash));
  auto profile = read_profile(harness_.store(), whole);
  ASSERT_FALSE(profile);
  EXPECT_EQ(profile.error().code, ErrorCode::corrupt);
  lose(Family::value, id_key(kWorkspace, hash("email", "e")));
  EXPECT_EQ(read_profile(harness_.store(), whole).error().code, ErrorCode::corrupt);
  lose(Family::container, container_header_key(kWorkspace, whole.container.root));
  auto found = find_customer(harness_.store(), kWorkspace, hash("user_id", "A"), RuleSet{});
  ASSERT_FALSE(found);
  EXPECT_EQ(found.error().code, ErrorCode::corrupt);
}

}  // namespace
}  // namespace tributary::model
