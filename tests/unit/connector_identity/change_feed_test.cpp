// History and the feed: pages, and waiting for what is not there yet.
#include <chrono>

#include "tests/unit/connector_identity/identity_api.h"

namespace tributary::fixtures {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

ChangesPage page_of_one(const std::string& cursor) {
  ChangeView view;
  view.lsn = 7, view.into = {customer(1)}, view.from = {customer(2)};
  return {{view}, cursor, true};
}

class ChangeFeed : public IdentityApi {
 protected:
  double seconds_of(const std::function<void()>& work) {
    auto begin = steady_clock::now();
    work();
    return std::chrono::duration<double>(steady_clock::now() - begin).count();
  }
};

TEST_F(ChangeFeed, APageIsAskedForAndGiven) {
  engine.pages = {page_of_one("c2")};
  HttpResponse answer = get("/v1/identity/changes?cursor=c1&limit=2000");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(json_of(answer).at("changes").as_array().size(), 1u);
  EXPECT_EQ(json_of(answer).at("next_cursor").as_string(), "c2");
  EXPECT_TRUE(json_of(answer).at("at_end").as_bool());
  EXPECT_EQ(engine.changes_asked.at(0).cursor, "c1");
  EXPECT_EQ(engine.changes_asked.at(0).limit, 1000u);
  EXPECT_FALSE(engine.changes_asked.at(0).customer);
}

TEST_F(ChangeFeed, WithoutWaitAnEmptyPageComesAtOnce) {
  EXPECT_LT(seconds_of([&] { EXPECT_EQ(get("/v1/identity/changes").status, 200); }), 0.15);
  EXPECT_EQ(engine.changes_asked.size(), 1u);
}

TEST_F(ChangeFeed, WaitingEndsWhenSomethingComes) {
  engine.pages = {{{}, "c1", true}, {{}, "c1", true}, page_of_one("c2")};
  EXPECT_LT(seconds_of([&] {
              HttpResponse answer = get("/v1/identity/changes?cursor=c1&wait=30");
              EXPECT_EQ(json_of(answer).at("changes").as_array().size(), 1u);
            }),
            10);
  EXPECT_EQ(engine.changes_asked.size(), 3u);
  EXPECT_EQ(engine.changes_asked.at(2).cursor, "c1");
}

TEST_F(ChangeFeed, WaitingEndsWhenTheTimeIsOver) {
  double seconds = seconds_of([&] { EXPECT_EQ(get("/v1/identity/changes?wait=1").status, 200); });
  EXPECT_GE(seconds, 0.9);
  EXPECT_LT(seconds, 10);
  EXPECT_GE(engine.changes_asked.size(), 2u);
}

TEST_F(ChangeFeed, WaitingEndsWhenNobodyWaits) {
  struct Gone final : AnswerWatch {
    bool is_awaited() override { return ++asked < 3; }
    int asked = 0;
  } gone;
  HttpRequest request = request_to("GET", "/v1/identity/changes?wait=30", "", "sk_analyst");
  request.watch = &gone;
  EXPECT_LT(seconds_of([&] { EXPECT_EQ(run(std::move(request)).status, 200); }), 10);
  EXPECT_EQ(engine.changes_asked.size(), 3u);
}

TEST_F(ChangeFeed, APageThatIsEmptyButNotTheLastIsNotHeldBack) {
  engine.pages = {{{}, "c1", false}};
  EXPECT_FALSE(json_of(get("/v1/identity/changes?wait=30")).at("at_end").as_bool());
}

TEST_F(ChangeFeed, WhatIsWrongIsTold) {
  EXPECT_EQ(refusal_of(get("/v1/identity/changes?limit=ten")), "400 invalid_parameter: limit is not a whole number");
  EXPECT_EQ(refusal_of(get("/v1/identity/changes?wait=1s")), "400 invalid_parameter: wait is not a whole number");
  EXPECT_EQ(refusal_of(get("/v1/identity/changes?cursor=forged")), "400 invalid_cursor: cursor is not valid");
  EXPECT_EQ(get("/v1/identity/changes", "wk_web").status, 403);
}

TEST_F(ChangeFeed, AHistoryIsThatOfTheNamedCustomer) {
  engine.pages = {page_of_one("c2")};
  std::string path = "/v1/profiles/" + customer(1).text() + "/changes?limit=1";
  EXPECT_EQ(json_of(get(path)).at("changes").as_array().size(), 1u);
  EXPECT_EQ(engine.changes_asked.at(0).customer, customer(1));
  EXPECT_EQ(engine.changes_asked.at(0).limit, 1u);
  EXPECT_EQ(get("/v1/profiles/" + customer(9).text() + "/changes").status, 404);
  EXPECT_EQ(get("/v1/profiles/nonsense/changes").status, 404);
  EXPECT_EQ(get(path + "0x").status, 400);
}

}  // namespace
}  // namespace tributary::fixtures
