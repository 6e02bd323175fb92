#include "connectors/identity/preview_runner.h"

#include <pthread.h>

#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <optional>
#include <utility>

namespace tributary {
namespace {

namespace asio = boost::asio;
using Timer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, IoExecutor>;

constexpr std::chrono::milliseconds kLookInterval{200};  // how soon it is noticed that nobody waits

}  // namespace

/// One preview. Owner: the I/O thread that asked for it; the pool's thread reads the constants and the flag.
struct PreviewRunner::Job {
  Job(const IoExecutor& executor, WorkspaceId asked_workspace, PreviewQuery asked)
      : workspace(asked_workspace), query(std::move(asked)), wake(executor) {}

  const WorkspaceId workspace;
  const PreviewQuery query;
  std::atomic<bool> cancelled{false};
  std::optional<Result<PreviewView>> outcome;
  Timer wake;  // cancelled as soon as there is an outcome
};

PreviewRunner::PreviewRunner(Engine& engine) : engine_(engine) {
  asio::post(pool_, [] { pthread_setname_np(pthread_self(), "trib-preview"); });
}

Task<Result<PreviewView>> PreviewRunner::run(const HttpRequest& request, WorkspaceId workspace, PreviewQuery query) {
  IoExecutor executor = co_await asio::this_coro::executor;
  if (stopping_) co_return Error(ErrorCode::stopping, "previews have ended");
  if (busy_.exchange(true)) co_return Error(ErrorCode::overloaded, "another preview is running");
  auto job = std::make_shared<Job>(executor, workspace, std::move(query));
  asio::post(pool_, [this, job]() mutable { compute(std::move(job)); });
  while (!job->outcome) {
    job->wake.expires_after(kLookInterval);
    co_await job->wake.async_wait(kUseTaskTuple);
    if (!request.is_awaited()) job->cancelled = true;
  }
  co_return std::move(*job->outcome);
}

void PreviewRunner::compute(std::shared_ptr<Job> job) {
  auto cancelled = [this, &job] { return stopping_ || job->cancelled; };
  auto outcome = engine_.preview(job->workspace, job->query, cancelled);
  busy_ = false;
  IoExecutor executor = job->wake.get_executor();
  // The job leaves this thread here: its timer belongs to the other.
  asio::post(executor, [job = std::move(job), outcome = std::move(outcome)]() mutable {
    job->outcome = std::move(outcome);
    job->wake.cancel();
  });
}

void PreviewRunner::stop() {
  stopping_ = true;
  pool_.join();
}

}  // namespace tributary
