// Which source a platform's call belongs to, and what is remembered of each between calls.
#pragma once

#include <array>
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "connectors/webhook/webhook_source.h"
#include "engine/base/time.h"

namespace tributary {

/// Lets `burst` through at once and then one per interval, so that a stranger's calls can't fill the log with records
/// of themselves. Thread: any.
class RecordBudget {
 public:
  RecordBudget(int64_t interval_micros, int64_t burst)
      : interval_(interval_micros), slack_(interval_micros * (burst - 1)) {}
  bool take(Timestamp now);

 private:
  const int64_t interval_, slack_;
  std::atomic<int64_t> next_{0};
};

/// Texts that no second body may come with, such as a one-time token: in a scheme that does not sign the body, whoever
/// saw one call could send another body with its signature.
///
/// Remembers the last ones in a table of fixed size: what is displaced is forgotten early, never the other way round.
/// Thread: any.
class OnceTable {
 public:
  OnceTable();

  /// False when `key` came with another body before.
  bool accepts(std::string_view key, std::string_view body);

 private:
  std::string salt_;  // without it, a second body with the digest of the first could be looked for at leisure
  std::array<std::atomic<uint64_t>, 4096> seen_{};  // upper half: of the key, lower half: of the body
};

/// One source as the receiver uses it.
struct WebhookEntry {
  explicit WebhookEntry(WebhookSource given);

  const WebhookSource webhook;
  const Source claimed_source;  // the same, believed less: for calls whose body nobody signed
  mutable RecordBudget refusals;
};

/// All webhook sources of one configuration. Immutable; a reload makes a new one. Thread: any.
class WebhookDirectory {
 public:
  explicit WebhookDirectory(std::vector<WebhookSource> sources);

  /// Null when no source has this path. The time it takes tells nothing about paths that exist.
  const WebhookEntry* find(std::string_view path) const;

 private:
  std::vector<std::pair<std::string, std::unique_ptr<WebhookEntry>>> entries_;  // SHA-256 of the path; sorted
};

/// The directory in force, swapped as a whole at reload. Thread: any.
class CurrentWebhooks {
 public:
  explicit CurrentWebhooks(std::shared_ptr<const WebhookDirectory> directory) : directory_(std::move(directory)) {}
  std::shared_ptr<const WebhookDirectory> get() const { return std::atomic_load(&directory_); }
  void set(std::shared_ptr<const WebhookDirectory> directory) { std::atomic_store(&directory_, std::move(directory)); }

 private:
  std::shared_ptr<const WebhookDirectory> directory_;
};

}  // namespace tributary
