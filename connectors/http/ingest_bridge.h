// Where the engine's callbacks and the connectors' coroutines meet.
#pragma once

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/post.hpp>
#include <functional>
#include <memory>
#include <utility>

#include "connectors/http/task.h"
#include "engine/engine.h"

namespace tributary {

/// What the engine calls with the outcome, on a thread of its own: resumes a coroutine on the thread that it belongs
/// to.
template <class Handler>
std::function<void(IngestOutcome)> resuming(Handler handler) {
  namespace asio = boost::asio;
  auto work = asio::make_work_guard(asio::get_associated_executor(handler));  // the session's thread
  auto shared = std::make_shared<Handler>(std::move(handler));                // std::function needs a copyable target
  return [work, shared](IngestOutcome outcome) {
    asio::post(work.get_executor(),
               [shared, outcome = std::move(outcome)]() mutable { std::move (*shared)(std::move(outcome)); });
  };
}

/// Starts `engine.ingest` and completes on the executor of the caller, so a connection never needs a lock:
///   IngestOutcome outcome = co_await async_ingest(engine, std::move(request), copied, kUseTask);
///
/// `copied` is called on the caller's executor as soon as the engine has its own copy of the items, long before the
/// outcome: what they pointed into can be given back.
///
/// A plain function, not a coroutine: g++ 12.2 destroys a capturing lambda twice when it is a temporary of a co_await
/// expression. The closure below is a named local, and callers await a function call.
///
/// A burst of completions from one engine thread costs one wake-up: the io_context is interrupted only while it sleeps.
template <class CompletionToken>
auto async_ingest(Engine& engine, IngestRequest request, std::function<void()> copied, CompletionToken&& token) {
  auto initiation = [&engine](auto handler, IngestRequest items, const std::function<void()>& on_copied) {
    engine.ingest(std::move(items), resuming(std::move(handler)));
    on_copied();
  };
  return boost::asio::async_initiate<CompletionToken, void(IngestOutcome)>(std::move(initiation), token,
                                                                           std::move(request), std::move(copied));
}

/// The same for one decision, recorded by a member of Engine:
///   co_await async_decide(engine, &Engine::assert_identity, workspace, std::move(assertion), kUseTask);
template <class Decided, class CompletionToken>
auto async_decide(Engine& engine, void (Engine::*record)(WorkspaceId, Decided, std::function<void(IngestOutcome)>),
                  WorkspaceId workspace, Decided decided, CompletionToken&& token) {
  auto initiation = [&engine, record, workspace](auto handler, Decided taken) {
    (engine.*record)(workspace, std::move(taken), resuming(std::move(handler)));
  };
  return boost::asio::async_initiate<CompletionToken, void(IngestOutcome)>(std::move(initiation), token,
                                                                           std::move(decided));
}

}  // namespace tributary
