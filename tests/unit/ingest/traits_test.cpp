// What an identify says about its customer, and by which operation.
#include <gtest/gtest.h>

#include "tests/unit/ingest/parse_request.h"

namespace tributary::testing {
namespace {

/// Each change as "operation key=value".
std::vector<std::string> changes(std::string_view body) {
  Request request;
  request.shape = BodyShape::single;
  request.route_type = EventType::identify;
  auto outcome = parse_request(body, request);
  std::vector<std::string> lines;
  if (!outcome->is_event()) return {outcome->item_code()};
  for (const TraitChange& change : outcome->event().traits) {
    const char* names[] = {"", "set", "once", "add"};
    lines.push_back(std::string(names[static_cast<int>(change.operation)]) + " " + change.key + "=" +
                    change.value_json);
  }
  return lines;
}

using Lines = std::vector<std::string>;

TEST(Traits, PlainMembersAreSet) {
  EXPECT_EQ(changes(R"({"userId":"u","traits":{"b": [1, 2] ,"a":null}})"), (Lines{"set a=null", "set b=[1,2]"}));
}

TEST(Traits, SetOnceAndIncrementAreOperations) {
  EXPECT_EQ(changes(R"({"userId":"u","traits":{"plan":"pro","$set_once":{"plan":"free","from":{"a": 1}},)"
                    R"("$increment":{"visits":1,"credit":-5}}})"),
            (Lines{"set plan=\"pro\"", "once from={\"a\":1}", "once plan=\"free\"", "add credit=-5", "add visits=1"}));
}

TEST(Traits, OperationsWorkInContextTraitsAndOwnOnesWin) {
  EXPECT_EQ(changes(R"({"userId":"u","context":{"traits":{"$set_once":{"a":1,"b":2},"$increment":{"n":1}}},)"
                    R"("traits":{"$set_once":{"a":3},"$increment":{"n":2}}})"),
            (Lines{"once a=3", "once b=2", "add n=2"}));
}

TEST(Traits, OnlyIntegersOf64BitsAreAdded) {
  EXPECT_EQ(changes(R"({"userId":"u","traits":{"$increment":{"a":1.5,"b":"1","c":9223372036854775808,)"
                    R"("d":-9223372036854775808,"e":null,"f":1e2}}})"),
            (Lines{"add d=-9223372036854775808"}));
}

TEST(Traits, AnOperationThatIsNoObjectIsATraitOfThatName) {
  EXPECT_EQ(changes(R"({"userId":"u","traits":{"$set_once":1,"$increment":[2]}})"),
            (Lines{"set $increment=[2]", "set $set_once=1"}));
}

}  // namespace
}  // namespace tributary::testing
