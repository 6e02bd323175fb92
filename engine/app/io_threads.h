#pragma once

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <thread>
#include <vector>

namespace tributary {

/// A set of event loops, one thread each, named `<name>-0`, `<name>-1`, ... (at most 15 characters, as the kernel
/// keeps).
///
/// Lifecycle: contexts exist from construction to destruction, threads run from start() to stop(). What lives on a
/// context must be gone, or no longer run, before it is destroyed.
class IoThreads {
 public:
  IoThreads(size_t count, std::string name);
  ~IoThreads();
  IoThreads(const IoThreads&) = delete;
  IoThreads& operator=(const IoThreads&) = delete;

  std::vector<boost::asio::io_context*> contexts();
  void start();
  /// Ends the loops after the handler each is in, and joins. Idempotent.
  void stop();

 private:
  using WorkGuard = boost::asio::executor_work_guard<boost::asio::io_context::executor_type>;

  std::string name_;
  std::vector<std::unique_ptr<boost::asio::io_context>> contexts_;
  std::vector<WorkGuard> guards_;
  std::vector<std::thread> threads_;
};

}  // namespace tributary
