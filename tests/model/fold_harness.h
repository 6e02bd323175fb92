// The real fold on the real store in a directory of its own, fed with events, read through the real queries.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "engine/fold/fold.h"
#include "engine/query/customer.h"
#include "engine/query/erasure.h"
#include "engine/query/rules_reader.h"
#include "engine/query/timeline.h"
#include "tests/model/export.h"
#include "tests/model/memory_log.h"
#include "tests/model/temp_directory.h"

namespace tributary::model {

struct HarnessOptions {
  FoldOptions fold;
  std::string directory;  // of the store; empty: one of its own
};

/// One partition without log and threads. A failure of the engine is an exception with the error's text.
class FoldHarness {
 public:
  explicit FoldHarness(const KeyedHash& index_key, HarnessOptions options = {});

  void use_key(const KeyedHash& index_key) { index_key_ = &index_key; }

  /// Folds the events as one group. Each gets the next LSN; receipt times are the events' own.
  std::vector<ItemOutcome> fold(WorkspaceId workspace, const std::vector<Event>& events);
  /// Folds one decision, or other rules with all that follows from them.
  void decide(WorkspaceId workspace, const Assertion& assertion);
  /// The same where it may have no effect.
  ItemOutcome try_to_decide(WorkspaceId workspace, const Assertion& assertion);
  void change_rules(WorkspaceId workspace, const Rules& rules);
  /// Erases the customer who has the identifier now; what there was of them.
  Erasure erase(WorkspaceId workspace, const Identifier& identifier, Decision decision);
  /// The record as it was written, once more or on another store.
  ItemOutcome erase(WorkspaceId workspace, const ErasureRecord& record);
  /// A change of a customer that was noticed at this time.
  ItemOutcome notice(WorkspaceId workspace, const ProfileChange& change, Timestamp at);
  std::vector<ItemOutcome> fold_rejected(WorkspaceId workspace, const std::vector<Rejected>& rejected);

  /// Forgets everything in memory: a new fold over the same store.
  void restart(FoldOptions options);
  /// Closes the store and opens it again; what was not flushed is lost.
  void reopen();

  /// Everything about a workspace, asked for by every identifier that the store knows of it.
  Export read_all(WorkspaceId workspace);

  /// Whether a sweep follows a change of rules at once, or only when it must: before the next change and reading.
  void set_sweeps_at_once(bool at_once) { sweeps_at_once_ = at_once; }
  void finish_sweeps();

  /// As the store says.
  RuleSet rules(WorkspaceId workspace);

  StateStore& store() { return *store_; }
  Fold& fold_unit() { return *fold_; }
  MemoryLog& log() { return log_; }
  Metrics& metrics() { return metrics_; }
  const std::string& directory() const { return options_.directory; }

 private:
  void open_store();
  void check_exports(WorkspaceId workspace, std::shared_ptr<const StateReader> snapshot, const RuleSet& rules,
                     const Export& all);
  void append(Record record, std::vector<std::string>& payloads, std::vector<RecordView>& views);
  std::vector<ItemOutcome> apply(std::vector<std::string>& payloads, std::vector<RecordView>& views);

  std::unique_ptr<TempDirectory> own_directory_;
  const KeyedHash* index_key_;
  HarnessOptions options_;
  Metrics metrics_;
  StoreMemory memory_{32 << 20, 256 << 20};
  std::unique_ptr<StateStore> store_;
  std::unique_ptr<Fold> fold_;
  MemoryLog log_;
  uint64_t last_lsn_ = 0;
  size_t reads_ = 0;
  bool sweeps_at_once_ = true;
};

/// The value, or an exception with the error's text: a test that shrinks its case goes on.
template <class T>
T must(Result<T> result) {
  if (!result) throw std::runtime_error(result.error().message);
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace tributary::model
