// Redis Streams: a consumer group, acknowledged entry by entry.
#include <fmt/format.h>
#include <hiredis/hiredis.h>

#include <algorithm>
#include <charconv>
#include <deque>

#include "connectors/stream/consumer.h"
#include "connectors/stream/redis_connection.h"
#include "connectors/stream/redis_options.h"
#include "engine/base/json_out.h"
#include "engine/base/utf8.h"

namespace tributary {

namespace {

using std::chrono::milliseconds;
using RedisSteady = std::chrono::steady_clock;

constexpr milliseconds kRedisConnectTimeout{8'000};  // of all servers together
constexpr milliseconds kRedisConnectTimeoutOne{3'000};
constexpr milliseconds kRedisAnswerMargin{5'000};  // a server that blocks for us answers at most so late
constexpr milliseconds kRedisLagDeadline{1'000};
constexpr int64_t kRedisCountFirst = 10;  // entries asked for while their size is unknown
constexpr int64_t kRedisCountMost = 500;  // entries may be larger than any before
constexpr int64_t kRedisCountGrowth = 4;  // at most, from answer to answer
constexpr std::string_view kRedisUsualFields[] = {"value", "payload", "event", "json"};
// An entry id begins with milliseconds when the server made it; a producer's own ids may be anything.
constexpr int64_t kRedisMillisLeast = 1'000'000'000'000;  // 2001
constexpr int64_t kRedisMillisMost = 4'102'444'800'000;   // 2100

std::string_view text_of(const redisReply* reply) {
  if (reply == nullptr || reply->str == nullptr) return {};
  return {reply->str, reply->len};
}

bool is_array(const redisReply* reply, size_t least = 0) {
  return reply != nullptr && reply->type == REDIS_REPLY_ARRAY && reply->elements >= least;
}

/// The value behind a name in a list of names and values; null when it is not there.
const redisReply* redis_member(const redisReply* list, std::string_view name) {
  if (!is_array(list)) return nullptr;
  for (size_t i = 0; i + 1 < list->elements; i += 2) {
    if (text_of(list->element[i]) == name) return list->element[i + 1];
  }
  return nullptr;
}

/// One entry of a stream, inside the answer that brought it.
struct RedisEntry {
  RedisReply answer;
  size_t stream = 0;
  std::string_view id;
  const redisReply* fields = nullptr;

  size_t bytes() const {
    size_t sum = 0;
    for (size_t i = 0; i < fields->elements; ++i) sum += fields->element[i]->len;
    return sum;
  }
};

// What one batch gave, while it is not acknowledged.
struct RedisHeld {
  std::vector<RedisEntry> entries;
  std::deque<std::string> documents;  // made of the fields of entries that have no value
  RedisSteady::time_point touched = RedisSteady::now();
};

struct RedisBatch : StreamBatch {
  explicit RedisBatch(std::shared_ptr<RedisHeld> given) : held(std::move(given)) {}
  const std::shared_ptr<RedisHeld> held;
};

struct RedisStream {
  std::string key;
  bool own_pending = true;    // what we had when we ended before was not all read yet
  std::string after = "0";    // of those, the last that was read
  std::string claim = "0-0";  // where the search for what others left goes on
};

std::optional<Timestamp> time_of_entry(std::string_view id) {
  int64_t millis = 0;
  auto [end, error] = std::from_chars(id.data(), id.data() + id.size(), millis);
  if (error != std::errc() || millis < kRedisMillisLeast || millis > kRedisMillisMost) return std::nullopt;
  return Timestamp{millis * 1000};
}

/// The place of the field that holds the event among the fields; npos when none does.
size_t value_field(const redisReply& fields, std::string_view configured) {
  auto find = [&](std::string_view name) {
    for (size_t i = 0; i + 1 < fields.elements; i += 2) {
      if (text_of(fields.element[i]) == name) return i;
    }
    return std::string::npos;
  };
  if (!configured.empty()) return find(configured);
  for (std::string_view usual : kRedisUsualFields) {
    if (size_t at = find(usual); at != std::string::npos) return at;
  }
  return std::string::npos;
}

/// All fields as one JSON object of strings.
std::string document_of(const redisReply& fields) {
  std::string text;
  JsonOut json(text);
  json.begin_object();
  for (size_t i = 0; i + 1 < fields.elements; i += 2) {
    json.key(valid_utf8(text_of(fields.element[i]))).string(valid_utf8(text_of(fields.element[i + 1])));
  }
  json.end_object();
  return text;
}

StreamMessage read_redis_entry(const RedisEntry& entry, std::string_view key, std::string_view field, RedisHeld& held) {
  StreamMessage message;
  message.topic = key;
  message.place = fmt::format("{}/{}", key, entry.id);
  message.sent_at = time_of_entry(entry.id);
  const redisReply& fields = *entry.fields;
  const size_t value = value_field(fields, field);
  if (value == std::string::npos) {
    message.value = held.documents.emplace_back(document_of(fields));
    return message;
  }
  message.value = text_of(fields.element[value + 1]);
  for (size_t i = 0; i + 1 < fields.elements; i += 2) {
    if (i != value) message.headers.emplace_back(text_of(fields.element[i]), text_of(fields.element[i + 1]));
  }
  return message;
}

// Three kinds of entries, in this order: those that we read before we ended and did not acknowledge, now and then those
// that others left, and new ones. All are pending for us until we acknowledge them.
class RedisConsumer : public StreamConsumer {
 public:
  explicit RedisConsumer(const StreamSource& source) : source_(source), options_(read_redis_options(source)) {
    for (const std::string& key : source_.topics) {
      streams_.emplace_back();
      streams_.back().key = key;
    }
  }

  // The first server that lets us write: of a pair, the one that is the master now.
  Result<void> open() override {
    std::string why;
    for (const std::string& server : source_.servers) {
      auto opened = open_at(server);
      if (opened) return {};
      why += fmt::format("{}connecting to {}: {}", why.empty() ? "" : "; ", server, opened.error().message);
    }
    return Error{ErrorCode::unavailable, why};
  }

  Result<std::unique_ptr<StreamBatch>> next_batch(milliseconds patience) override {
    const auto deadline = RedisSteady::now() + patience;
    do {
      TRIBUTARY_TRY(keep_held());
      if (read_.empty() && has_own_pending()) TRIBUTARY_TRY(read_own());
      if (read_.empty() && !has_own_pending()) TRIBUTARY_TRY(claim_what_others_left());
      if (read_.empty() && !has_own_pending()) {
        TRIBUTARY_TRY(read_new(std::chrono::duration_cast<milliseconds>(deadline - RedisSteady::now())));
      }
      if (!read_.empty()) return make_batch();
    } while (RedisSteady::now() < deadline);
    return std::unique_ptr<StreamBatch>();
  }

  Result<void> acknowledge(StreamBatch& batch) override {
    auto& ours = static_cast<RedisBatch&>(batch);
    TRIBUTARY_TRY(acknowledge_entries(ours.held->entries));
    std::erase_if(held_, [&](const std::weak_ptr<RedisHeld>& held) { return held.lock() == ours.held; });
    return {};
  }

  Result<void> idle(milliseconds patience) override {
    const auto deadline = RedisSteady::now() + patience;
    for (;;) {
      TRIBUTARY_TRY(keep_held());
      auto left = std::chrono::duration_cast<milliseconds>(deadline - RedisSteady::now());
      if (left <= milliseconds::zero()) return {};
      TRIBUTARY_TRY(connection_->wait(std::min(left, options_.claim_idle / 4)));
    }
  }

  std::vector<StreamLag> lag() override {
    std::vector<StreamLag> lags;
    for (const RedisStream& stream : streams_) {
      auto groups = connection_->ask({"XINFO", "GROUPS", stream.key}, kRedisLagDeadline);
      if (!groups) break;
      if (!is_array(groups->get())) continue;
      for (size_t i = 0; i < (*groups)->elements; ++i) {
        const redisReply* group = (*groups)->element[i];
        if (text_of(redis_member(group, "name")) == source_.group) add_lag(stream, group, lags);
      }
    }
    return lags;
  }

 private:
  Result<void> open_at(const std::string& server) {
    auto address = parse_server_address(server);
    if (!address) return address.error();
    const milliseconds each = kRedisConnectTimeout / static_cast<int>(source_.servers.size());
    auto connection = RedisConnection::connect(*address, std::min(each, kRedisConnectTimeoutOne));
    if (!connection) return connection.error();
    connection_ = std::move(*connection);
    TRIBUTARY_TRY(sign_in());
    return create_groups();
  }

  Result<void> sign_in() {
    if (!source_.password.empty()) {
      std::vector<std::string_view> command{"AUTH", source_.password};
      if (!source_.username.empty()) command.insert(command.begin() + 1, source_.username);
      auto reply = connection_->sign_in(command);
      if (!reply) return reply.error();
    }
    if (options_.db != 0) {
      auto reply = connection_->command("selecting the database", {"SELECT", std::to_string(options_.db)});
      if (!reply) return reply.error();
    }
    return {};
  }

  // From the first entry on, since what was written before the group is ours as well.
  Result<void> create_groups() {
    for (RedisStream& stream : streams_) {
      const std::string doing = fmt::format("creating the group {} of the stream {}", source_.group, stream.key);
      auto reply = connection_->command(doing, {"XGROUP", "CREATE", stream.key, source_.group, "0", "MKSTREAM"});
      if (!reply && reply.error().message.find("BUSYGROUP") == std::string::npos) return reply.error();
    }
    return {};
  }

  bool has_own_pending() const {
    return std::any_of(streams_.begin(), streams_.end(), [](const RedisStream& stream) { return stream.own_pending; });
  }

  Result<void> read_own() {
    const std::string count = std::to_string(count_);
    std::vector<std::string_view> command{"XREADGROUP", "GROUP", source_.group, options_.consumer,
                                          "COUNT",      count,   "STREAMS"};
    for (const RedisStream& stream : streams_) {
      if (stream.own_pending) command.push_back(stream.key);
    }
    for (const RedisStream& stream : streams_) {
      if (stream.own_pending) command.push_back(stream.after);
    }
    auto answer = read_streams(command, kRedisAnswerMargin);
    if (!answer) return answer.error();
    for (RedisStream& stream : streams_) {
      if (!stream.own_pending) continue;
      const redisReply* entries = entries_of(answer->get(), stream.key);
      stream.own_pending = is_array(entries, 1);
      if (!stream.own_pending) continue;
      const redisReply* last = entries->element[entries->elements - 1];
      if (is_array(last, 1)) stream.after = text_of(last->element[0]);
    }
    return {};
  }

  Result<void> read_new(milliseconds patience) {
    const std::string count = std::to_string(count_);
    const std::string block = std::to_string(patience.count());
    std::vector<std::string_view> command{"XREADGROUP", "GROUP", source_.group, options_.consumer, "COUNT", count};
    if (patience > milliseconds::zero()) {  // 0 would be for ever
      command.push_back("BLOCK");
      command.push_back(block);
    }
    command.push_back("STREAMS");
    for (const RedisStream& stream : streams_) command.push_back(stream.key);
    command.insert(command.end(), streams_.size(), ">");
    auto answer = read_streams(command, std::max(patience, milliseconds::zero()) + kRedisAnswerMargin);
    if (!answer) return answer.error();
    return {};
  }

  // Null when there was nothing, or no group any more: then there is one again.
  Result<RedisReply> read_streams(const std::vector<std::string_view>& command, milliseconds deadline) {
    auto answer = connection_->ask(command, deadline);
    if (!answer) return Error{ErrorCode::unavailable, "reading: " + answer.error().message};
    std::string_view failure = redis_failure(**answer);
    if (failure.starts_with("NOGROUP") || failure.starts_with("UNBLOCKED")) {
      TRIBUTARY_TRY(create_groups());
      return RedisReply();
    }
    if (!failure.empty()) return Error{ErrorCode::unavailable, fmt::format("reading: {}", failure)};
    for (size_t i = 0; is_array(answer->get()) && i < (*answer)->elements; ++i) {
      const redisReply* pair = (*answer)->element[i];
      if (!is_array(pair, 2)) return unexpected();
      TRIBUTARY_TRY(take_entries(*answer, text_of(pair->element[0]), pair->element[1]));
    }
    return answer;
  }

  static const redisReply* entries_of(const redisReply* answer, std::string_view key) {
    for (size_t i = 0; is_array(answer) && i < answer->elements; ++i) {
      const redisReply* pair = answer->element[i];
      if (is_array(pair, 2) && text_of(pair->element[0]) == key) return pair->element[1];
    }
    return nullptr;
  }

  Result<void> claim_what_others_left() {
    if (RedisSteady::now() < claim_at_) return {};
    const std::string idle = std::to_string(options_.claim_idle.count());
    const std::string count = std::to_string(count_);
    bool more = false;
    for (RedisStream& stream : streams_) {
      auto answer = connection_->ask(
          {"XAUTOCLAIM", stream.key, source_.group, options_.consumer, idle, stream.claim, "COUNT", count},
          kRedisAnswerMargin);
      if (!answer) return Error{ErrorCode::unavailable, "claiming: " + answer.error().message};
      std::string_view failure = redis_failure(**answer);
      if (failure.starts_with("NOGROUP")) continue;  // the next reading makes it again
      if (!failure.empty()) return Error{ErrorCode::unavailable, fmt::format("claiming: {}", failure)};
      if (!is_array(answer->get(), 2)) return unexpected();
      stream.claim = text_of((*answer)->element[0]);
      more = more || stream.claim != "0-0";
      TRIBUTARY_TRY(take_entries(*answer, stream.key, (*answer)->element[1]));
    }
    if (!more) claim_at_ = RedisSteady::now() + options_.claim_idle / 2;
    return {};
  }

  // An entry that was deleted while it was pending has nothing left but its id.
  Result<void> take_entries(const RedisReply& answer, std::string_view key, const redisReply* entries) {
    if (!is_array(entries)) return {};
    auto found = std::find_if(streams_.begin(), streams_.end(), [&](const RedisStream& s) { return s.key == key; });
    if (found == streams_.end()) return unexpected();
    const auto stream = static_cast<size_t>(found - streams_.begin());
    std::vector<RedisEntry> deleted;
    size_t largest = 0;
    for (size_t i = 0; i < entries->elements; ++i) {
      const redisReply* entry = entries->element[i];
      if (entry->type == REDIS_REPLY_NIL) continue;
      if (!is_array(entry, 2)) return unexpected();
      RedisEntry read{answer, stream, text_of(entry->element[0]), entry->element[1]};
      if (!is_array(read.fields)) {
        deleted.push_back(std::move(read));
        continue;
      }
      largest = std::max(largest, read.bytes());
      read_.push_back(std::move(read));
    }
    read_at_ = RedisSteady::now();
    if (entries->elements > 0) learn_size(largest);
    return acknowledge_entries(deleted);
  }

  // An answer is in memory as a whole, so its size is kept near that of a batch by how many entries are asked for.
  void learn_size(size_t largest) {
    const auto streams = static_cast<int64_t>(streams_.size());
    const int64_t fits = static_cast<int64_t>(kStreamBatchBytesMax / std::max<size_t>(1, largest)) / streams;
    const int64_t most = std::max<int64_t>(1, kRedisCountMost / streams);
    count_ = std::max<int64_t>(1, std::min({fits, most, count_ * kRedisCountGrowth}));
  }

  std::unique_ptr<StreamBatch> make_batch() {
    auto held = std::make_shared<RedisHeld>();
    auto batch = std::make_unique<RedisBatch>(held);
    size_t bytes = 0;
    held->entries.reserve(std::min(read_.size(), kStreamBatchMessagesMax));
    while (!read_.empty() && batch->messages.size() < kStreamBatchMessagesMax && bytes < kStreamBatchBytesMax) {
      const RedisEntry& entry = held->entries.emplace_back(std::move(read_.front()));
      read_.pop_front();
      batch->messages.push_back(read_redis_entry(entry, streams_[entry.stream].key, options_.field, *held));
      bytes += entry.bytes();
    }
    held->touched = read_at_;
    held_.push_back(held);
    return batch;
  }

  // One command per stream.
  Result<void> acknowledge_entries(const std::vector<RedisEntry>& entries) {
    for (size_t stream = 0; stream < streams_.size(); ++stream) {
      std::vector<std::string_view> command{"XACK", streams_[stream].key, source_.group};
      const size_t bare = command.size();
      for (const RedisEntry& entry : entries) {
        if (entry.stream == stream) command.push_back(entry.id);
      }
      if (command.size() == bare) continue;
      auto reply = connection_->command("acknowledging", command);
      if (!reply) return reply.error();
    }
    return {};
  }

  // Shows the group that entries which wait long with us are not left, before another member claims them.
  Result<void> keep_held() {
    const auto now = RedisSteady::now();
    const auto old = options_.claim_idle / 3;
    if (!read_.empty() && now - read_at_ >= old) {
      TRIBUTARY_TRY(touch({read_.begin(), read_.end()}));
      read_at_ = now;
    }
    std::erase_if(held_, [](const std::weak_ptr<RedisHeld>& held) { return held.expired(); });
    for (const std::weak_ptr<RedisHeld>& weak : held_) {
      std::shared_ptr<RedisHeld> held = weak.lock();
      if (!held || now - held->touched < old) continue;
      TRIBUTARY_TRY(touch(held->entries));
      held->touched = now;
    }
    return {};
  }

  // A claim of one's own entries sets back how long they are idle; JUSTID sends nothing back and counts no delivery.
  Result<void> touch(const std::vector<RedisEntry>& entries) {
    for (size_t stream = 0; stream < streams_.size(); ++stream) {
      std::vector<std::string_view> command{"XCLAIM", streams_[stream].key, source_.group, options_.consumer, "0"};
      const size_t bare = command.size();
      for (const RedisEntry& entry : entries) {
        if (entry.stream == stream) command.push_back(entry.id);
      }
      if (command.size() == bare) continue;
      command.push_back("JUSTID");
      auto reply = connection_->ask(command, kRedisAnswerMargin);
      if (!reply) return Error{ErrorCode::unavailable, "keeping entries: " + reply.error().message};
      std::string_view failure = redis_failure(**reply);
      if (failure.empty() || failure.starts_with("NOGROUP")) continue;
      return Error{ErrorCode::unavailable, fmt::format("keeping entries: {}", failure)};
    }
    return {};
  }

  // What was never read, and what is pending. Before Redis 7, and where entries were deleted, the server does not count
  // the former: then it is nothing, or at most what the stream has.
  void add_lag(const RedisStream& stream, const redisReply* group, std::vector<StreamLag>& lags) {
    const redisReply* pending = redis_member(group, "pending");
    const redisReply* behind = redis_member(group, "lag");
    int64_t messages = pending == nullptr ? 0 : pending->integer;
    if (behind != nullptr && behind->type == REDIS_REPLY_INTEGER) {
      messages += behind->integer;
    } else {
      auto info = connection_->ask({"XINFO", "STREAM", stream.key}, kRedisLagDeadline);
      if (!info || !is_array(info->get())) return;
      const redisReply* length = redis_member(info->get(), "length");
      const bool all_read =
          text_of(redis_member(info->get(), "last-generated-id")) == text_of(redis_member(group, "last-delivered-id"));
      if (!all_read && length != nullptr) messages = std::max<int64_t>(messages, length->integer);
    }
    lags.push_back({stream.key, messages});
  }

  static Error unexpected() { return {ErrorCode::unavailable, "the server's answer is not one of Redis Streams"}; }

  const StreamSource source_;
  const RedisOptions options_;
  std::unique_ptr<RedisConnection> connection_;  // set by open()
  std::vector<RedisStream> streams_;
  std::deque<RedisEntry> read_;  // not given yet
  RedisSteady::time_point read_at_{};
  std::deque<std::weak_ptr<RedisHeld>> held_;  // given and not acknowledged, or dropped by who had them
  RedisSteady::time_point claim_at_{};
  int64_t count_ = kRedisCountFirst;
};

}  // namespace

std::unique_ptr<StreamConsumer> make_redis_consumer(const StreamSource& source, const ConsumerHost&) {
  return std::make_unique<RedisConsumer>(source);
}

}  // namespace tributary
