// What an operator does with a store that no server has open: verify it, rebuild its state from the log.
#include <filesystem>

#include "engine/data_layout.h"
#include "engine/engine.h"
#include "engine/store/directory_lock.h"
#include "engine/store/index_keys.h"
#include "engine/store/partition_count.h"
#include "engine/store/state_store.h"

namespace tributary {
namespace {

// A command makes no store where there is none: then the path is wrong, or relative to another directory.
Result<std::unique_ptr<DirectoryLock>> lock_store(const EngineOptions& options) {
  if (std::filesystem::exists(options.data_dir)) return DirectoryLock::take(options.data_dir);
  return Error{ErrorCode::config,
               "there is no store at " + options.data_dir + "; a relative data_dir counts from where the command runs"};
}

}  // namespace

Result<VerifyReport> verify_store(const EngineOptions& options) {
  auto lock = lock_store(options);
  if (!lock) return lock.error();
  VerifyReport report;
  auto log = verify_log(log_options(options).directory);
  if (!log) return log.error();
  report.log = std::move(*log);
  if (has_segments(options.data_dir)) {
    auto keys = IndexKeys::open(options.data_dir, true);
    if (!keys) return keys.error();
  }
  TRIBUTARY_TRY(check_partition_count(state_root(options), options.partitions, false));
  StoreMemory memory(8 << 20, 8 << 20);
  for (uint16_t number = 0; number < options.partitions; ++number) {
    auto store = StateStore::open({state_directory(options, number), options.dedup_window_micros, true}, memory);
    if (!store) return store.error();
    TRIBUTARY_TRY((*store)->verify());
    auto applied = (*store)->applied();
    if (!applied) return applied.error();
    if (applied->lsn > report.log.last_lsn) {
      return Error{ErrorCode::corrupt, "state " + std::to_string(number) + " has applied LSN " +
                                           std::to_string(applied->lsn.value()) + ", but the log ends at " +
                                           std::to_string(report.log.last_lsn.value())};
    }
    report.applied.push_back(applied->lsn);
    report.customers += applied->customers;
  }
  return report;
}

namespace {

// A rebuild that was killed left the state it replaces aside; unless a server finished the new one meanwhile.
Result<void> set_state_aside(const EngineOptions& options) {
  namespace fs = std::filesystem;
  std::string state = state_root(options);
  std::string aside = replaced_state_root(options);
  std::error_code error;
  if (fs::exists(aside)) return destroy_state(state);
  if (fs::exists(state)) fs::rename(state, aside, error);
  if (error) return Error{ErrorCode::io, "setting " + state + " aside: " + error.message()};
  return {};
}

Result<void> put_state_back(const EngineOptions& options) {
  std::error_code error;
  if (!std::filesystem::exists(replaced_state_root(options))) return {};
  TRIBUTARY_TRY(destroy_state(state_root(options)));
  std::filesystem::rename(replaced_state_root(options), state_root(options), error);
  if (error) return Error{ErrorCode::io, "putting back " + state_root(options) + ": " + error.message()};
  return {};
}

}  // namespace

Result<void> rebuild_state(const EngineOptions& options, Metrics& metrics,
                           const std::function<void(const Engine::ReplayProgress&)>& on_progress) {
  {
    auto lock = lock_store(options);
    if (!lock) return lock.error();
    TRIBUTARY_TRY(set_state_aside(options));
  }
  auto engine = Engine::open(options, metrics, on_progress);
  if (!engine) {
    auto lock = DirectoryLock::take(options.data_dir);
    if (!lock) return lock.error();
    TRIBUTARY_TRY(put_state_back(options));
    return engine.error();
  }
  (*engine)->stop();
  return {};
}

}  // namespace tributary
