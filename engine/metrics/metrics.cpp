#include "engine/metrics/metrics.h"

#include <prometheus/counter.h>
#include <prometheus/gauge.h>
#include <prometheus/histogram.h>
#include <prometheus/registry.h>
#include <prometheus/text_serializer.h>

#include <algorithm>
#include <map>
#include <mutex>
#include <vector>

namespace tributary {
namespace {

const prometheus::Histogram::BucketBoundaries kSeconds = {0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005,
                                                          0.01,    0.025,  0.05,    0.1,    0.25,  1,      5};
const prometheus::Histogram::BucketBoundaries kGroupSizes = {1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096};

/// Gauges whose label values come and go.
class ReplacedGauges {
 public:
  ReplacedGauges(prometheus::Registry& registry, const std::string& name, const std::string& help)
      : family_(prometheus::BuildGauge().Name(name).Help(help).Register(registry)) {}
  void clear() {
    for (prometheus::Gauge* gauge : told_) family_.Remove(gauge);
    told_.clear();
  }
  void set(const prometheus::Labels& labels, double value) {
    prometheus::Gauge& gauge = family_.Add(labels);
    gauge.Set(value);
    told_.push_back(&gauge);
  }

 private:
  prometheus::Family<prometheus::Gauge>& family_;
  std::vector<prometheus::Gauge*> told_;
};

}  // namespace

struct Metrics::Registry {
  prometheus::Registry registry;
  ReplacedGauges connected{registry, "tributary_source_connected", "Whether a source's broker is connected."};
  ReplacedGauges messages{registry, "tributary_source_messages",
                          "Messages of a source's broker that are durable and acknowledged, since the start."};
  ReplacedGauges lag{registry, "tributary_source_lag_messages", "Messages that wait at a source's broker, by stream."};
  prometheus::Family<prometheus::Counter>& unknown_channels =
      prometheus::BuildCounter()
          .Name("tributary_unknown_channel_total")
          .Help("Events whose word for their channel is none of the list, by source; stored as channel other.")
          .Register(registry);
  prometheus::Family<prometheus::Counter>& plan_violations =
      prometheus::BuildCounter()
          .Name("tributary_tracking_plan_violations_total")
          .Help(
              "Events that are not as the tracking plan has them, by source, event (empty: not planned) and what "
              "was done.")
          .Register(registry);
  std::map<RejectionCode, Counter> rejected;
  std::map<RejectionCode, Counter> refused;
  std::mutex collectors_mutex;
  std::vector<std::function<void()>> collectors;

  void* counter(const std::string& name, const std::string& help, const prometheus::Labels& labels = {}) {
    return &prometheus::BuildCounter().Name(name).Help(help).Register(registry).Add(labels);
  }
  void* gauge(const std::string& name, const std::string& help) {
    return &prometheus::BuildGauge().Name(name).Help(help).Register(registry).Add({});
  }
  void* histogram(const std::string& name, const std::string& help,
                  const prometheus::Histogram::BucketBoundaries& buckets = kSeconds) {
    return &prometheus::BuildHistogram().Name(name).Help(help).Register(registry).Add({}, buckets);
  }
};

void Counter::increment(double by) { static_cast<prometheus::Counter*>(counter_)->Increment(by); }
double Counter::value() const { return static_cast<prometheus::Counter*>(counter_)->Value(); }
void Gauge::set(double value) { static_cast<prometheus::Gauge*>(gauge_)->Set(value); }
void Histogram::observe(double value) { static_cast<prometheus::Histogram*>(histogram_)->Observe(value); }

Metrics::Metrics() : registry_(std::make_unique<Registry>()) {
  Registry& r = *registry_;
  const std::string events = "tributary_events_total";
  const std::string events_help = "Events by outcome, counted once, after the decision.";
  events_received.counter_ = r.counter("tributary_events_received_total", "Events that reached a decision.");
  events_accepted.counter_ = r.counter(events, events_help, {{"outcome", "accepted"}});
  events_duplicate.counter_ = r.counter(events, events_help, {{"outcome", "duplicate"}});
  events_rejected.counter_ = r.counter(events, events_help, {{"outcome", "rejected"}});
  for (int code = 0; code < 256; ++code) {
    // Codes without a row are not codes; the table is the closed set of label values.
    auto row = try_rejection_row(static_cast<RejectionCode>(code));
    if (row == nullptr) continue;
    std::string name(row->name);
    // Item codes stand below the request codes; an item is never rejected for a request's reason.
    if (code < kRequestCodesFrom)
      r.rejected[row->code].counter_ =
          r.counter("tributary_events_rejected_total", "Rejected events by reason.", {{"code", name}});
    r.refused[row->code].counter_ =
        r.counter("tributary_requests_refused_total", "Requests refused as a whole, by reason.", {{"code", name}});
  }
  conflicting_duplicates.counter_ =
      r.counter("tributary_conflicting_duplicate_total", "Duplicates whose content differs from the stored copy.");
  events_suppressed.counter_ =
      r.counter("tributary_events_suppressed_total", "Events that name somebody who was erased; stored nowhere.");
  events_erased_late.counter_ = r.counter("tributary_events_erased_late_total",
                                          "Events from before the erasure of whom they are about; in no profile.");
  identifiers_blocked.counter_ =
      r.counter("tributary_identifiers_rejected_total", "Values that are no identifier.", {{"reason", "blocked"}});
  identifiers_invalid.counter_ =
      r.counter("tributary_identifiers_rejected_total", "Values that are no identifier.", {{"reason", "invalid"}});

  webhook_deliveries.counter_ =
      r.counter("tributary_webhook_deliveries_total", "Calls of platforms that were genuine.");
  webhook_handshakes.counter_ =
      r.counter("tributary_webhook_handshakes_total", "Calls by which a platform asked whether somebody is there.");
  webhook_unmapped.counter_ =
      r.counter("tributary_webhook_unmapped_total",
                "Things a platform told for which its connector has no event; kept as they are.");
  webhook_ignored.counter_ = r.counter("tributary_webhook_ignored_total", "Test pings and the like, kept nowhere.");
  webhook_not_mapped.counter_ = r.counter("tributary_webhook_not_mapped_total",
                                          "Deliveries that a connector can't read; kept as rejected events.");
  auto refused_signature = [&r](Counter& counter, const char* reason) {
    counter.counter_ = r.counter("tributary_webhook_signature_refused_total",
                                 "Calls that are not proven to be the platform's, by reason.", {{"reason", reason}});
  };
  refused_signature(webhook_unsigned, "missing");
  refused_signature(webhook_wrongly_signed, "mismatch");
  refused_signature(webhook_too_old, "too_old");
  refused_signature(webhook_too_new, "too_new");
  refused_signature(webhook_malformed, "malformed");
  refused_signature(webhook_repeated_with_other_body, "repeated_with_other_body");
  webhook_old_secret.counter_ = r.counter("tributary_webhook_old_secret_total",
                                          "Genuine calls signed with a secret that is not the first: still in use.");

  log_sync_seconds.histogram_ = r.histogram("tributary_log_sync_seconds", "Duration of one fdatasync of the log.");
  mark_sync_seconds.histogram_ =
      r.histogram("tributary_log_mark_sync_seconds", "Duration of one fdatasync of the acked high-water mark.");
  log_group_records.histogram_ =
      r.histogram("tributary_log_group_records", "Records committed by one fdatasync.", kGroupSizes);
  log_bytes.counter_ = r.counter("tributary_log_bytes_total", "Bytes appended to the log.");
  log_short_writes.counter_ = r.counter("tributary_log_short_writes_total", "Writes that the kernel cut short.");
  log_tail_dropped_bytes.gauge_ = r.gauge("tributary_log_tail_dropped_bytes",
                                          "Bytes of a torn, never acknowledged tail dropped at the last start.");
  log_accepted_loss_records.gauge_ = r.gauge("tributary_log_accepted_loss_records",
                                             "Acknowledged records given up by --accept-loss at the last start.");
  log_queue_events.gauge_ = r.gauge("tributary_log_queue_events", "Records waiting for the log thread.");
  log_queue_bytes.gauge_ = r.gauge("tributary_log_queue_bytes", "Bytes waiting for the log thread.");
  log_last_lsn.gauge_ = r.gauge("tributary_log_last_lsn", "LSN of the last durable record.");
  disk_free_bytes.gauge_ = r.gauge("tributary_disk_free_bytes", "Free bytes on the file system of the data directory.");

  fold_group_seconds.histogram_ = r.histogram("tributary_fold_group_seconds", "Duration of folding one group.");
  fold_lag_events.gauge_ = r.gauge("tributary_fold_lag_events", "Durable records that are not folded yet.");
  fold_lag_seconds.gauge_ = r.gauge("tributary_fold_lag_seconds", "Age of the oldest durable record not folded yet.");
  customers.gauge_ = r.gauge("tributary_customers", "Customers.");
  identifiers.gauge_ = r.gauge("tributary_identifiers", "Identifiers.");
  containers.gauge_ = r.gauge("tributary_containers", "Identity containers.");
  containers_not_simple.gauge_ =
      r.gauge("tributary_containers_not_simple", "Identity containers in which a rule had to refuse a link.");
  merges.counter_ = r.counter("tributary_merges_total", "Customers that became part of another one.");
  splits.counter_ = r.counter("tributary_splits_total", "Customers that were parted.");
  hubs.gauge_ = r.gauge("tributary_hubs", "Identifiers that link nobody: shared, quarantined or blocked.");
  hubs_detected.counter_ =
      r.counter("tributary_hubs_detected_total", "Identifiers that met more others than their threshold.");
  events_with_two_unique_ids.counter_ =
      r.counter("tributary_events_with_two_unique_ids_total",
                "New evidence that names two identifiers of a kind of which a customer has one.");
  auto refusals = [&](const char* rule) {
    return r.counter("tributary_link_refusals_total",
                     "Links that a rule refused, at the moment a container was computed.", {{"rule", rule}});
  };
  link_refusals_cannot.counter_ = refusals("cannot_link");
  link_refusals_trust.counter_ = refusals("join_not_trusted");
  link_refusals_limit.counter_ = refusals("limit");
  link_refusals_window.counter_ = refusals("window");
  front_hits.counter_ = r.counter("tributary_front_table_total", "Look-ups in the front table.", {{"result", "hit"}});
  front_misses.counter_ =
      r.counter("tributary_front_table_total", "Look-ups in the front table.", {{"result", "miss"}});
  measurements.counter_ =
      r.counter("tributary_measurements_total", "Values that events said for computed traits, as they were folded.");
  measure_backfill_seconds.gauge_ =
      r.gauge("tributary_measure_backfill_seconds",
              "How long the last start read the log for computed traits that were new; 0: none was.");
  front_bytes.gauge_ = r.gauge("tributary_front_table_bytes", "Bytes in the front table.");

  store_background_errors.gauge_ =
      r.gauge("tributary_store_background_errors", "Background errors of the state store.");
  store_write_stopped.gauge_ = r.gauge("tributary_store_write_stopped", "1 while the state store refuses writes.");
  store_pending_compaction_bytes.gauge_ =
      r.gauge("tributary_store_pending_compaction_bytes", "Bytes that compaction still has to rewrite.");
  store_stalls.gauge_ =
      r.gauge("tributary_store_delayed_write_rate", "Write rate the store is held to, 0 for no limit.");

  rfm_scale_computed.gauge_ = r.gauge("tributary_rfm_scale_computed_timestamp_seconds",
                                      "When a scale was last computed; 0: not since the start.");
  rfm_scale_seconds.gauge_ = r.gauge("tributary_rfm_scale_seconds", "How long that took.");
  rfm_scale_customers.gauge_ = r.gauge("tributary_rfm_scale_customers", "Customers whom that scale is of.");
  rfm_scale_failures.counter_ =
      r.counter("tributary_rfm_scale_failures_total", "Scales that could not be computed or recorded.");

  changes_told.counter_ = r.counter("tributary_profile_changes_total", "Changes of customers that were noticed.");
  watch_evaluations.counter_ =
      r.counter("tributary_profile_watch_evaluations_total", "Customers that were looked at for changes.");
  watch_timers.gauge_ =
      r.gauge("tributary_profile_watch_timers", "Customers of whom it is known when they will be looked at next.");
  watch_lag_seconds.gauge_ = r.gauge("tributary_profile_watch_lag_seconds", "How long the first of them has been due.");

  http_requests.counter_ = r.counter("tributary_http_requests_total", "Requests answered.");
  http_request_seconds.histogram_ =
      r.histogram("tributary_http_request_seconds", "From the complete request to the answer handed to the kernel.");
  http_connections.gauge_ = r.gauge("tributary_http_connections", "Open connections.");
  http_connections_refused.counter_ =
      r.counter("tributary_http_connections_refused_total", "Connections closed at accept because of a limit.");

  ready.gauge_ = r.gauge("tributary_ready", "1 when an event would be accepted.");
  config_last_reload_successful.gauge_ =
      r.gauge("tributary_config_last_reload_successful", "0 after a reload that was refused.");
  prometheus::BuildGauge()
      .Name("tributary_build_info")
      .Help("Constant 1 with the version of the running binary.")
      .Register(r.registry)
      .Add({{"version", TRIBUTARY_VERSION}})
      .Set(1);
}

Metrics::~Metrics() = default;

Counter& Metrics::rejected(RejectionCode code) { return registry_->rejected.at(code); }
void Metrics::count_unknown_channels(const std::string& source, size_t events) {
  registry_->unknown_channels.Add({{"source", source}}).Increment(static_cast<double>(events));
}
void Metrics::count_plan_violation(const std::string& source, const std::string& event, std::string_view act) {
  registry_->plan_violations.Add({{"source", source}, {"event", event}, {"action", std::string(act)}}).Increment();
}
Counter& Metrics::refused(RejectionCode code) { return registry_->refused.at(code); }

void Metrics::tell_feeds(const std::vector<FeedFigures>& feeds, const std::vector<StreamFigures>& streams) {
  Registry& r = *registry_;
  r.connected.clear();
  r.messages.clear();
  r.lag.clear();
  for (const FeedFigures& feed : feeds) {
    r.connected.set({{"source", feed.source}}, feed.connected ? 1 : 0);
    r.messages.set({{"source", feed.source}}, feed.messages);
  }
  for (size_t i = 0; i < std::min(streams.size(), kStreamsTold); ++i) {
    r.lag.set({{"source", streams[i].source}, {"stream", streams[i].stream}}, streams[i].lag);
  }
}

std::string Metrics::text() const {
  {
    std::lock_guard lock(registry_->collectors_mutex);
    for (const auto& collect : registry_->collectors) collect();
  }
  return prometheus::TextSerializer().Serialize(registry_->registry.Collect());
}

void Metrics::add_collector(std::function<void()> collect) {
  std::lock_guard lock(registry_->collectors_mutex);
  registry_->collectors.push_back(std::move(collect));
}

}  // namespace tributary
