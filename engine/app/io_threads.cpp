#include "engine/app/io_threads.h"

#include <pthread.h>

namespace tributary {
namespace {

// One thread runs each context, so Asio may leave out most of its locks.
constexpr int kConcurrencyHint = 1;

}  // namespace

IoThreads::IoThreads(size_t count, std::string name) : name_(std::move(name)) {
  for (size_t i = 0; i < count; ++i) {
    contexts_.push_back(std::make_unique<boost::asio::io_context>(kConcurrencyHint));
    guards_.emplace_back(contexts_.back()->get_executor());
  }
}

IoThreads::~IoThreads() { stop(); }

std::vector<boost::asio::io_context*> IoThreads::contexts() {
  std::vector<boost::asio::io_context*> contexts;
  contexts.reserve(contexts_.size());
  for (auto& context : contexts_) contexts.push_back(context.get());
  return contexts;
}

void IoThreads::start() {
  for (size_t i = 0; i < contexts_.size(); ++i) {
    threads_.emplace_back([context = contexts_[i].get()] { context->run(); });
    pthread_setname_np(threads_.back().native_handle(), (name_ + "-" + std::to_string(i)).c_str());
  }
}

void IoThreads::stop() {
  for (auto& context : contexts_) context->stop();
  for (auto& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace tributary
