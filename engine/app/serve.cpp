// The composition root: the only place that knows every part, in the order of their lives.
#include "engine/app/serve.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <future>
#include <memory>
#include <set>
#include <thread>

#include "connectors/http/key_ring.h"
#include "connectors/http/server.h"
#include "connectors/identity/identity_routes.h"
#include "connectors/ops/ops_routes.h"
#include "connectors/profile/profile_routes.h"
#include "connectors/profile_api/profile_api_routes.h"
#include "connectors/query/export_runner.h"
#include "connectors/query/query_routes.h"
#include "connectors/query/scale_runner.h"
#include "connectors/sdk/sdk_routes.h"
#include "connectors/sql/sql_routes.h"
#include "connectors/stream/source_routes.h"
#include "connectors/webhook/webhook_routes.h"
#include "engine/app/configured_rules.h"
#include "engine/app/descriptors.h"
#include "engine/app/exit_code.h"
#include "engine/app/io_threads.h"
#include "engine/app/profile_watch.h"
#include "engine/app/scale_schedule.h"
#include "engine/app/signals.h"
#include "engine/app/supervisor.h"
#include "engine/app/version.h"
#include "engine/base/check.h"
#include "engine/base/json_out.h"
#include "engine/store/directory_lock.h"

namespace tributary {
namespace {

using namespace std::chrono_literals;

constexpr auto kPoll = 100ms;            // how soon a failed engine is noticed
constexpr auto kRequestsDeadline = 4s;   // for requests in progress when the listener closes
constexpr auto kDrainAndFlush = 3800ms;  // for log, fold and state after that
constexpr auto kReadsAfterFailure = 5s;  // a failed engine still answers look-ups this long
constexpr auto kFailureBudget = 3s;      // then closing may take this long
constexpr auto kOpsDeadline = 200ms;
constexpr auto kFeedsDeadline = 2s;  // after the requests ended; they were told to end long before

size_t io_thread_count(const Config& config) {
  if (config.io_threads > 0) return config.io_threads;
  return std::max(1u, std::max(1u, std::thread::hardware_concurrency()) - 1);
}

void log_mistakes(const std::vector<ConfigMistake>& mistakes) {
  for (const ConfigMistake& mistake : mistakes) {
    log_line(LogLevel::error, "configuration mistake", {{"mistake", format_mistake(mistake)}});
  }
}

std::vector<WorkspaceId> workspaces_of(const std::vector<Source>& sources, const std::vector<ApiKey>& keys) {
  std::set<WorkspaceId> workspaces;
  for (const Source& source : sources) workspaces.insert(source.workspace);
  for (const ApiKey& key : keys) workspaces.insert(key.workspace);
  return {workspaces.begin(), workspaces.end()};
}

void log_replay(const Engine::ReplayProgress& progress) {
  uint64_t left = progress.target.value() - progress.at.value();
  auto eta = progress.records_per_second > 0 ? static_cast<double>(left) / progress.records_per_second : 0;
  log_line(LogLevel::info, progress.backfill ? "reading the log for new computed traits" : "replaying",
           {{"lsn", static_cast<int64_t>(progress.at.value())},
            {"target", static_cast<int64_t>(progress.target.value())},
            {"records_per_second", static_cast<int64_t>(progress.records_per_second)},
            {"eta_seconds", static_cast<int64_t>(eta)}});
}

/// One serving process: start, wait, shut down.
///
/// Lifecycle: opening (ops listener answers, readiness red) -> running -> stopping. Members are destroyed in reverse: a
/// listener before its threads' contexts, those before what their handlers refer to.
/// Thread: the main thread, but for readiness(), which any I/O thread calls.
class Service {
 public:
  Service(const ServeOptions& options, Config config, size_t descriptor_limit)
      : options_(options),
        config_(std::move(config)),
        descriptor_limit_(descriptor_limit),
        keys_(std::make_shared<KeyRing>(config_.sources, config_.api_keys)),
        webhooks_(std::make_shared<WebhookDirectory>(config_.webhook_sources)),
        ops_threads_(1, "trib-ops"),
        io_threads_(io_thread_count(config_), "trib-io") {}

  int run() {
    auto started = start();
    if (!started) {
      log_line(LogLevel::error, "starting failed", {{"reason", started.error().message}});
      close_ops();
      return exit_code_of(started.error().code);
    }
    print_ready();
    return serve_until_stopped();
  }

 private:
  enum class Phase { opening, running, stopping };

  Result<void> start() {
    signals_.stop_at_once(true);
    TRIBUTARY_TRY(check_directory_is_free());
    TRIBUTARY_TRY(start_ops());
    TRIBUTARY_TRY(open_engine());
    TRIBUTARY_TRY(start_http());
    signals_.stop_at_once(false);
    return {};
  }

  // The ops port is usually taken as well when another process has the directory; the operator shall read which one.
  Result<void> check_directory_is_free() {
    auto lock = DirectoryLock::take(config_.engine.data_dir);
    if (!lock) return lock.error();
    return {};
  }

  Result<void> start_ops() {
    OpsSources sources{[this] { return readiness(); }, [this] { return metrics_.text(); }, version_json};
    add_ops_routes(ops_router_, sources);
    metrics_.config_last_reload_successful.set(1);
    metrics_.add_collector([this] { metrics_.ready.set(is_ready() ? 1 : 0); });
    HttpServerOptions ops_options = config_.ops;
    ops_options.connections_max = ops_connections();
    auto ops = HttpServer::listen(std::move(ops_options), ops_router_, ops_threads_.contexts(), metrics_);
    if (!ops) return ops.error();
    ops_ = std::move(*ops);
    ops_threads_.start();
    log_line(LogLevel::info, "starting", {{"ops", ops_->address()}, {"data_dir", config_.engine.data_dir}});
    return {};
  }

  Result<void> open_engine() {
    EngineOptions engine_options = config_.engine;
    engine_options.log.accept_loss = options_.accept_loss;
    auto engine = Engine::open(std::move(engine_options), metrics_, log_replay);
    if (!engine) return engine.error();
    engine_ = std::move(*engine);
    return apply_configured_rules(*engine_, config_.identity);
  }

  size_t ops_connections() const { return ops_connections_that_fit(config_.ops.connections_max, descriptor_limit_); }

  // After the engine has opened what it needs: only then is it known what is left.
  Result<HttpServerOptions> http_options() const {
    HttpServerOptions http = config_.server;
    auto fit = connections_that_fit(http.connections_max, descriptor_limit_, open_descriptors(), ops_connections());
    if (!fit) {
      return Error(ErrorCode::unavailable, "listening on " + http.listen + ": the limit of " +
                                               std::to_string(descriptor_limit_) +
                                               " open files leaves none for connections; raise it");
    }
    if (*fit < http.connections_max) {
      log_line(LogLevel::warn, "the limit of open files allows fewer connections than http.max_connections",
               {{"open_files", static_cast<int64_t>(descriptor_limit_)},
                {"configured", static_cast<int64_t>(http.connections_max)},
                {"allowed", static_cast<int64_t>(*fit)}});
    }
    http.connections_max = *fit;
    return http;
  }

  ValueRules value_rules() const {
    const ProfileConfig& profile = config_.profile;
    auto zone = TimeZone::load(profile.time_zone);
    TRIBUTARY_CHECK(zone);  // it could be loaded when the configuration was
    ValueRules rules{*zone, profile.base_currency, profile.rfm_window_micros};
    rules.status_by_rule = profile.status_by_rule;
    rules.lifecycle = profile.lifecycle;
    rules.features_declared = static_cast<uint64_t>(profile.features_declared);
    auto tiers = parse_spend_tiers(profile.membership_tiers);
    TRIBUTARY_CHECK(tiers);
    rules.spend_tiers = std::move(*tiers);
    if (profile.rfm_window_micros == 0) rules.rfm_window_micros.reset();
    if (profile.expected_gap_micros != 0) rules.expected_gap_days = profile.expected_gap_micros / kMicrosPerDay;
    if (profile.rfm_basis == "average") rules.rfm_basis = RfmBasis::average;
    if (profile.rfm_scoring == "fixed") rules.rfm_scoring = RfmScoring::fixed;
    if (profile.rfm_scoring == "quintiles") rules.rfm_scoring = RfmScoring::quintiles;
    return rules;
  }

  void start_scale_schedule() {
    const std::string& at = config_.profile.rfm_recompute_at;
    if (at == "off") return;
    auto second = parse_time_of_day(at);
    TRIBUTARY_CHECK(second);  // it could be read when the configuration was
    scale_schedule_ =
        std::make_unique<ScaleSchedule>(ScaleScheduleServices{*engine_, *scales_, system_clock(), *second});
    scale_schedule_->set(workspaces_of(config_.sources, config_.api_keys));
    scale_schedule_->start();
  }

  void start_watch() {
    if (!config_.profile.changes) return;
    watch_ = std::make_unique<ProfileWatch>(ProfileWatchServices{*engine_, metrics_, system_clock(), value_rules()});
    watch_->set(workspaces_of(config_.sources, config_.api_keys));
    watch_->start();
  }

  void stop_schedules() {
    if (watch_) watch_->stop();
    scales_->stop();
    if (scale_schedule_) scale_schedule_->stop();
  }

  DuplicateSearchOptions duplicate_search_options() const {
    DuplicateSearchOptions options;
    options.every = std::chrono::microseconds(config_.identity.duplicate_search_micros);
    for (size_t rule = 0; rule < kDuplicateRules; ++rule) {
      for (auto action : {DuplicateAction::merge, DuplicateAction::review, DuplicateAction::off}) {
        if (duplicate_action_name(action) == config_.identity.duplicates[rule]) options.actions[rule] = action;
      }
    }
    return options;
  }

  Result<void> start_http() {
    add_sdk_routes(router_, SdkServices{*engine_, keys_, metrics_, config_.ingest, config_.public_url});
    add_webhook_routes(router_,
                       WebhookServices{*engine_, webhooks_, metrics_, config_.ingest, config_.webhooks.body_bytes_max});
    exports_ = std::make_unique<ExportRunner>(*engine_);
    scales_ = std::make_unique<ScaleRunner>(*engine_, metrics_, value_rules());
    add_query_routes(router_, QueryServices{*engine_, keys_, metrics_, config_.ingest, *exports_, *scales_,
                                            config_.engine.computed_traits});
    add_profile_routes(router_, ProfileServices{*engine_, keys_, metrics_, config_.ingest, value_rules()});
    add_profile_api_routes(router_, ProfileApiServices{*engine_, keys_, metrics_, config_.ingest});
    sql_ = std::make_unique<SqlRunner>(*engine_, value_rules());
    add_sql_routes(router_, SqlServices{*engine_, keys_, metrics_, *sql_});
    previews_ = std::make_unique<PreviewRunner>(*engine_);
    duplicates_ = std::make_unique<DuplicateSearches>(*engine_, keys_, duplicate_search_options());
    add_identity_routes(router_, IdentityServices{*engine_, keys_, metrics_, config_.ingest, *previews_, *duplicates_});
    feeds_ = std::make_unique<Feeds>(FeedServices{*engine_, metrics_, config_.ingest});
    add_source_routes(router_, SourceServices{*engine_, keys_, *feeds_});
    metrics_.add_collector([this] { feeds_->tell(metrics_); });
    OpsSources probes{[this] { return readiness(); }, {}, version_json};
    add_probe_routes(router_, probes);
    auto options = http_options();
    if (!options) return options.error();
    auto http = HttpServer::listen(std::move(*options), router_, io_threads_.contexts(), metrics_);
    if (!http) return http.error();
    http_ = std::move(*http);
    start_watch();  // before events come: who is there now is not new
    feeds_->set(config_.stream_sources);
    phase_ = Phase::running;
    io_threads_.start();
    start_scale_schedule();
    duplicates_->start();
    return {};
  }

  void print_ready() {
    if (config_.sources.empty()) log_line(LogLevel::warn, "no sources are configured; every event will be refused");
    std::string line;
    JsonOut out(line);
    out.begin_object().key("ready").boolean(true).key("http").string(http_->address());
    out.key("ops").string(ops_->address()).end_object();
    line += '\n';
    // Nobody needs to read it: a closed stdout is no reason to stop.
    [[maybe_unused]] ssize_t written = ::write(STDOUT_FILENO, line.data(), line.size());
    notify_supervisor("READY=1");
    log_line(LogLevel::info, "ready", {{"http", http_->address()}, {"ops", ops_->address()}});
  }

  int serve_until_stopped() {
    while (true) {
      auto request = signals_.wait(kPoll);
      if (engine_->failed()) end_after_failure();
      if (request == OperatorRequest::reload) reload();
      if (request == OperatorRequest::stop) return shut_down();
    }
  }

  /// Validates, then swaps sources with their connectors, and API keys. Connections and requests in progress notice
  /// nothing; a file with mistakes leaves everything as it is.
  void reload() {
    auto loaded = load_config(options_.input);
    if (auto mistakes = std::get_if<std::vector<ConfigMistake>>(&loaded)) {
      log_mistakes(*mistakes);
      log_line(LogLevel::error, "reload refused, keeping the old configuration");
      metrics_.config_last_reload_successful.set(0);
      return;
    }
    Config& next = std::get<Config>(loaded);
    for (const std::string& path : settings_that_differ(config_, next)) {
      log_line(LogLevel::warn, "a changed setting needs a restart", {{"setting", path}});
    }
    if (scale_schedule_) scale_schedule_->set(workspaces_of(next.sources, next.api_keys));
    if (watch_) watch_->set(workspaces_of(next.sources, next.api_keys));
    keys_.set(std::make_shared<KeyRing>(std::move(next.sources), std::move(next.api_keys)));
    webhooks_.set(std::make_shared<WebhookDirectory>(std::move(next.webhook_sources)));
    feeds_->set(std::move(next.stream_sources));
    metrics_.config_last_reload_successful.set(1);
    log_line(LogLevel::info, "configuration reloaded");
  }

  /// The one way down. Readiness goes red first, so that a balancer turns away while everything is still answered; then
  /// no new connections, requests in progress finish, the log and the fold drain, the state is flushed.
  int shut_down() {
    signals_.end_within(config_.shutdown_announce + kRequestsDeadline + kDrainAndFlush, kExitFailure);
    phase_ = Phase::stopping;
    notify_supervisor("STOPPING=1");
    log_line(LogLevel::info, "stopping");
    std::promise<void> feeds_ended;
    std::thread ending_feeds([&] {
      feeds_->stop();
      feeds_ended.set_value();
    });
    std::this_thread::sleep_for(config_.shutdown_announce);
    http_->announce_shutdown();
    close(*http_, kRequestsDeadline);
    bool fed = feeds_ended.get_future().wait_for(kFeedsDeadline) == std::future_status::ready;
    if (engine_->failed()) end_without_closing();
    if (!fed) end_beside_feeds();
    ending_feeds.join();
    duplicates_->stop();
    previews_->stop();
    exports_->stop();
    sql_->stop();
    stop_schedules();
    engine_->stop();
    if (engine_->failed()) end_without_closing();
    io_threads_.stop();
    close_ops();
    log_line(LogLevel::info, "stopped");
    return kExitOk;
  }

  /// A library waits for a broker that is silent. What it held is delivered again; everything else ends as it should.
  [[noreturn]] void end_beside_feeds() {
    log_line(LogLevel::warn, "a source does not end, ending without it");
    duplicates_->stop();
    previews_->stop();
    exports_->stop();
    sql_->stop();
    stop_schedules();
    engine_->stop();
    std::fflush(nullptr);
    ::_exit(engine_->failed() ? kExitIo : kExitOk);
  }

  /// Nothing can be written any more. Look-ups go on for a moment, then the supervisor shall start a process that reads
  /// what is durable.
  [[noreturn]] void end_after_failure() {
    log_line(LogLevel::error, "the engine failed; ending so that a restart recovers",
             {{"exit_code", int64_t{kExitIo}}});
    auto end = std::chrono::steady_clock::now() + kReadsAfterFailure;
    while (std::chrono::steady_clock::now() < end && signals_.wait(kPoll) != OperatorRequest::stop) continue;
    signals_.end_within(kFailureBudget, kExitIo);
    phase_ = Phase::stopping;
    http_->announce_shutdown();
    close(*http_, kOpsDeadline);
    end_without_closing();
  }

  /// What is durable is in the log and what is not can't be written; closing the state would meet the failed disk
  /// again, where Debian's RocksDB asserts instead of returning an error.
  [[noreturn]] static void end_without_closing() {
    std::fflush(nullptr);
    ::_exit(kExitIo);
  }

  static void close(HttpServer& server, std::chrono::milliseconds deadline) {
    auto closed = std::make_shared<std::promise<void>>();
    server.close(deadline, [closed] { closed->set_value(); });
    closed->get_future().wait_for(deadline + 1s);
  }

  void close_ops() {
    if (!ops_) return;
    close(*ops_, kOpsDeadline);
    ops_threads_.stop();
  }

  std::vector<ReadinessCheck> readiness() {
    switch (phase_.load()) {
      case Phase::opening:
        return {{"replay", false, "replaying"}};
      case Phase::stopping:
        return {{"running", false, "shutting down"}};
      case Phase::running:
        break;
    }
    auto checks = engine_->readiness();
    for (ReadinessCheck& check : feeds_->readiness()) checks.push_back(std::move(check));
    return checks;
  }

  bool is_ready() {
    auto checks = readiness();
    return std::all_of(checks.begin(), checks.end(), [](const ReadinessCheck& check) { return check.ok; });
  }

  const ServeOptions& options_;
  const Config config_;
  const size_t descriptor_limit_;
  Signals signals_;
  Metrics metrics_;
  CurrentKeyRing keys_;
  CurrentWebhooks webhooks_;
  std::unique_ptr<Engine> engine_;  // set before phase_ says running
  std::atomic<Phase> phase_{Phase::opening};
  Router ops_router_, router_;
  IoThreads ops_threads_, io_threads_;
  std::unique_ptr<PreviewRunner> previews_;
  std::unique_ptr<DuplicateSearches> duplicates_;
  std::unique_ptr<Feeds> feeds_;  // set before phase_ says running
  std::unique_ptr<ExportRunner> exports_;
  std::unique_ptr<SqlRunner> sql_;
  std::unique_ptr<ScaleRunner> scales_;
  std::unique_ptr<ScaleSchedule> scale_schedule_;  // null: off
  std::unique_ptr<ProfileWatch> watch_;            // null: off
  std::unique_ptr<HttpServer> ops_, http_;
};

}  // namespace

int serve(const ServeOptions& options) {
  auto loaded = load_config(options.input);
  if (auto mistakes = std::get_if<std::vector<ConfigMistake>>(&loaded)) {
    log_mistakes(*mistakes);
    return kExitConfig;
  }
  umask(S_IRWXG | S_IRWXO);  // what we write holds personal data
  size_t descriptors = raise_descriptor_limit();
  return Service(options, std::get<Config>(std::move(loaded)), descriptors).run();
}

}  // namespace tributary
