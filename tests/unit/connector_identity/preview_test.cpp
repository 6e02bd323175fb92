// Previews: one at a time, beside the thread that answers, given up when nobody waits.
#include <atomic>
#include <thread>

#include "tests/unit/connector_identity/identity_api.h"

namespace tributary::fixtures {
namespace {

using namespace std::chrono_literals;

const std::string kPath = "/v1/identity/preview";
const std::string kBody = R"({"rules":{"claims":"guarded"},"samples":3})";

struct Watch final : AnswerWatch {
  bool is_awaited() override { return awaited; }
  bool awaited = true;
};

class Preview : public IdentityApi {
 protected:
  /// A preview that runs until it is cancelled or let go.
  void block() {
    engine.on_preview = [this](const PreviewQuery&, const std::function<bool()>& cancelled) -> Result<PreviewView> {
      ++running;
      while (!go_on && !cancelled()) std::this_thread::sleep_for(1ms);
      --running;
      if (cancelled()) return Error(ErrorCode::stopping, "cancelled");
      return PreviewView{};
    };
  }
  /// Runs the context until that is true.
  template <class Condition>
  bool becomes(boost::asio::io_context& context, Condition condition) {
    for (int i = 0; i < 5000 && !condition(); ++i) context.run_for(2ms);
    return condition();
  }

  std::atomic<int> running{0};
  std::atomic<bool> go_on{false};
};

TEST_F(Preview, RulesAndDecisionsAreHandedOver) {
  std::thread::id here = std::this_thread::get_id();
  engine.on_preview = [&](const PreviewQuery& query, const std::function<bool()>& cancelled) -> Result<PreviewView> {
    EXPECT_NE(std::this_thread::get_id(), here);
    EXPECT_FALSE(cancelled());
    EXPECT_EQ(query.samples, 3u);
    EXPECT_EQ(query.rules.value_or(Rules{}).claims, ClaimsPolicy::guarded);
    EXPECT_EQ(query.assertions.size(), 1u);
    EXPECT_EQ(query.assertions.at(0).identifiers.at(0).identifier, identifier("user_id", "A"));
    PreviewView view;
    view.merged = 7;
    return view;
  };
  HttpResponse answer = post(kPath, R"({"samples":3,"rules":{"claims":"guarded"},"assertions":[)"
                                    R"({"type":"share","identifier":{"kind":"user_id","value":"A"}}]})");
  ASSERT_EQ(refusal_of(answer), "none");
  EXPECT_EQ(json_of(answer).at("merged").as_int64(), 7);
  EXPECT_TRUE(engine.assertions.empty());
  EXPECT_TRUE(engine.rule_changes.empty());
}

TEST_F(Preview, DecisionsCountAsMadeNow) {
  Timestamp before = system_clock().now();
  engine.on_preview = [&](const PreviewQuery& query, const std::function<bool()>&) -> Result<PreviewView> {
    EXPECT_GE(query.assertions.at(0).decision.at, before);
    return PreviewView{};
  };
  EXPECT_EQ(post(kPath, R"({"assertions":[{"type":"share","identifier":{"kind":"user_id","value":"A"}}]})").status,
            200);
}

TEST_F(Preview, ASecondOneIsRefusedWhileOneRuns) {
  block();
  boost::asio::io_context context(1);
  HttpRequest first = request_to("POST", kPath, kBody, "sk_admin"), second = first;
  std::optional<HttpResponse> first_answer, second_answer;
  start(context, first, first_answer);
  ASSERT_TRUE(becomes(context, [&] { return running == 1; }));
  start(context, second, second_answer);
  ASSERT_TRUE(becomes(context, [&] { return second_answer.has_value(); }));
  EXPECT_EQ(refusal_of(*second_answer), "429 rate_limited: another preview is running");
  EXPECT_FALSE(first_answer);
  go_on = true;
  ASSERT_TRUE(becomes(context, [&] { return first_answer.has_value(); }));
  EXPECT_EQ(first_answer->status, 200);
  EXPECT_EQ(post(kPath, kBody).status, 200) << "the next one runs";
}

TEST_F(Preview, IsGivenUpWhenTheClientHasGone) {
  block();
  boost::asio::io_context context(1);
  Watch watch;
  HttpRequest request = request_to("POST", kPath, kBody, "sk_admin");
  request.watch = &watch;
  std::optional<HttpResponse> answer;
  start(context, request, answer);
  ASSERT_TRUE(becomes(context, [&] { return running == 1; }));
  watch.awaited = false;
  ASSERT_TRUE(becomes(context, [&] { return answer.has_value(); }));
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(running, 0);
}

TEST_F(Preview, IsCancelledWhenTheServerStops) {
  block();
  boost::asio::io_context context(1);
  HttpRequest request = request_to("POST", kPath, kBody, "sk_admin");
  std::optional<HttpResponse> answer;
  start(context, request, answer);
  ASSERT_TRUE(becomes(context, [&] { return running == 1; }));
  previews.stop();
  EXPECT_EQ(running, 0) << "the engine may be stopped now";
  ASSERT_TRUE(becomes(context, [&] { return answer.has_value(); }));
  EXPECT_EQ(answer->status, 503);
  EXPECT_EQ(post(kPath, kBody).status, 503);
}

TEST_F(Preview, OneThatNobodyFetchesAnyMoreIsNoHarm) {
  block();
  auto context = std::make_unique<boost::asio::io_context>(1);
  HttpRequest request = request_to("POST", kPath, kBody, "sk_admin");
  std::optional<HttpResponse> answer;
  start(*context, request, answer);
  ASSERT_TRUE(becomes(*context, [&] { return running == 1; }));
  previews.stop();
  context.reset();
  EXPECT_FALSE(answer);
}

TEST_F(Preview, WhatIsWrongIsTold) {
  EXPECT_EQ(post(kPath, "{}").status, 400);
  EXPECT_EQ(refusal_of(post(kPath, R"({"assertions":[{"type":"share","identifier":{"kind":"user_id","value":"C"}}]})")),
            "404 not_found: assertions/0/identifier is not known: no event has named it");
  HttpResponse mistakes = post(kPath, R"({"rules":{"claims":"no!"}})");
  EXPECT_EQ(mistakes.status, 422);
  EXPECT_EQ(json_of(mistakes).at("mistakes").as_array().size(), 1u);
  EXPECT_EQ(post(kPath, kBody, "sk_analyst").status, 403);
  EXPECT_EQ(post(kPath, kBody, "wk_web").status, 403);
}

}  // namespace
}  // namespace tributary::fixtures
