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
  namespace asio = boost::asio;
  auto initiation = [&engine](auto handler, IngestRequest items, const std::function<void()>& on_copied) {
    auto work = asio::make_work_guard(asio::get_associated_executor(handler));  // the session's thread
    auto shared = std::make_shared<decltype(handler)>(std::move(handler));      // std::function needs a copyable target
    engine.ingest(std::move(items), [work, shared](IngestOutcome outcome) {     // runs on the thread that completes
      asio::post(work.get_executor(),
                 [shared, outcome = std::move(outcome)]() mutable { std::move (*shared)(std::move(outcome)); });
    });
    on_copied();
  };
  return asio::async_initiate<CompletionToken, void(IngestOutcome)>(std::move(initiation), token, std::move(request),
                                                                    std::move(copied));
}

}  // namespace tributary
