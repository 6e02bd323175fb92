// Every metric's name in one place. Values are held by reference: incrementing costs nanoseconds.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "engine/domain/rejection.h"

namespace tributary {

/// A monotone count. Thread: any.
class Counter {
 public:
  void increment(double by = 1);
  double value() const;

 private:
  friend class Metrics;
  void* counter_ = nullptr;  // prometheus::Counter, behind the fence
};

class Gauge {
 public:
  void set(double value);

 private:
  friend class Metrics;
  void* gauge_ = nullptr;
};

class Histogram {
 public:
  void observe(double value);

 private:
  friend class Metrics;
  void* histogram_ = nullptr;
};

/// The registry and every metric in it. Label values come from closed sets, never from input.
///
/// Owner: the process; outlives every part. Thread: all methods are safe from any thread.
class Metrics {
 public:
  Metrics();
  ~Metrics();
  Metrics(const Metrics&) = delete;
  Metrics& operator=(const Metrics&) = delete;

  // Events by outcome, counted once, after the decision: received = accepted + duplicate + rejected.
  Counter events_received, events_accepted, events_duplicate, events_rejected;
  Counter& rejected(RejectionCode code);  // items by reason
  Counter& refused(RejectionCode code);   // whole requests by reason
  Counter conflicting_duplicates;
  Counter events_suppressed, events_erased_late;  // they count as accepted: senders must not learn of an erasure
  Counter identifiers_blocked, identifiers_invalid;
  /// Of a configured source; `event` is a name of its tracking plan, or empty for one that is not planned.
  void count_unknown_channels(const std::string& source, size_t events);
  void count_plan_violation(const std::string& source, const std::string& event, std::string_view act);

  // Webhooks
  Counter webhook_deliveries, webhook_handshakes;  // genuine ones; those that were answered as a handshake
  Counter webhook_unmapped, webhook_ignored, webhook_not_mapped;
  Counter webhook_unsigned, webhook_wrongly_signed, webhook_too_old, webhook_too_new, webhook_malformed;
  Counter webhook_repeated_with_other_body;
  Counter webhook_old_secret;

  // Log
  Histogram log_sync_seconds, mark_sync_seconds, log_group_records;
  Counter log_bytes, log_short_writes;
  Gauge log_tail_dropped_bytes, log_accepted_loss_records, log_queue_events, log_queue_bytes, log_last_lsn;
  Gauge disk_free_bytes;

  // Fold
  Histogram fold_group_seconds;
  Gauge fold_lag_events, fold_lag_seconds;
  Gauge customers, identifiers, containers, containers_not_simple;
  Gauge hubs;
  Counter merges, splits, hubs_detected, events_with_two_unique_ids;
  Counter link_refusals_cannot, link_refusals_trust, link_refusals_limit, link_refusals_window;
  Counter front_hits, front_misses;
  Gauge front_bytes;

  // Store
  Gauge store_background_errors, store_write_stopped, store_pending_compaction_bytes, store_stalls;

  // HTTP
  Counter http_requests;
  Histogram http_request_seconds;
  Gauge http_connections;
  Counter http_connections_refused;

  /// What is known of the sources that are fetched from brokers, in place of what was told before. Ids and names of
  /// streams come from the configuration and its brokers; beyond kStreamsTold streams the rest is not told.
  struct StreamFigures {
    std::string source, stream;
    double lag = 0;
  };
  struct FeedFigures {
    std::string source;
    bool connected = false;
    double messages = 0;
  };
  void tell_feeds(const std::vector<FeedFigures>& feeds, const std::vector<StreamFigures>& streams);
  static constexpr size_t kStreamsTold = 10'000;

  // Scales of recency, frequency and money.
  Gauge rfm_scale_computed, rfm_scale_seconds, rfm_scale_customers;
  Counter rfm_scale_failures;

  // Changes of customers that are noticed.
  Counter changes_told, watch_evaluations;
  Gauge watch_timers, watch_lag_seconds;

  Gauge ready, config_last_reload_successful;

  // Computed traits
  Counter measurements;
  Gauge measure_backfill_seconds;

  /// Text exposition format 0.0.4.
  std::string text() const;

  /// Called at each text(), before the values are read: for gauges that are cheaper to ask for than to keep.
  void add_collector(std::function<void()> collect);

 private:
  struct Registry;
  std::unique_ptr<Registry> registry_;
};

}  // namespace tributary
