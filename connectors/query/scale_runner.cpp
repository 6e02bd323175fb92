#include "connectors/query/scale_runner.h"

#include <pthread.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <optional>
#include <utility>

namespace tributary {
namespace {

namespace asio = boost::asio;
using ScaleTimer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, IoExecutor>;

constexpr std::chrono::milliseconds kScaleLookInterval{200};  // how soon it is noticed that nobody waits

Error another_runs() { return Error(ErrorCode::overloaded, "another scale is being computed"); }
Error scales_ended() { return Error(ErrorCode::stopping, "scales are not computed any more"); }

Result<void> record(Engine& engine, WorkspaceId workspace, const RfmScale& scale) {
  struct Answer {
    std::atomic<bool> given{false};
    std::optional<RejectionCode> refused;  // written before `given` is
  };
  auto answer = std::make_shared<Answer>();
  engine.record_rfm_scale(workspace, scale, [answer](const IngestOutcome& outcome) {  // on a thread of the engine
    answer->refused = outcome.refused;
    answer->given = true;
    answer->given.notify_one();
  });
  answer->given.wait(false);
  if (!answer->refused) return {};
  if (*answer->refused == RejectionCode::shutting_down) return scales_ended();
  return Error(ErrorCode::unavailable, "the scale could not be recorded");
}

}  // namespace

/// One scale for a request. Owner: the I/O thread that asked for it; the pool's thread reads the constants and the
/// flag.
struct ScaleRunner::Job {
  Job(const IoExecutor& executor, WorkspaceId asked_workspace, Timestamp asked)
      : workspace(asked_workspace), as_of(asked), wake(executor) {}

  const WorkspaceId workspace;
  const Timestamp as_of;
  std::atomic<bool> cancelled{false};
  std::optional<Result<RfmScale>> outcome;
  ScaleTimer wake;  // cancelled as soon as there is an outcome
};

ScaleRunner::ScaleRunner(Engine& engine, Metrics& metrics, ValueRules rules)
    : engine_(engine), metrics_(metrics), rules_(std::move(rules)) {
  asio::post(pool_, [] { pthread_setname_np(pthread_self(), "trib-scale"); });
}

Task<Result<RfmScale>> ScaleRunner::run(const HttpRequest& request, WorkspaceId workspace, Timestamp as_of) {
  IoExecutor executor = co_await asio::this_coro::executor;
  if (stopping_) co_return scales_ended();
  if (busy_.exchange(true)) co_return another_runs();
  auto job = std::make_shared<Job>(executor, workspace, as_of);
  asio::post(pool_, [this, job]() mutable { compute(std::move(job)); });
  while (!job->outcome) {
    job->wake.expires_after(kScaleLookInterval);
    co_await job->wake.async_wait(kUseTaskTuple);
    if (!request.is_awaited()) job->cancelled = true;
  }
  co_return std::move(*job->outcome);
}

Result<RfmScale> ScaleRunner::run_here(WorkspaceId workspace, Timestamp as_of, const std::function<bool()>& cancelled) {
  if (stopping_) return scales_ended();
  if (busy_.exchange(true)) return another_runs();
  return compute_and_record(workspace, as_of, cancelled);
}

void ScaleRunner::compute(std::shared_ptr<Job> job) {
  std::function<bool()> cancelled = [&job] { return job->cancelled.load(); };
  auto outcome = compute_and_record(job->workspace, job->as_of, cancelled);
  IoExecutor executor = job->wake.get_executor();
  // The job leaves this thread here: its timer belongs to the other.
  asio::post(executor, [job = std::move(job), outcome = std::move(outcome)]() mutable {
    job->outcome = std::move(outcome);
    job->wake.cancel();
  });
}

Result<RfmScale> ScaleRunner::compute_and_record(WorkspaceId workspace, Timestamp as_of,
                                                 const std::function<bool()>& cancelled) {
  auto begun = std::chrono::steady_clock::now();
  auto scale = engine_.compute_rfm_scale(workspace, {rules_, as_of}, [&] { return stopping_ || cancelled(); });
  if (scale) {
    if (auto recorded = record(engine_, workspace, *scale); !recorded) scale = recorded.error();
  }
  busy_ = false;
  if (scale) {
    metrics_.rfm_scale_computed.set(static_cast<double>(scale->computed_at.micros) / kMicrosPerSecond);
    metrics_.rfm_scale_seconds.set(std::chrono::duration<double>(std::chrono::steady_clock::now() - begun).count());
    metrics_.rfm_scale_customers.set(static_cast<double>(scale->customers()));
  } else if (scale.error().code != ErrorCode::stopping) {
    metrics_.rfm_scale_failures.increment();
  }
  return scale;
}

void ScaleRunner::stop() {
  stopping_ = true;
  pool_.join();
}

}  // namespace tributary
