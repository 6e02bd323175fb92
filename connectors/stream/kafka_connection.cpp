#include "connectors/stream/kafka_connection.h"

#include <librdkafka/rdkafka.h>

#include <array>
#include <atomic>
#include <deque>
#include <future>
#include <mutex>
#include <thread>

#include "connectors/stream/kafka_settings.h"
#include "engine/base/log_line.h"

namespace tributary {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kEndPatience{2000};
/// Not in the library's header: its threads are told to end, and nobody waits for them or frees what is left.
constexpr int kDestroyWithoutWaiting = 0x4;

int millis(milliseconds patience) { return static_cast<int>(std::max<int64_t>(patience.count(), 0)); }

/// A client of a cluster that is away would write a line per attempt. Thread: any.
bool kafka_line_is_due() {
  constexpr int64_t kLinesPerWindow = 5, kWindowSeconds = 30;
  static std::atomic<int64_t> window = 0, lines = 0;
  int64_t now = std::chrono::duration_cast<std::chrono::seconds>(steady_clock::now().time_since_epoch()).count();
  int64_t current = now / kWindowSeconds;
  if (window.exchange(current) != current) lines = 0;
  return lines++ < kLinesPerWindow;
}

/// Thread: any of the library's. Its lines hold addresses and errors, no credentials.
void on_library_line(const rd_kafka_t* handle, int level, const char* facility, const char* words) {
  constexpr int kSyslogWarning = 4;
  if (level > kSyslogWarning || !kafka_line_is_due()) return;
  log_line(LogLevel::warn, "kafka client",
           {{"client", std::string(handle != nullptr ? rd_kafka_name(handle) : "")},
            {"facility", std::string(facility)},
            {"detail", std::string(words)}});
}

void on_library_rebalance(rd_kafka_t* handle, rd_kafka_resp_err_t what, rd_kafka_topic_partition_list_t* partitions,
                          void* listener) {
  static_cast<KafkaListener*>(listener)->on_rebalance(what == RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS, partitions);
  rd_kafka_yield(handle);
}

void on_library_error(rd_kafka_t* handle, int code, const char* words, void* listener) {
  std::array<char, 512> fatal{};
  if (code == RD_KAFKA_RESP_ERR__FATAL && rd_kafka_fatal_error(handle, fatal.data(), fatal.size()) != 0) {
    words = fatal.data();
  }
  static_cast<KafkaListener*>(listener)->on_error(words, code == RD_KAFKA_RESP_ERR__ALL_BROKERS_DOWN);
}

/// False when this library does not know the setting.
Result<bool> apply_setting(rd_kafka_conf_t* conf, const std::string& name, const std::string& value) {
  std::array<char, 512> words{};
  auto result = rd_kafka_conf_set(conf, name.c_str(), value.c_str(), words.data(), words.size());
  if (result == RD_KAFKA_CONF_OK) return true;
  if (result == RD_KAFKA_CONF_UNKNOWN) return false;
  std::string text = kafka_value_may_be_shown(name) ? words.data() : "the value can't be used";
  return Error(ErrorCode::unavailable, "kafka: " + name + ": " + text);
}

// ---------------------------------------------------------------------------------------- when a commit may be sent

constexpr std::chrono::seconds kJoiningMost{30};
constexpr milliseconds kHeartbeatMost{5'000};  // a broker that is silent for longer: commits are of no use anyway
/// How soon behind the answer to a heartbeat the request to join is sent, if that answer asked for it.
constexpr milliseconds kJoinsWithin{150};
constexpr int16_t kJoinGroup = 11, kHeartbeat = 12, kSyncGroup = 14;  // Source: Kafka protocol guide, Api Keys

int64_t monotonic_millis() {
  return std::chrono::duration_cast<milliseconds>(steady_clock::now().time_since_epoch()).count();
}

}  // namespace

/// Times as of monotonic_millis(), 0: none. Written by the library's threads, read by the consumer's.
struct KafkaGroupTimes {
  std::atomic<int64_t> joining_since{0};  // JoinGroup was sent, SyncGroup not answered
  std::atomic<int64_t> heartbeat_since{0};
  std::atomic<int64_t> heartbeat_answered{0};
};

namespace {

/// Never freed: threads of a library that does not end may still write it.
KafkaGroupTimes& new_group_times() {
  static std::mutex mutex;
  static std::deque<KafkaGroupTimes> all;
  std::lock_guard lock(mutex);
  return all.emplace_back();
}

/// Both on the library's threads.
rd_kafka_resp_err_t note_request(rd_kafka_t*, int, const char*, int32_t, int16_t api, int16_t, int32_t, size_t,
                                 void* opaque) {
  auto& times = *static_cast<KafkaGroupTimes*>(opaque);
  if (api == kJoinGroup) times.joining_since = monotonic_millis();
  if (api == kHeartbeat) times.heartbeat_since = monotonic_millis();
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t note_response(rd_kafka_t*, int, const char*, int32_t, int16_t api, int16_t, int32_t, size_t,
                                  int64_t, rd_kafka_resp_err_t failed, void* opaque) {
  auto& times = *static_cast<KafkaGroupTimes*>(opaque);
  if (api == kSyncGroup || (api == kJoinGroup && failed)) times.joining_since = 0;
  if (api == kHeartbeat) {
    times.heartbeat_answered = monotonic_millis();
    times.heartbeat_since = 0;
  }
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

rd_kafka_resp_err_t watch_group(rd_kafka_t* handle, const rd_kafka_conf_t*, void* times, char*, size_t) {
  rd_kafka_interceptor_add_on_request_sent(handle, "group", note_request, times);
  rd_kafka_interceptor_add_on_response_received(handle, "group", note_response, times);
  return RD_KAFKA_RESP_ERR_NO_ERROR;
}

/// A reference count that the library holds against itself must not hold up the feed: then its threads stay.
void destroy_within(rd_kafka_t* handle, int flags, milliseconds patience) {
  std::promise<void> ended;
  std::future<void> end = ended.get_future();
  std::thread thread;
  try {
    thread = std::thread([handle, flags, promise = std::move(ended)]() mutable {
      rd_kafka_destroy_flags(handle, flags);
      promise.set_value();
    });
  } catch (const std::system_error&) {  // no thread is left to wait in
    rd_kafka_destroy_flags(handle, flags | kDestroyWithoutWaiting);
    return;
  }
  if (end.wait_for(patience) == std::future_status::ready) {
    thread.join();
    return;
  }
  thread.detach();
  log_line(LogLevel::warn, "kafka client does not end, it is left behind");
}

}  // namespace

KafkaConnection::KafkaConnection(rd_kafka_s* handle, const StreamSource& source, bool looks_by_itself,
                                 const KafkaGroupTimes& times)
    : handle_(handle),
      username_(source.username),
      password_(source.password),
      looks_by_itself_(looks_by_itself),
      times_(times) {}

bool KafkaConnection::is_joining() const {
  int64_t since = times_.joining_since;
  return since != 0 && monotonic_millis() - since < milliseconds(kJoiningMost).count();
}

bool KafkaConnection::may_join_soon() const {
  int64_t now = monotonic_millis(), since = times_.heartbeat_since;
  bool asks = since != 0 && now - since < kHeartbeatMost.count();
  return asks || now - times_.heartbeat_answered < kJoinsWithin.count();
}

Result<std::unique_ptr<KafkaConnection>> KafkaConnection::make(const StreamSource& source, KafkaListener& listener) {
  std::unique_ptr<rd_kafka_conf_t, decltype(&rd_kafka_conf_destroy)> conf(rd_kafka_conf_new(), &rd_kafka_conf_destroy);
  for (const auto& [name, value] : kafka_settings(source)) {
    auto known = apply_setting(conf.get(), name, value);
    if (!known) return known.error();
    if (!*known) return Error(ErrorCode::unavailable, "kafka: " + name + ": unknown to the client library");
  }
  auto looks_by_itself = apply_setting(conf.get(), "fetch.queue.backoff.ms", "10");  // of librdkafka 2.2 and newer
  rd_kafka_conf_set_opaque(conf.get(), &listener);
  rd_kafka_conf_set_log_cb(conf.get(), on_library_line);
  rd_kafka_conf_set_rebalance_cb(conf.get(), on_library_rebalance);
  rd_kafka_conf_set_error_cb(conf.get(), on_library_error);
  KafkaGroupTimes& times = new_group_times();
  rd_kafka_conf_interceptor_add_on_new(conf.get(), "group", watch_group, &times);
  std::array<char, 512> words{};
  rd_kafka_t* handle = rd_kafka_new(RD_KAFKA_CONSUMER, conf.get(), words.data(), words.size());
  if (handle == nullptr) return Error(ErrorCode::unavailable, std::string("kafka: ") + words.data());
  (void)conf.release();  // it is the handle's now
  return std::unique_ptr<KafkaConnection>(
      new KafkaConnection(handle, source, looks_by_itself.has_value() && *looks_by_itself, times));
}

bool KafkaConnection::is_answered(milliseconds patience, const std::function<bool()>& given_up) {
  constexpr int kAttemptMillis = 500;
  auto deadline = steady_clock::now() + patience;
  while (steady_clock::now() < deadline) {
    const rd_kafka_metadata_t* cluster = nullptr;
    auto failed = rd_kafka_metadata(handle_, 0, nullptr, &cluster, kAttemptMillis);
    if (cluster != nullptr) rd_kafka_metadata_destroy(cluster);
    if (!failed) return true;
    rd_kafka_poll(handle_, 0);
    if (given_up()) return false;
  }
  return false;
}

Result<void> KafkaConnection::subscribe(const std::vector<std::string>& topics) {
  rd_kafka_poll_set_consumer(handle_);
  queue_ = rd_kafka_queue_get_consumer(handle_);
  std::unique_ptr<rd_kafka_topic_partition_list_t, decltype(&rd_kafka_topic_partition_list_destroy)> list(
      rd_kafka_topic_partition_list_new(static_cast<int>(topics.size())), &rd_kafka_topic_partition_list_destroy);
  for (const std::string& topic : topics) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), RD_KAFKA_PARTITION_UA);
  }
  auto failed = rd_kafka_subscribe(handle_, list.get());
  if (failed) return Error(ErrorCode::unavailable, std::string("kafka: subscribing: ") + rd_kafka_err2str(failed));
  return {};
}

rd_kafka_message_s* KafkaConnection::poll(milliseconds patience) {
  note_membership();
  return rd_kafka_consumer_poll(handle_, millis(patience));
}

void KafkaConnection::look_for_more() {
  // With librdkafka 2.0 nothing else wakes the threads that fetch. The credentials are the ones that they have.
  if (looks_by_itself_) return;
  if (rd_kafka_error_t* failed = rd_kafka_sasl_set_credentials(handle_, username_.c_str(), password_.c_str())) {
    rd_kafka_error_destroy(failed);
  }
}

/// Whether the group may have answered that we are in it, see the destructor.
void KafkaConnection::note_membership() {
  if (joined_ || assigned_) return;
  char* member = rd_kafka_memberid(handle_);
  joined_ = member != nullptr && *member != '\0';
  if (member != nullptr) rd_kafka_mem_free(handle_, member);
}

void KafkaConnection::leave_group(milliseconds patience) {
  if (queue_ == nullptr) return;
  note_membership();
  if (rd_kafka_error_t* failed = rd_kafka_consumer_close_queue(handle_, queue_)) {
    rd_kafka_error_destroy(failed);
    return;
  }
  auto deadline = steady_clock::now() + patience;
  while (!rd_kafka_consumer_closed(handle_) && steady_clock::now() < deadline) {
    rd_kafka_message_t* message = rd_kafka_consume_queue(queue_, 20);
    if (message != nullptr) rd_kafka_message_destroy(message);
  }
}

KafkaConnection::~KafkaConnection() {
  int flags = RD_KAFKA_DESTROY_F_NO_CONSUMER_CLOSE;
  if (queue_ != nullptr) {
    rd_kafka_queue_destroy(queue_);
    // librdkafka before 2.3 ends the process when a consumer is freed between joining its group and its first
    // assignment (its issue 4381). Such a one is not freed: some ten kilobytes, its threads end.
    if (joined_ && !assigned_) flags |= kDestroyWithoutWaiting;
  }
  destroy_within(handle_, flags, kEndPatience);
}

}  // namespace tributary
