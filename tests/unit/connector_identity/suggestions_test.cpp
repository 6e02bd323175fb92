// The review queue over a scripted engine: what is merged, what is asked, and what happens meanwhile.
#include <gmock/gmock.h>

#include "connectors/identity/decision_body.h"
#include "connectors/identity/identity_json.h"
#include "tests/unit/connector_identity/identity_api.h"

namespace tributary::fixtures {
namespace {

const std::string kSuggestions = "/v1/identity/suggestions";

DuplicatePair pair_of(DuplicateRule rule, DuplicateAction action) {
  DuplicateSide a{customer(1), identifier("user_id", "A"), "甲", "王芳", "+8613800001234", {"app:m1"}};
  DuplicateSide b{customer(2), identifier("user_id", "B"), "乙", "王芳", "+8613800001234", {"app:m2"}};
  return {rule, DuplicateKind::suspected, action, {}, std::move(a), std::move(b)};
}

/// Answers searches with what the test says, and with nothing to merge afterwards.
class SearchedEngine : public ScriptedEngine {
 public:
  Result<DuplicatesView> search_duplicates(WorkspaceId, const DuplicateQuery& query,
                                           const std::function<bool()>&) override {
    known.push_back(query.known);
    if (meanwhile) meanwhile();
    if (views.empty()) return DuplicatesView{};
    DuplicatesView view = views.front();
    if (views.size() > 1) views.erase(views.begin());
    return view;
  }
  std::vector<DuplicatesView> views;
  std::vector<std::optional<Lsn>> known;
  std::function<void()> meanwhile;
};

class SuggestionRoutes : public IdentityApi {
 protected:
  SuggestionRoutes() { add_identity_routes(own_router, {searched, keys, metrics, {}, previews, searches}); }

  HttpResponse ask(const std::string& method, const std::string& path, const std::string& body = "") {
    HttpRequest request = request_to(method, kSuggestions + path, body, "sk_admin");
    RouteMatch match = own_router.match(request);
    request.arguments = match.arguments;
    boost::asio::io_context context(1);
    std::optional<HttpResponse> answer;
    boost::asio::co_spawn(context, match.route->handler(request), [&](std::exception_ptr error, HttpResponse response) {
      EXPECT_EQ(error, nullptr);
      answer = std::move(response);
    });
    context.run();
    return answer.value_or(HttpResponse{});
  }

  void find(const DuplicatePair& pair, int64_t at = 5) {
    DuplicatesView view;
    view.at = Timestamp{at};
    view.customers = 2;
    view.pairs = {pair};
    searched.views = {view};
  }

  std::string only_id() {
    auto last = searches.last(WorkspaceId{});
    EXPECT_EQ(last->open.size(), 1u);
    return last->open.empty() ? "none" : last->open.front().id;
  }

  SearchedEngine searched;
  DuplicateSearches searches{searched, keys};
  Router own_router;
};

TEST_F(SuggestionRoutes, AMergeIsADecisionOfTheRuleAsOfTheSearch) {
  find(pair_of(DuplicateRule::d2, DuplicateAction::merge));
  DuplicatesView after;
  after.customers = 1;
  searched.views.push_back(after);
  HttpResponse answer = ask("POST", "/search");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(json_of(answer).at("merged").as_int64(), 1);
  EXPECT_EQ(json_of(answer).at("customers").as_int64(), 1);
  ASSERT_EQ(searched.assertions.size(), 1u);
  const Assertion& merge = searched.assertions[0];
  EXPECT_EQ(merge.pair, PairState::must);
  EXPECT_EQ(merge.decision.at, Timestamp{5}) << "whoever decides later is later";
  EXPECT_EQ(merge.decision.author, "rule:D2");
  EXPECT_EQ(merge.decision.reason, "rule D2, by app:m1 app:m2");
  EXPECT_LE(merge.decision.id.size(), kDecisionIdBytesMax);
}

TEST_F(SuggestionRoutes, AMergeThatIsRefusedIsLookedForAgain) {
  find(pair_of(DuplicateRule::d1, DuplicateAction::merge));
  searched.outcome = {RejectionCode::overloaded, {}};
  EXPECT_EQ(json_of(ask("POST", "/search")).at("merged").as_int64(), 0);
  EXPECT_FALSE(searches.last(WorkspaceId{})->lsn);
  EXPECT_TRUE(searches.last(WorkspaceId{})->open.empty());
}

TEST_F(SuggestionRoutes, WhatIsAnsweredDuringASearchDoesNotComeBack) {
  find(pair_of(DuplicateRule::d3, DuplicateAction::review));
  ask("POST", "/search");
  const std::string id = only_id();
  searched.meanwhile = [&] { searches.answered(WorkspaceId{}, {id, Timestamp{7}}); };
  ask("POST", "/search");
  EXPECT_TRUE(searches.last(WorkspaceId{})->open.empty());
  searched.meanwhile = nullptr;
  find(pair_of(DuplicateRule::d3, DuplicateAction::review), 8);
  ask("POST", "/search");
  EXPECT_EQ(only_id(), id) << "a later search sees what became of it";
}

TEST_F(SuggestionRoutes, RejectingSaysThatTheyAreTwo) {
  find(pair_of(DuplicateRule::d3, DuplicateAction::review));
  ask("POST", "/search");
  const std::string id = only_id();
  EXPECT_EQ(id.substr(0, 3), "D3-");
  EXPECT_EQ(ask("POST", "/" + id + "/reject", "[]").status, 400);
  EXPECT_EQ(ask("POST", "/" + id + "/reject").status, 200);
  ASSERT_EQ(searched.assertions.size(), 1u);
  EXPECT_EQ(searched.assertions[0].pair, PairState::cannot);
  EXPECT_EQ(searched.assertions[0].decision.author, "admin");
  EXPECT_EQ(searched.assertions[0].decision.reason, "rejected suggestion of rule D3");
  EXPECT_EQ(ask("POST", "/" + id + "/reject").status, 409) << "it was answered before";
}

TEST_F(SuggestionRoutes, WhatIsRefusedStaysInTheList) {
  find(pair_of(DuplicateRule::d3, DuplicateAction::review));
  ask("POST", "/search");
  searched.outcome = {RejectionCode::overloaded, {}};
  EXPECT_EQ(ask("POST", "/" + only_id() + "/accept").status, 503);
  only_id();
}

TEST_F(SuggestionRoutes, SomebodyWhoIsGoneIsInNoAnswer) {
  find(pair_of(DuplicateRule::d3, DuplicateAction::review));
  ask("POST", "/search");
  EXPECT_EQ(json_of(ask("GET", "")).at("suggestions").as_array().size(), 1u);
  searched.owners.erase(identifier("user_id", "B"));
  searched.owners.erase(identifier("external_id/crm", "7:7"));
  EXPECT_TRUE(json_of(ask("GET", "")).at("suggestions").as_array().empty());
  EXPECT_EQ(ask("POST", "/" + only_id() + "/accept").status, 404);
  EXPECT_TRUE(searched.assertions.empty());
}

TEST_F(SuggestionRoutes, BeforeTheFirstSearchNothingIsSaid) {
  HttpResponse answer = ask("GET", "");
  EXPECT_TRUE(json_of(answer).at("searched_at").is_null());
  EXPECT_EQ(searched.known.size(), 0u);
}

TEST_F(SuggestionRoutes, AfterTheServerStopsNothingIsSearched) {
  searches.stop();
  EXPECT_EQ(ask("POST", "/search").status, 503);
}

TEST(MaskedPhone, ShowsFrontAndBack) {
  EXPECT_EQ(masked_phone("+8613800001234"), "138****1234");
  EXPECT_EQ(masked_phone("+64211234567"), "+64****4567");
  EXPECT_EQ(masked_phone("+8695555"), "****");
  EXPECT_EQ(masked_phone(""), "");
}

}  // namespace
}  // namespace tributary::fixtures
