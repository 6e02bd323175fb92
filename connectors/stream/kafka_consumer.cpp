// Kafka: a member of a consumer group whose offsets follow what is durable here.
//
// Everything happens on the feed's thread. The library tells of rebalances while it is polled; they are written down
// and answered at the beginning of the next call, when every message that was taken from it has been given to the feed:
// until then the partitions are still ours. Only the end of the connection is answered at once.
//
// A partition that comes begins at the newer of the group's offset and what was stored with the events. One that goes
// is let go when all its events are durable and its offset is committed, unless the group has given it away already.
#include <librdkafka/rdkafka.h>

#include <algorithm>
#include <deque>
#include <map>
#include <thread>

#include "connectors/stream/consumer.h"
#include "connectors/stream/kafka_batch_maker.h"
#include "connectors/stream/kafka_connection.h"
#include "connectors/stream/kafka_offsets.h"
#include "engine/base/log_line.h"

namespace tributary {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

constexpr milliseconds kOpenPatience{10'000};
constexpr milliseconds kCommitEvery{300};
/// Of a partition that is taken away: well below the shortest max.poll.interval.ms that makes sense.
constexpr milliseconds kSettlePatience{15'000};
constexpr milliseconds kCommitPatience{5'000};
/// At the end, of a broker that answers: also for a group that is just joined again.
constexpr milliseconds kLastCommitPatience{2'000};
constexpr milliseconds kEndingCommitPatience{500};
constexpr milliseconds kCommitAgainAfter{50};
constexpr milliseconds kLeavePatience{1'500}, kLeaveUnanswered{200};
/// The library joins again once partitions were let go.
constexpr milliseconds kRejoinsWithin{500};
constexpr int kCommittedMillis = 5'000;
constexpr int kWatermarkMillis = 2'000;
/// What was fetched ahead is thrown away by a pause, so short waits are only waited for.
constexpr milliseconds kPauseAfter{1'000};
constexpr milliseconds kLookForMoreEvery{10};
/// Of lag().
constexpr milliseconds kAskPatience{800};

using PartitionList =
    std::unique_ptr<rd_kafka_topic_partition_list_t, decltype(&rd_kafka_topic_partition_list_destroy)>;

PartitionList adopt_list(rd_kafka_topic_partition_list_t* list) {
  return {list, &rd_kafka_topic_partition_list_destroy};
}

PartitionList list_of(const std::vector<KafkaPartition>& partitions) {
  PartitionList list = adopt_list(rd_kafka_topic_partition_list_new(static_cast<int>(partitions.size())));
  for (const auto& [topic, number] : partitions) {
    rd_kafka_topic_partition_list_add(list.get(), topic.c_str(), number);
  }
  return list;
}

std::optional<int64_t> real_offset(int64_t offset) {
  return offset >= 0 ? std::optional<int64_t>(offset) : std::nullopt;
}

Error kafka_error(const std::string& words) { return {ErrorCode::unavailable, "kafka: " + words}; }

/// What no patience mends: the group or the cluster refuses us.
bool ends_a_consumer(rd_kafka_resp_err_t code) {
  switch (code) {
    case RD_KAFKA_RESP_ERR__FATAL:
    case RD_KAFKA_RESP_ERR__AUTO_OFFSET_RESET:
    case RD_KAFKA_RESP_ERR__UNKNOWN_PROTOCOL:
    case RD_KAFKA_RESP_ERR_GROUP_AUTHORIZATION_FAILED:
    case RD_KAFKA_RESP_ERR_INCONSISTENT_GROUP_PROTOCOL:
    case RD_KAFKA_RESP_ERR_INVALID_GROUP_ID:
    case RD_KAFKA_RESP_ERR_INVALID_SESSION_TIMEOUT:
    case RD_KAFKA_RESP_ERR_GROUP_MAX_SIZE_REACHED:
    case RD_KAFKA_RESP_ERR_FENCED_INSTANCE_ID:
    case RD_KAFKA_RESP_ERR_SECURITY_DISABLED:
    case RD_KAFKA_RESP_ERR_UNSUPPORTED_VERSION:
      return true;
    default:
      return false;
  }
}

class KafkaConsumer final : public StreamConsumer, private KafkaListener {
 public:
  KafkaConsumer(const StreamSource& source, ConsumerHost host) : source_(source), host_(std::move(host)) {}
  ~KafkaConsumer() override;

  Result<void> open() override;
  Result<std::unique_ptr<StreamBatch>> next_batch(milliseconds patience) override;
  Result<void> acknowledge(StreamBatch& batch) override;
  Result<void> idle(milliseconds patience) override;
  std::vector<StreamLag> lag() override;
  std::string trouble() const override;

 private:
  struct Rebalance {
    bool assigned;
    PartitionList partitions;
  };

  void on_rebalance(bool assigned, const rd_kafka_topic_partition_list_t* partitions) override;
  void on_error(const std::string& words, bool everybody) override;
  static void on_committed(rd_kafka_t*, rd_kafka_resp_err_t failed, rd_kafka_topic_partition_list_t* offsets,
                           void* self);

  rd_kafka_t* handle() const { return connection_->handle(); }
  Result<void> take(KafkaBatchMaker& maker, milliseconds patience);
  Result<void> add(KafkaBatchMaker& maker, rd_kafka_message_t* message);
  Result<void> hear(const rd_kafka_message_t& error);
  Result<void> answer_rebalances();
  Result<void> assign(rd_kafka_topic_partition_list_t* partitions);
  bool read_committed_offsets(rd_kafka_topic_partition_list_t* partitions);
  std::optional<int64_t> begin_at(const rd_kafka_topic_partition_t& partition, std::optional<int64_t> stored);
  Result<void> revoke(const rd_kafka_topic_partition_list_t* partitions);
  Result<void> let_go(const rd_kafka_topic_partition_list_t* partitions);
  void end_rebalance(bool assigned, const rd_kafka_topic_partition_list_t* partitions);
  void forget(const rd_kafka_topic_partition_list_t* partitions);
  void set_paused(bool paused);
  void commit();
  void commit_when_due();
  void commit_and_wait(milliseconds patience);
  bool commit_last();
  std::optional<int64_t> end_of(const KafkaPartition& partition, steady_clock::time_point deadline) const;

  const StreamSource source_;
  ConsumerHost host_;
  KafkaOffsets offsets_;
  std::deque<Rebalance> rebalances_;             // to be answered
  std::deque<rd_kafka_message_t*> early_;        // came while nothing was wanted
  std::map<std::string, std::string> troubles_;  // by topic; of brokers under ""
  std::string last_error_;
  bool everybody_is_away_ = false;
  bool ending_ = false;
  bool paused_ = false;
  std::optional<steady_clock::time_point> idle_since_;
  steady_clock::time_point last_commit_{}, last_look_{}, let_go_at_{};
  rd_kafka_queue_t* commits_ = nullptr;  // answers to commits
  std::unique_ptr<KafkaConnection> connection_;
};

// ------------------------------------------------------------------------------------------------- beginning and end

Result<void> KafkaConsumer::open() {
  auto made = KafkaConnection::make(source_, *this);
  if (!made) return made.error();
  connection_ = std::move(*made);
  if (!connection_->is_answered(kOpenPatience, [this] { return everybody_is_away_ || host_.stopping(); })) {
    return kafka_error(last_error_.empty() ? "no broker answers" : last_error_);
  }
  troubles_.clear();
  commits_ = rd_kafka_queue_new(handle());
  return connection_->subscribe(source_.topics);
}

KafkaConsumer::~KafkaConsumer() {
  for (rd_kafka_message_t* message : early_) rd_kafka_message_destroy(message);
  if (!connection_) return;
  ending_ = true;
  // A rebalance that waits for our word would hold up the end; what is assigned is taken away again at once.
  for (const Rebalance& rebalance : rebalances_) end_rebalance(rebalance.assigned, rebalance.partitions.get());
  bool answered = commits_ == nullptr || commit_last();
  connection_->leave_group(answered ? kLeavePatience : kLeaveUnanswered);
  if (commits_ != nullptr) rd_kafka_queue_destroy(commits_);
}

/// What is not committed now another member may read again. A group that is just joined again is waited for. False when
/// the broker does not answer.
bool KafkaConsumer::commit_last() {
  auto deadline = steady_clock::now() + kLastCommitPatience;
  while (connection_->is_joining() && offsets_.has_uncommitted() && steady_clock::now() < deadline) {
    rd_kafka_message_t* message = connection_->poll(milliseconds(20));  // rebalances are answered in it
    if (message != nullptr) rd_kafka_message_destroy(message);
  }
  commit_and_wait(std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now()));
  return !offsets_.has_unanswered();
}

// ----------------------------------------------------------------------------------------------------------- messages

Result<std::unique_ptr<StreamBatch>> KafkaConsumer::next_batch(milliseconds patience) {
  idle_since_.reset();
  set_paused(false);
  TRIBUTARY_TRY(answer_rebalances());
  commit_when_due();
  KafkaBatchMaker maker(offsets_);
  TRIBUTARY_TRY(take(maker, patience));
  if (maker.is_empty()) return std::unique_ptr<StreamBatch>();
  auto now = steady_clock::now();
  if (now - last_look_ >= kLookForMoreEvery) {
    last_look_ = now;
    connection_->look_for_more();
  }
  troubles_.erase("");
  return maker.make();
}

/// Waits for the first message only, and stops at a rebalance: what comes behind it is for later.
Result<void> KafkaConsumer::take(KafkaBatchMaker& maker, milliseconds patience) {
  while (!early_.empty() && !maker.is_full()) {
    rd_kafka_message_t* message = early_.front();
    early_.pop_front();
    TRIBUTARY_TRY(add(maker, message));
  }
  auto deadline = steady_clock::now() + patience;
  while (!maker.is_full() && rebalances_.empty()) {
    auto rest = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
    bool waits = maker.is_empty() && rest.count() > 0;
    rd_kafka_message_t* message = connection_->poll(waits ? rest : milliseconds(0));
    if (message != nullptr) {
      TRIBUTARY_TRY(add(maker, message));
    } else if (!waits) {
      break;
    }
  }
  return {};
}

/// A message goes to the batch, an error is heard.
Result<void> KafkaConsumer::add(KafkaBatchMaker& maker, rd_kafka_message_t* message) {
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    if (!troubles_.empty()) troubles_.erase(rd_kafka_topic_name(message->rkt));
    maker.add(message);
    return {};
  }
  auto heard = hear(*message);
  rd_kafka_message_destroy(message);
  return heard;
}

Result<void> KafkaConsumer::hear(const rd_kafka_message_t& error) {
  if (error.err == RD_KAFKA_RESP_ERR__PARTITION_EOF) return {};
  const char* words = rd_kafka_message_errstr(&error);
  std::string topic = error.rkt != nullptr ? rd_kafka_topic_name(error.rkt) : "";
  std::string text = words != nullptr ? words : rd_kafka_err2str(error.err);
  if (ends_a_consumer(error.err)) return kafka_error(text);
  troubles_[topic] = text;
  return {};
}

Result<void> KafkaConsumer::idle(milliseconds patience) {
  auto now = steady_clock::now();
  if (!idle_since_) idle_since_ = now;
  // The feed may hold a batch that the engine refuses, and settle() does not know it: patience comes first.
  if (now - *idle_since_ >= kSettlePatience) TRIBUTARY_TRY(answer_rebalances());
  commit_when_due();
  if (now - *idle_since_ < kPauseAfter) {
    std::this_thread::sleep_for(patience);
    return {};
  }
  set_paused(true);
  rd_kafka_message_t* message = connection_->poll(patience);
  if (message == nullptr) return {};
  if (message->err == RD_KAFKA_RESP_ERR_NO_ERROR) {
    early_.push_back(message);  // on its way while we paused
    return {};
  }
  auto heard = hear(*message);
  rd_kafka_message_destroy(message);
  return heard;
}

void KafkaConsumer::set_paused(bool paused) {
  if (paused == paused_) return;
  paused_ = paused;
  PartitionList list = list_of(offsets_.partitions());
  if (paused) {
    rd_kafka_pause_partitions(handle(), list.get());
  } else {
    rd_kafka_resume_partitions(handle(), list.get());
  }
}

// --------------------------------------------------------------------------------------------------------- rebalances

void KafkaConsumer::on_rebalance(bool assigned, const rd_kafka_topic_partition_list_t* partitions) {
  if (assigned) connection_->was_assigned();
  PartitionList copy = adopt_list(rd_kafka_topic_partition_list_copy(partitions));
  if (ending_) {
    end_rebalance(assigned, copy.get());
    return;
  }
  rebalances_.push_back({assigned, std::move(copy)});
}

Result<void> KafkaConsumer::answer_rebalances() {
  while (!rebalances_.empty()) {
    Rebalance rebalance = std::move(rebalances_.front());
    rebalances_.pop_front();
    TRIBUTARY_TRY(rebalance.assigned ? assign(rebalance.partitions.get()) : revoke(rebalance.partitions.get()));
  }
  return {};
}

Result<void> KafkaConsumer::assign(rd_kafka_topic_partition_list_t* partitions) {
  auto stored = host_.stored_positions();
  if (!stored) return stored.error();
  std::map<std::string, int64_t> stored_next;
  for (const StreamPosition& position : *stored) stored_next[position.stream] = static_cast<int64_t>(position.next);
  bool known = partitions->cnt == 0 || read_committed_offsets(partitions);
  for (int i = 0; i < partitions->cnt; ++i) {
    rd_kafka_topic_partition_t& partition = partitions->elems[i];
    KafkaPartition name(partition.topic, partition.partition);
    auto found = stored_next.find(kafka_stream_name(name));
    auto committed = known ? real_offset(partition.offset) : std::nullopt;
    auto start = committed;
    if (known && found != stored_next.end()) start = begin_at(partition, found->second);
    partition.offset = start.value_or(RD_KAFKA_OFFSET_INVALID);
    offsets_.assign(name, start, committed);
    troubles_.erase(name.first);
  }
  if (rd_kafka_error_t* failed = rd_kafka_incremental_assign(handle(), partitions)) {
    Error error = kafka_error(std::string("taking partitions: ") + rd_kafka_error_string(failed));
    rd_kafka_error_destroy(failed);
    return error;
  }
  if (std::exchange(paused_, false)) set_paused(true);
  return {};
}

/// Puts the group's offsets into the list. Without them the library asks by itself, and what was stored is left out of
/// account: messages that come again for that are duplicates.
bool KafkaConsumer::read_committed_offsets(rd_kafka_topic_partition_list_t* partitions) {
  constexpr int kAttempts = 2;
  rd_kafka_resp_err_t failed = RD_KAFKA_RESP_ERR_NO_ERROR;
  for (int attempt = 0; attempt < kAttempts; ++attempt) {
    failed = rd_kafka_committed(handle(), partitions, kCommittedMillis);
    for (int i = 0; i < partitions->cnt && !failed; ++i) failed = partitions->elems[i].err;
    if (!failed) return true;
  }
  log_line(LogLevel::warn, "kafka: the group's offsets can't be read, starting where the broker says",
           {{"source", source_.source.id}, {"detail", std::string(rd_kafka_err2str(failed))}});
  return false;
}

std::optional<int64_t> KafkaConsumer::begin_at(const rd_kafka_topic_partition_t& partition,
                                               std::optional<int64_t> stored) {
  auto committed = real_offset(partition.offset);
  std::optional<std::pair<int64_t, int64_t>> bounds;
  if (stored > committed) {
    int64_t low = 0, high = 0;
    if (!rd_kafka_query_watermark_offsets(handle(), partition.topic, partition.partition, &low, &high,
                                          kWatermarkMillis)) {
      bounds.emplace(low, high);
    }
  }
  KafkaStart start = choose_kafka_start(committed, stored, bounds);
  if (start.recreated) {
    log_line(LogLevel::warn, "kafka: the stored position is outside the partition, was the topic made anew?",
             {{"source", source_.source.id},
              {"stream", kafka_stream_name({partition.topic, partition.partition})},
              {"stored", *stored},
              {"low", bounds->first},
              {"high", bounds->second}});
  }
  return start.offset;
}

Result<void> KafkaConsumer::revoke(const rd_kafka_topic_partition_list_t* partitions) {
  if (!rd_kafka_assignment_lost(handle())) {
    if (!host_.settle(host_.stopping() ? kCommitPatience : kSettlePatience)) {
      log_line(LogLevel::warn, "kafka: partitions are let go before their events are durable, they will come again",
               {{"source", source_.source.id}});
    }
    commit_and_wait(kCommitPatience);
  }
  return let_go(partitions);
}

Result<void> KafkaConsumer::let_go(const rd_kafka_topic_partition_list_t* partitions) {
  forget(partitions);
  let_go_at_ = steady_clock::now();
  std::string protocol = rd_kafka_rebalance_protocol(handle());
  rd_kafka_error_t* failed = nullptr;
  if (protocol == "COOPERATIVE") {
    failed = rd_kafka_incremental_unassign(handle(), partitions);
  } else if (auto code = rd_kafka_assign(handle(), nullptr)) {
    failed = rd_kafka_error_new(code, "%s", rd_kafka_err2str(code));
  }
  if (failed == nullptr) return {};
  Error error = kafka_error(std::string("giving partitions back: ") + rd_kafka_error_string(failed));
  rd_kafka_error_destroy(failed);
  return error;
}

void KafkaConsumer::end_rebalance(bool assigned, const rd_kafka_topic_partition_list_t* partitions) {
  if (!assigned) {
    if (!rd_kafka_assignment_lost(handle())) commit_and_wait(kEndingCommitPatience);
    (void)let_go(partitions);
  } else if (rd_kafka_error_t* failed = rd_kafka_incremental_assign(handle(), partitions)) {
    rd_kafka_error_destroy(failed);
  }
}

/// What came of these partitions and was not given to the feed is somebody else's now.
void KafkaConsumer::forget(const rd_kafka_topic_partition_list_t* partitions) {
  for (int i = 0; i < partitions->cnt; ++i) {
    offsets_.revoke({partitions->elems[i].topic, partitions->elems[i].partition});
  }
  std::erase_if(early_, [&](rd_kafka_message_t* message) {
    bool gone = !offsets_.holds({rd_kafka_topic_name(message->rkt), message->partition});
    if (gone) rd_kafka_message_destroy(message);
    return gone;
  });
}

// ------------------------------------------------------------------------------------------------------------ commits

Result<void> KafkaConsumer::acknowledge(StreamBatch& batch) {
  for (const KafkaBatch::Part& part : static_cast<KafkaBatch&>(batch).parts) {
    offsets_.acknowledge(part.partition, part.assignment, part.next);
  }
  commit_when_due();
  return {};
}

void KafkaConsumer::commit() {
  auto offsets = offsets_.take_uncommitted();
  last_commit_ = steady_clock::now();
  if (offsets.empty()) return;
  PartitionList list = adopt_list(rd_kafka_topic_partition_list_new(static_cast<int>(offsets.size())));
  for (const KafkaOffset& offset : offsets) {
    auto* added =
        rd_kafka_topic_partition_list_add(list.get(), offset.partition.first.c_str(), offset.partition.second);
    added->offset = offset.next;
  }
  auto failed = rd_kafka_commit_queue(handle(), list.get(), commits_, &KafkaConsumer::on_committed, this);
  if (failed) on_committed(handle(), failed, list.get(), this);
}

/// Not while the group is joined again, nor when that may begin any moment: up to librdkafka 2.0.2 a commit that meets
/// the next generation takes away everything that is assigned, as lost, and what was not committed others read again
/// (its issue 4059). The group asks for it by its answer to a heartbeat, and we by letting partitions go.
void KafkaConsumer::commit_when_due() {
  rd_kafka_queue_poll_callback(commits_, 0);
  auto now = steady_clock::now();
  bool quiet = connection_->is_joining() || connection_->may_join_soon() || now - let_go_at_ < kRejoinsWithin;
  if (!quiet && now - last_commit_ >= kCommitEvery) commit();
}

void KafkaConsumer::commit_and_wait(milliseconds patience) {
  auto deadline = steady_clock::now() + patience;
  for (bool again = false; offsets_.has_uncommitted() || offsets_.has_unanswered(); again = true) {
    if (steady_clock::now() >= deadline) return;
    if (offsets_.has_uncommitted()) {
      if (again) std::this_thread::sleep_for(kCommitAgainAfter);  // it was refused
      commit();
    }
    rd_kafka_queue_poll_callback(commits_, 50);
  }
}

/// Runs in rd_kafka_queue_poll_callback(), on the consumer's thread.
void KafkaConsumer::on_committed(rd_kafka_t*, rd_kafka_resp_err_t failed, rd_kafka_topic_partition_list_t* offsets,
                                 void* self) {
  auto& consumer = *static_cast<KafkaConsumer*>(self);
  for (int i = 0; offsets != nullptr && i < offsets->cnt; ++i) {
    const rd_kafka_topic_partition_t& offset = offsets->elems[i];
    bool succeeded = !failed && !offset.err;
    consumer.offsets_.committed({offset.topic, offset.partition}, offset.offset, succeeded);
    if (succeeded) {
      consumer.troubles_.erase("");
    } else {
      consumer.troubles_[""] = std::string("committing offsets: ") + rd_kafka_err2str(failed ? failed : offset.err);
    }
  }
}

// ------------------------------------------------------------------------------------------------------ what is told

void KafkaConsumer::on_error(const std::string& words, bool everybody) {
  everybody_is_away_ = everybody_is_away_ || everybody;
  // "1/1 brokers are down" says less than why.
  if (!everybody || last_error_.empty()) last_error_ = words;
  troubles_[""] = last_error_;
}

std::string KafkaConsumer::trouble() const {
  std::string text;
  for (const auto& [topic, words] : troubles_) {
    text += (text.empty() ? "" : "; ") + (topic.empty() ? words : topic + ": " + words);
  }
  return text;
}

std::vector<StreamLag> KafkaConsumer::lag() {
  if (!connection_ || commits_ == nullptr) return {};
  auto deadline = steady_clock::now() + kAskPatience;
  if (troubles_.contains("")) {
    const rd_kafka_metadata_t* cluster = nullptr;
    if (!rd_kafka_metadata(handle(), 0, nullptr, &cluster, 300)) troubles_.erase("");
    if (cluster != nullptr) rd_kafka_metadata_destroy(cluster);
  }
  std::vector<StreamLag> lags;
  PartitionList list = list_of(offsets_.partitions());
  if (rd_kafka_position(handle(), list.get())) return lags;
  for (int i = 0; i < list->cnt; ++i) {
    KafkaPartition partition(list->elems[i].topic, list->elems[i].partition);
    auto end = end_of(partition, deadline);
    auto next = real_offset(list->elems[i].offset);
    if (!next) next = offsets_.start_of(partition);
    if (end && next) lags.push_back({kafka_stream_name(partition), std::max<int64_t>(*end - *next, 0)});
  }
  return lags;
}

/// As the last answer of the broker said, and none comes while we pause; then the broker is asked.
std::optional<int64_t> KafkaConsumer::end_of(const KafkaPartition& partition, steady_clock::time_point deadline) const {
  int64_t low = 0, high = 0;
  auto rest = std::chrono::duration_cast<milliseconds>(deadline - steady_clock::now());
  if (paused_ && rest.count() > 0 &&
      !rd_kafka_query_watermark_offsets(handle(), partition.first.c_str(), partition.second, &low, &high,
                                        static_cast<int>(rest.count()))) {
    return high;
  }
  if (rd_kafka_get_watermark_offsets(handle(), partition.first.c_str(), partition.second, &low, &high)) return {};
  return real_offset(high);
}

}  // namespace

std::unique_ptr<StreamConsumer> make_kafka_consumer(const StreamSource& source, const ConsumerHost& host) {
  return std::make_unique<KafkaConsumer>(source, host);
}

}  // namespace tributary
