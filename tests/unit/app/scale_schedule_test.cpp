#include "engine/app/scale_schedule.h"

#include <gtest/gtest.h>

#include <map>

#include "tests/unit/http/engine_without_customers.h"

namespace tributary {
namespace {

struct FakeClock : Clock {
  Timestamp time = parse_iso8601("2026-06-10T12:00:00Z").value();
  Timestamp now() const override { return time; }
};

/// Remembers scales, and computes one as told.
struct ScaleEngine : fixtures::EngineWithoutCustomers {
  explicit ScaleEngine(const Clock& its_clock) : clock(its_clock) {}
  void ingest(IngestRequest, std::function<void(IngestOutcome)> done) override { done({}); }
  Result<std::shared_ptr<const RfmScale>> rfm_scale(WorkspaceId workspace) override {
    auto found = scales.find(workspace);
    if (found == scales.end()) return std::shared_ptr<const RfmScale>();
    return std::make_shared<const RfmScale>(found->second);
  }
  Result<RfmScale> compute_rfm_scale(WorkspaceId, const RfmScaleQuery& query,
                                     const std::function<bool()>& cancelled) override {
    ++computed;
    if (on_compute) on_compute();
    if (cancelled()) return Error(ErrorCode::stopping, "cancelled");
    if (fails) return Error(ErrorCode::corrupt, "damaged");
    RfmScale scale;
    scale.computed_at = clock.now();
    scale.as_of = query.as_of;
    scale.window_micros = query.rules.rfm_window_micros;
    return scale;
  }
  void record_rfm_scale(WorkspaceId workspace, const RfmScale& scale,
                        std::function<void(IngestOutcome)> done) override {
    scales[workspace] = scale;
    done({});
  }

  const Clock& clock;
  std::map<WorkspaceId, RfmScale> scales;
  int computed = 0;
  bool fails = false;
  std::function<void()> on_compute;
};

class ScaleScheduleTest : public testing::Test {
 protected:
  static ValueRules scale_rules() { return {TimeZone::load("Asia/Shanghai").value(), "CNY"}; }
  ScaleScheduleTest() { schedule.set({WorkspaceId{1}}); }

  /// How many were computed at a look at this time.
  int look(const char* time) {
    clock.time = parse_iso8601(time).value();
    int before = engine.computed;
    schedule.look();
    return engine.computed - before;
  }

  FakeClock clock;
  ScaleEngine engine{clock};
  Metrics metrics;
  ScaleRunner scales{engine, metrics, scale_rules()};
  ScaleSchedule schedule{{engine, scales, clock, 3 * 3600}};
};

TEST(LastDue, IsAtLocalTime) {
  auto due = [](const std::string& zone, const char* now) {
    return format_iso8601(last_due(TimeZone::load(zone).value(), 3 * 3600, parse_iso8601(now).value()));
  };
  EXPECT_EQ(due("Asia/Shanghai", "2026-06-10T18:59:59.999999Z"), "2026-06-09T19:00:00.000Z");
  EXPECT_EQ(due("Asia/Shanghai", "2026-06-10T19:00:00Z"), "2026-06-10T19:00:00.000Z");
  EXPECT_EQ(due("America/New_York", "2026-03-08T06:59:00Z"), "2026-03-07T08:00:00.000Z");
  EXPECT_EQ(due("America/New_York", "2026-03-08T07:00:00Z"), "2026-03-08T07:00:00.000Z") << "clocks went forward";
}

TEST_F(ScaleScheduleTest, OnceADay) {
  EXPECT_EQ(look("2026-06-10T12:00:00Z"), 1) << "there was none";
  EXPECT_EQ(engine.scales[WorkspaceId{1}].as_of, clock.time);
  EXPECT_EQ(look("2026-06-10T12:00:20Z"), 0);
  EXPECT_EQ(look("2026-06-10T18:59:59Z"), 0);
  EXPECT_EQ(look("2026-06-10T19:00:05Z"), 1) << "03:00 in Shanghai";
  EXPECT_EQ(look("2026-06-10T19:00:25Z"), 0);
  EXPECT_EQ(look("2026-06-14T00:00:00Z"), 1) << "one for all days that were missed";
  EXPECT_EQ(look("2026-06-14T00:00:20Z"), 0);
}

TEST_F(ScaleScheduleTest, EachWorkspaceByItself) {
  EXPECT_EQ(look("2026-06-10T12:00:00Z"), 1);
  schedule.set({WorkspaceId{1}, WorkspaceId{2}});
  EXPECT_EQ(look("2026-06-10T12:00:20Z"), 1);
  EXPECT_EQ(engine.scales.size(), 2u);
  schedule.set({});
  EXPECT_EQ(look("2026-07-10T12:00:00Z"), 0);
}

TEST_F(ScaleScheduleTest, AtOnceWhenTheWindowIsAnother) {
  EXPECT_EQ(look("2026-06-10T12:00:00Z"), 1);
  engine.scales[WorkspaceId{1}].window_micros.reset();
  EXPECT_EQ(look("2026-06-10T12:00:20Z"), 1);
  EXPECT_EQ(look("2026-06-10T12:00:40Z"), 0);
}

TEST_F(ScaleScheduleTest, AClockThatWasWrongIsNotTrusted) {
  EXPECT_EQ(look("2036-06-10T12:00:00Z"), 1);
  EXPECT_EQ(look("2026-06-10T12:00:00Z"), 1);
  EXPECT_EQ(look("2026-06-10T12:00:20Z"), 0);
}

TEST_F(ScaleScheduleTest, AFailureIsTriedAgainAfterTenMinutes) {
  engine.fails = true;
  EXPECT_EQ(look("2026-06-10T12:00:00Z"), 1);
  EXPECT_EQ(look("2026-06-10T12:09:59Z"), 0);
  EXPECT_EQ(look("2026-06-10T12:10:00Z"), 1);
  EXPECT_EQ(metrics.rfm_scale_failures.value(), 2);
  engine.fails = false;
  EXPECT_EQ(look("2026-06-10T12:20:00Z"), 1);
  EXPECT_EQ(look("2026-06-10T12:30:00Z"), 0);
}

TEST_F(ScaleScheduleTest, AtTheNextLookWhenAnotherIsComputed) {
  bool refused = false;
  engine.on_compute = [&] {
    auto second = scales.run_here(WorkspaceId{1}, clock.time, [] { return false; });
    refused = !second && second.error().code == ErrorCode::overloaded;
  };
  EXPECT_EQ(look("2026-06-10T12:00:00Z"), 1);
  EXPECT_TRUE(refused);
}

TEST_F(ScaleScheduleTest, AStopCancelsIt) {
  engine.on_compute = [&] { schedule.stop(); };
  EXPECT_EQ(look("2026-06-10T12:00:00Z"), 1);
  EXPECT_TRUE(engine.scales.empty());
  EXPECT_EQ(look("2026-06-10T12:00:20Z"), 0);
}

TEST_F(ScaleScheduleTest, AStopOfTheRunnerCancelsItToo) {
  engine.on_compute = [&] { scales.stop(); };
  EXPECT_EQ(look("2026-06-10T12:00:00Z"), 1);
  EXPECT_TRUE(engine.scales.empty());
  EXPECT_EQ(metrics.rfm_scale_failures.value(), 0);
}

TEST_F(ScaleScheduleTest, ItsThreadEnds) {
  schedule.start();
  schedule.stop();
  EXPECT_EQ(engine.computed, 0) << "not before a minute has passed";
}

}  // namespace
}  // namespace tributary
