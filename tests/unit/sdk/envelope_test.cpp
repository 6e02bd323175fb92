#include "connectors/sdk/envelope.h"

#include <gtest/gtest.h>

namespace tributary {
namespace {

Rejected rejected(RejectionCode code, std::string path, std::string message = {}) {
  Rejected item;
  item.code = code;
  item.path = std::move(path);
  item.message = std::move(message);
  return item;
}

TEST(Envelope, AllAcceptedHasAnEmptyErrorsListAndNoErrorMember) {
  OutcomeCounts counts = count_outcomes({ItemOutcome::accepted, ItemOutcome::duplicate, ItemOutcome::accepted});
  EXPECT_EQ(success_envelope(counts, {}), R"({"success":true,"accepted":2,"duplicate":1,"rejected":0,"errors":[]})");
}

TEST(Envelope, ARejectedItemIsListedWithItsIndex) {
  std::vector<ParsedItem> items;
  items.emplace_back(Event{});
  items.emplace_back(rejected(RejectionCode::missing_id, "/batch/1"));
  items.emplace_back(rejected(RejectionCode::unknown_type, "/batch/2/type", "type \"x\" is not known"));
  ItemErrors errors = item_errors(items, 1000);
  OutcomeCounts counts{1, 0, 2};
  EXPECT_EQ(
      success_envelope(counts, errors),
      R"({"success":true,"accepted":1,"duplicate":0,"rejected":2,"errors":[)"
      R"({"index":1,"code":"missing_id","message":"request neither has anonymousId nor userId","path":"/batch/1"},)"
      R"({"index":2,"code":"unknown_type","message":"type \"x\" is not known","path":"/batch/2/type"}]})");
}

TEST(Envelope, ListIsCutAndSaysSoWhileCountsStayExact) {
  std::vector<ParsedItem> items;
  for (int i = 0; i < 3; ++i) items.emplace_back(rejected(RejectionCode::missing_id, "/batch"));
  ItemErrors errors = item_errors(items, 2);
  EXPECT_EQ(errors.codes.size(), 3u);
  EXPECT_EQ(errors.listed, 2u);
  std::string body = success_envelope({0, 0, 3}, errors);
  EXPECT_NE(body.find(R"("rejected":3)"), body.npos);
  EXPECT_NE(body.find(R"(],"errors_truncated":true})"), body.npos);
  EXPECT_EQ(body.find(R"("index":2)"), body.npos);
}

TEST(Envelope, ListOfExactlyTheLimitIsNotCut) {
  std::vector<ParsedItem> items;
  for (int i = 0; i < 2; ++i) items.emplace_back(rejected(RejectionCode::missing_id, "/batch"));
  EXPECT_EQ(success_envelope({0, 0, 2}, item_errors(items, 2)).find("errors_truncated"), std::string::npos);
}

}  // namespace
}  // namespace tributary
