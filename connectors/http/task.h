// The coroutine type of the connectors: bound to one thread's io_context.
#pragma once

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>

namespace tributary {

using IoExecutor = boost::asio::io_context::executor_type;

/// The io_context's own executor instead of any_io_executor: an operation that completes on its own thread resumes the
/// coroutine at once, without a type-erased function and its allocation in between.
template <class T>
using Task = boost::asio::awaitable<T, IoExecutor>;

inline constexpr boost::asio::use_awaitable_t<IoExecutor> kUseTask;
/// Errors come as values: `auto [error, bytes] = co_await stream.async_read_some(buffer, kUseTaskTuple);`
inline constexpr auto kUseTaskTuple = boost::asio::as_tuple(kUseTask);

}  // namespace tributary
