#include "connectors/sql/sql_runner.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/basic_waitable_timer.hpp>
#include <boost/asio/post.hpp>
#include <chrono>
#include <cmath>
#include <optional>
#include <utility>

#include "engine/base/json_out.h"
#include "engine/base/utf8.h"

namespace tributary {
namespace {

namespace asio = boost::asio;
using SqlTimer =
    asio::basic_waitable_timer<std::chrono::steady_clock, asio::wait_traits<std::chrono::steady_clock>, IoExecutor>;

constexpr std::chrono::milliseconds kSqlLookInterval{200};  // how soon it is noticed that nobody waits

std::string_view type_of(const SqlValue& value) {
  constexpr std::string_view kTypes[] = {"", "integer", "real", "text"};
  return kTypes[value.index()];
}

void append_sql_value(JsonOut& json, const SqlValue& value) {
  if (const auto* whole = std::get_if<int64_t>(&value)) {
    json.number(*whole);
  } else if (const auto* real = std::get_if<double>(&value); real != nullptr && std::isfinite(*real)) {
    json.raw(fmt::format("{}", *real));
  } else if (const auto* text = std::get_if<std::string>(&value)) {
    json.string(valid_utf8(*text));
  } else {
    json.null();
  }
}

/// Types that nothing declares are those of the first value that is not NULL.
class RowsAsJson : public SqlRows {
 public:
  RowsAsJson() { rows_.begin_array(); }

  void columns(std::vector<std::pair<std::string, std::string>> names_and_types) override {
    columns_ = std::move(names_and_types);
  }

  size_t row(std::span<const SqlValue> values) override {
    rows_.begin_array();
    for (size_t i = 0; i < values.size(); ++i) {
      append_sql_value(rows_, values[i]);
      if (columns_[i].second.empty()) columns_[i].second = type_of(values[i]);
    }
    rows_.end_array();
    return text_.size();
  }

  void end(SqlAnswer& answer) {
    rows_.end_array();
    answer.rows_json = std::move(text_);
    answer.columns_json.clear();
    JsonOut json(answer.columns_json);
    json.begin_array();
    for (const auto& [name, type] : columns_) {
      json.begin_object().key("name").string(valid_utf8(name)).key("type").string(type.empty() ? "null" : type);
      json.end_object();
    }
    json.end_array();
  }

 private:
  std::vector<std::pair<std::string, std::string>> columns_;
  std::string text_;
  JsonOut rows_{text_};
};

}  // namespace

/// One statement. Owner: the I/O thread that asked for it; the pool's thread reads the constants and the flag.
struct SqlRunner::Job {
  Job(const IoExecutor& executor, WorkspaceId asked_workspace, std::string caller_key, SqlQuery asked)
      : workspace(asked_workspace), key(std::move(caller_key)), query(std::move(asked)), wake(executor) {}

  const WorkspaceId workspace;
  const std::string key;
  const SqlQuery query;
  std::atomic<bool> cancelled{false};
  std::optional<Result<SqlAnswer>> outcome;
  SqlTimer wake;  // cancelled as soon as there is an outcome
};

SqlRunner::SqlRunner(Engine& engine, ValueRules rules) : engine_(engine), rules_(std::move(rules)) {}

Task<Result<SqlAnswer>> SqlRunner::run(const HttpRequest& request, WorkspaceId workspace, std::string key,
                                       SqlQuery query) {
  IoExecutor executor = co_await asio::this_coro::executor;
  auto job = std::make_shared<Job>(executor, workspace, std::move(key), std::move(query));
  Result<void> taken = enqueue(job);
  if (!taken) co_return taken.error();
  while (!job->outcome) {
    job->wake.expires_after(kSqlLookInterval);
    co_await job->wake.async_wait(kUseTaskTuple);
    if (!request.is_awaited()) job->cancelled = true;
  }
  co_return std::move(*job->outcome);
}

Result<void> SqlRunner::enqueue(std::shared_ptr<Job> job) {
  std::lock_guard lock(mutex_);
  if (stopping_) return Error(ErrorCode::stopping, "statements are not run any more");
  waiting_.push_back(std::move(job));
  start_waiting();
  if (waiting_.size() <= kWaitingMax) return {};
  waiting_.pop_back();
  return Error(ErrorCode::overloaded, "as many statements as may be are waiting");
}

/// The mutex is held.
void SqlRunner::start_waiting() {
  auto may_run = [this](const std::shared_ptr<Job>& job) { return running_of_key_[job->key] < kRunningPerKeyMax; };
  while (running_ < kRunningMax) {
    auto next = std::ranges::find_if(waiting_, may_run);
    if (next == waiting_.end()) return;
    std::shared_ptr<Job> job = std::move(*next);
    waiting_.erase(next);
    ++running_;
    ++running_of_key_[job->key];
    asio::post(pool_, [this, job = std::move(job)]() mutable { compute(std::move(job)); });
  }
}

void SqlRunner::leave(const std::string& key) {
  std::lock_guard lock(mutex_);
  --running_;
  auto of_key = running_of_key_.find(key);
  if (--of_key->second == 0) running_of_key_.erase(of_key);
  start_waiting();
}

void SqlRunner::compute(std::shared_ptr<Job> job) {
  auto begun = std::chrono::steady_clock::now();
  std::function<bool()> cancelled = [this, &job] { return stopping_ || job->cancelled; };
  std::optional<Result<SqlAnswer>> outcome;
  try {
    SqlAnswer answer;
    RowsAsJson rows;
    answer.outcome = engine_.run_sql(job->workspace, job->query, rows, cancelled);
    rows.end(answer);
    auto took = std::chrono::steady_clock::now() - begun;
    answer.took_micros = std::chrono::duration_cast<std::chrono::microseconds>(took).count();
    outcome = std::move(answer);
  } catch (const std::exception& error) {  // one statement must not end the server
    outcome = Error(ErrorCode::io, std::string("the statement failed: ") + error.what());
  }
  leave(job->key);
  IoExecutor executor = job->wake.get_executor();
  // The job leaves this thread here: its timer belongs to the other.
  asio::post(executor, [job = std::move(job), outcome = std::move(outcome)]() mutable {
    job->outcome = std::move(outcome);
    job->wake.cancel();
  });
}

void SqlRunner::stop() {
  {
    std::lock_guard lock(mutex_);  // what is enqueued before this is in the pool, and nothing after it
    stopping_ = true;
  }
  pool_.join();
}

}  // namespace tributary
