// NATS JetStream: durable pull consumers, acknowledged one by one.
#include <fmt/format.h>
#include <nats/nats.h>

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <deque>
#include <thread>

#include "connectors/stream/consumer.h"
#include "connectors/stream/nats_options.h"

namespace tributary {

namespace {

using std::chrono::milliseconds;
using NatsSteady = std::chrono::steady_clock;

constexpr milliseconds kNatsConnectTimeout{8'000};  // of all servers together
constexpr milliseconds kNatsRequestTimeout{3'000};
// A peer that answers neither of two pings is gone: noticed within 6 s.
constexpr milliseconds kNatsPingInterval{2'000};
constexpr int kNatsPingsOutMax = 2;
// The library asks the server to give up 10 ms before it does itself, so less is no wait at all.
constexpr milliseconds kNatsWaitLeast{20};
// How long one of several subjects may keep the others waiting, in silence and while messages come.
constexpr milliseconds kNatsTurn{100};
// A subject with full batches is left for the others after so many.
constexpr int kNatsFullBatchesInTurn = 8;

template <auto Destroy>
struct NatsDeleter {
  template <class T>
  void operator()(T* handle) const {
    Destroy(handle);
  }
};
template <class T, auto Destroy>
using NatsHandle = std::unique_ptr<T, NatsDeleter<Destroy>>;
using NatsMetaData = NatsHandle<jsMsgMetaData, jsMsgMetaData_Destroy>;
using NatsConsumerInfo = NatsHandle<jsConsumerInfo, jsConsumerInfo_Destroy>;

// With the library's words for the last failure of this thread; they hold no secret, since no URL has one.
Error nats_error(std::string_view doing, natsStatus status) {
  natsStatus last = NATS_OK;
  const char* detail = nats_GetLastError(&last);
  std::string text = fmt::format("{}: {}", doing, natsStatus_GetText(status));
  if (last == status && detail != nullptr && *detail != '\0' && text.find(detail) == std::string::npos) {
    text += fmt::format(": {}", detail);
  }
  return {ErrorCode::unavailable, std::move(text)};
}

// What one fetch gave, while it is not acknowledged.
struct NatsHeld {
  natsMsgList list{nullptr, 0};
  NatsSteady::time_point touched = NatsSteady::now();  // delivered, or said to be in progress

  NatsHeld() = default;
  ~NatsHeld() { natsMsgList_Destroy(&list); }
  NatsHeld(const NatsHeld&) = delete;
  NatsHeld& operator=(const NatsHeld&) = delete;
};

struct NatsBatch : StreamBatch {
  explicit NatsBatch(std::shared_ptr<NatsHeld> given) : held(std::move(given)) {}
  const std::shared_ptr<NatsHeld> held;
};

void add_nats_headers(natsMsg* message, StreamMessage& to) {
  const char** keys = nullptr;
  int key_count = 0;
  if (natsMsgHeader_Keys(message, &keys, &key_count) != NATS_OK) return;  // there are none
  for (int k = 0; k < key_count; ++k) {
    const char** values = nullptr;
    int value_count = 0;
    if (natsMsgHeader_Values(message, keys[k], &values, &value_count) != NATS_OK) continue;
    for (int v = 0; v < value_count; ++v) to.headers.emplace_back(keys[k], values[v]);
    std::free(static_cast<void*>(values));
  }
  std::free(static_cast<void*>(keys));
  // The library keeps them in a hash table; by name is at least the same order each time.
  std::stable_sort(to.headers.begin(), to.headers.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
}

Result<StreamMessage> read_nats_message(natsMsg* message) {
  jsMsgMetaData* raw = nullptr;
  natsStatus status = natsMsg_GetMetaData(&raw, message);
  if (status != NATS_OK) return nats_error("reading a message's sequence", status);
  NatsMetaData meta(raw);
  StreamMessage read;
  read.value = {natsMsg_GetData(message), static_cast<size_t>(natsMsg_GetDataLength(message))};
  read.topic = natsMsg_GetSubject(message);
  read.place = fmt::format("{}/{}", meta->Stream, meta->Sequence.Stream);
  if (meta->Timestamp > 0) {
    read.sent_at = Timestamp{meta->Timestamp / 1000};
    read.place += fmt::format("@{}", meta->Timestamp / 1'000'000);  // a stream that is made anew begins at 1 again
  }
  add_nats_headers(message, read);
  return read;
}

// Why a consumer of this name, which somebody made before, cannot be ours; empty when it can.
std::string why_not_ours(const jsConsumerConfig& found, std::string_view subject) {
  if (found.DeliverSubject != nullptr && *found.DeliverSubject != '\0') return "is a push consumer";
  if (found.AckPolicy != js_AckExplicit) return "does not have the acknowledgement policy explicit";
  std::string_view filter = found.FilterSubject == nullptr ? "" : found.FilterSubject;
  if (!filter.empty() && filter != subject) return fmt::format("filters the subject \"{}\"", filter);
  if (found.HeadersOnly) return "delivers headers only";
  return {};
}

/// One durable consumer at the server.
struct NatsPull {
  std::string subject, stream, durable;
  NatsHandle<natsSubscription, natsSubscription_Destroy> subscription;
  int batch_max = static_cast<int>(kStreamBatchMessagesMax);
  int64_t bytes_max = kStreamBatchBytesMax;
};

// Threads of the library stay inside it: every call here is synchronous and from the owner's thread.
class NatsConsumer : public StreamConsumer {
 public:
  explicit NatsConsumer(const StreamSource& source)
      : source_(source), options_(read_nats_options(source)), ack_wait_(options_.ack_wait) {}

  ~NatsConsumer() override {
    // Acknowledgements that are still in the library's buffer.
    if (connection_ && !natsConnection_IsClosed(connection_.get()))
      natsConnection_FlushTimeout(connection_.get(), 1'000);
  }

  Result<void> open() override {
    TRIBUTARY_TRY(connect());
    jsOptions js_options;
    jsOptions_Init(&js_options);
    js_options.Wait = kNatsRequestTimeout.count();
    if (!options_.domain.empty()) js_options.Domain = options_.domain.c_str();
    jsCtx* context = nullptr;
    natsStatus status = natsConnection_JetStream(&context, connection_.get(), &js_options);
    if (status != NATS_OK) return nats_error("using JetStream", status);
    jetstream_.reset(context);
    for (const std::string& subject : source_.topics) TRIBUTARY_TRY(subscribe(subject));
    return {};
  }

  Result<std::unique_ptr<StreamBatch>> next_batch(milliseconds patience) override {
    const auto deadline = NatsSteady::now() + patience;
    if (!gone_.empty()) return Error{ErrorCode::unavailable, fmt::format("the consumer {} was deleted", gone_)};
    do {
      TRIBUTARY_TRY(keep_held());
      for (size_t tries = 0; tries < pulls_.size(); ++tries) {
        NatsPull& pull = pulls_[turn_];
        auto batch = fetch(pull, turn_wait(deadline));
        if (!batch) return batch.error();
        note_turn(pull, batch->get());
        if (*batch) return std::move(*batch);
      }
    } while (NatsSteady::now() + kNatsWaitLeast <= deadline);
    return std::unique_ptr<StreamBatch>();
  }

  // The library writes behind our back, at once; an acknowledgement that is lost with the connection is a redelivery.
  Result<void> acknowledge(StreamBatch& batch) override {
    auto& ours = static_cast<NatsBatch&>(batch);
    for (int i = 0; i < ours.held->list.Count; ++i) {
      natsStatus status = natsMsg_Ack(ours.held->list.Msgs[i], nullptr);
      if (status != NATS_OK) return lost("acknowledging", status);
    }
    std::erase_if(held_, [&](const std::weak_ptr<NatsHeld>& held) { return held.lock() == ours.held; });
    return {};
  }

  Result<void> idle(milliseconds patience) override {
    const auto deadline = NatsSteady::now() + patience;
    for (;;) {
      TRIBUTARY_TRY(keep_held());
      if (natsConnection_IsClosed(connection_.get())) return lost("waiting", NATS_CONNECTION_CLOSED);
      auto left = deadline - NatsSteady::now();
      if (left <= NatsSteady::duration::zero()) return {};
      std::this_thread::sleep_for(std::min<NatsSteady::duration>(left, kNatsTurn));
    }
  }

  std::vector<StreamLag> lag() override {
    jsOptions options;
    jsOptions_Init(&options);
    options.Wait = std::max<int64_t>(50, 1'000 / static_cast<int64_t>(std::max<size_t>(1, pulls_.size())));
    if (!options_.domain.empty()) options.Domain = options_.domain.c_str();
    std::vector<StreamLag> lags;
    for (const NatsPull& pull : pulls_) {
      jsConsumerInfo* raw = nullptr;
      jsErrCode code{};
      natsStatus status =
          js_GetConsumerInfo(&raw, jetstream_.get(), pull.stream.c_str(), pull.durable.c_str(), &options, &code);
      NatsConsumerInfo info(raw);
      if (status == NATS_NOT_FOUND) gone_ = fmt::format("{}/{}", pull.stream, pull.durable);
      if (status != NATS_OK) continue;
      // What was never delivered, and what was delivered and is not acknowledged, redeliveries among it.
      lags.push_back({pull.stream + "/" + pull.durable, static_cast<int64_t>(info->NumPending) + info->NumAckPending});
    }
    return lags;
  }

 private:
  Result<void> connect() {
    natsOptions* raw = nullptr;
    natsStatus status = natsOptions_Create(&raw);
    if (status != NATS_OK) return nats_error("making options", status);
    NatsHandle<natsOptions, natsOptions_Destroy> options(raw);
    TRIBUTARY_TRY(set_options(options.get()));
    natsConnection* connection = nullptr;
    status = natsConnection_Connect(&connection, options.get());
    if (status != NATS_OK) return nats_error(fmt::format("connecting to {}", fmt::join(source_.servers, ", ")), status);
    connection_.reset(connection);
    return {};
  }

  Result<void> set_options(natsOptions* options) {
    std::vector<std::string> urls;
    urls.reserve(source_.servers.size());
    for (const std::string& server : source_.servers) {
      urls.push_back((source_.tls.enabled ? "tls://" : "nats://") + server);
    }
    std::vector<const char*> servers;
    servers.reserve(urls.size());
    for (const std::string& url : urls) servers.push_back(url.c_str());
    const auto count = static_cast<int>(servers.size());
    natsStatus status = natsOptions_SetServers(options, servers.data(), count);
    if (status == NATS_OK) status = natsOptions_SetTimeout(options, kNatsConnectTimeout.count() / count);
    // A lost connection is an error of next_batch(): who owns us decides when another is tried.
    if (status == NATS_OK) status = natsOptions_SetAllowReconnect(options, false);
    if (status == NATS_OK) status = natsOptions_SetPingInterval(options, kNatsPingInterval.count());
    if (status == NATS_OK) status = natsOptions_SetMaxPingsOut(options, kNatsPingsOutMax);
    if (status == NATS_OK) status = natsOptions_SetName(options, ("tributary " + source_.source.id).c_str());
    // The default prints. What matters comes back from the call that it concerns.
    auto silent = [](natsConnection*, natsSubscription*, natsStatus, void*) {};
    if (status == NATS_OK) status = natsOptions_SetErrorHandler(options, silent, nullptr);
    if (status != NATS_OK) return nats_error("setting options", status);
    TRIBUTARY_TRY(set_credentials(options));
    return set_tls(options);
  }

  Result<void> set_credentials(natsOptions* options) {
    natsStatus status = NATS_OK;
    if (!source_.username.empty()) {
      status = natsOptions_SetUserInfo(options, source_.username.c_str(), source_.password.c_str());
    } else if (!source_.password.empty()) {
      status = natsOptions_SetToken(options, source_.password.c_str());
    } else if (!options_.credentials_file.empty()) {
      status = natsOptions_SetUserCredentialsFromFiles(options, options_.credentials_file.c_str(), nullptr);
    }
    if (status != NATS_OK) return nats_error("setting credentials", status);
    return {};
  }

  // The name in the server's certificate is compared with the host by the library.
  Result<void> set_tls(natsOptions* options) {
    if (!source_.tls.enabled) return {};
    const StreamTls& tls = source_.tls;
    natsStatus status = natsOptions_SetSecure(options, true);
    if (status == NATS_OK && !tls.ca_file.empty()) {
      status = natsOptions_LoadCATrustedCertificates(options, tls.ca_file.c_str());
    }
    if (status == NATS_OK && !tls.certificate_file.empty()) {
      status = natsOptions_LoadCertificatesChain(options, tls.certificate_file.c_str(), tls.key_file.c_str());
    }
    if (status != NATS_OK) return nats_error("reading the files of tls", status);
    return {};
  }

  Result<std::string> find_stream(const std::string& subject) {
    if (!options_.stream.empty()) return options_.stream;
    jsOptions options;
    jsOptions_Init(&options);
    options.Stream.Info.SubjectsFilter = subject.c_str();
    if (!options_.domain.empty()) options.Domain = options_.domain.c_str();
    jsStreamNamesList* raw = nullptr;
    natsStatus status = js_StreamNames(&raw, jetstream_.get(), &options, nullptr);
    NatsHandle<jsStreamNamesList, jsStreamNamesList_Destroy> names(raw);
    if (status == NATS_NOT_FOUND) {
      return Error{ErrorCode::unavailable, fmt::format("no stream has the subject {}", subject)};
    }
    if (status != NATS_OK) return nats_error(fmt::format("asking which stream has the subject {}", subject), status);
    if (names->Count == 1) return std::string(names->List[0]);
    std::vector<std::string> found(names->List, names->List + names->Count);
    std::sort(found.begin(), found.end());
    return Error{ErrorCode::unavailable, fmt::format("the subject {} is in the streams {}: name one in options.stream",
                                                     subject, fmt::join(found, ", "))};
  }

  Result<void> subscribe(const std::string& subject) {
    NatsPull pull;
    pull.subject = subject;
    auto stream = find_stream(subject);
    if (!stream) return stream.error();
    pull.stream = *stream;
    pull.durable = nats_durable(source_, subject);
    TRIBUTARY_TRY(ensure_consumer(pull));
    jsSubOptions bound;
    jsSubOptions_Init(&bound);
    bound.Stream = pull.stream.c_str();
    bound.Consumer = pull.durable.c_str();
    natsSubscription* subscription = nullptr;
    jsErrCode code{};
    natsStatus status = js_PullSubscribe(&subscription, jetstream_.get(), nullptr, nullptr, nullptr, &bound, &code);
    if (status != NATS_OK) return nats_error(fmt::format("subscribing to {}", subject), status);
    pull.subscription.reset(subscription);
    pulls_.push_back(std::move(pull));
    return {};
  }

  // The consumer as it is at the server, made if it is not there.
  Result<void> ensure_consumer(NatsPull& pull) {
    jsConsumerInfo* raw = nullptr;
    jsErrCode code{};
    natsStatus status =
        js_GetConsumerInfo(&raw, jetstream_.get(), pull.stream.c_str(), pull.durable.c_str(), nullptr, &code);
    NatsConsumerInfo info(raw);
    const std::string what = fmt::format("the consumer {} of the stream {}", pull.durable, pull.stream);
    if (status == NATS_NOT_FOUND && code == JSConsumerNotFoundErr) return create_consumer(pull, what);
    if (status != NATS_OK) return nats_error("asking for " + what, status);
    std::string why_not = why_not_ours(*info->Config, pull.subject);
    if (!why_not.empty()) {
      return Error{ErrorCode::unavailable, fmt::format("{} {}: delete it, or choose another group", what, why_not)};
    }
    const jsConsumerConfig& config = *info->Config;
    if (config.MaxRequestBatch > 0)
      pull.batch_max = static_cast<int>(std::min<int64_t>(pull.batch_max, config.MaxRequestBatch));
    if (config.MaxRequestMaxBytes > 0) pull.bytes_max = std::min<int64_t>(pull.bytes_max, config.MaxRequestMaxBytes);
    return update_consumer(pull, *info->Config, what);
  }

  Result<void> create_consumer(const NatsPull& pull, const std::string& what) {
    jsConsumerConfig config;
    jsConsumerConfig_Init(&config);
    config.Durable = pull.durable.c_str();
    config.FilterSubject = pull.subject.c_str();
    config.AckPolicy = js_AckExplicit;
    config.DeliverPolicy = options_.only_new ? js_DeliverNew : js_DeliverAll;
    config.AckWait = std::chrono::nanoseconds(options_.ack_wait).count();
    config.MaxAckPending = options_.max_ack_pending;
    jsConsumerInfo* raw = nullptr;
    natsStatus status = js_AddConsumer(&raw, jetstream_.get(), pull.stream.c_str(), &config, nullptr, nullptr);
    NatsConsumerInfo info(raw);
    if (status != NATS_OK) return nats_error("creating " + what, status);
    return {};
  }

  // What the configuration names holds also for a consumer that is there; what it does not name stays as it is.
  Result<void> update_consumer(const NatsPull& pull, jsConsumerConfig& config, const std::string& what) {
    bool differs = false;
    const int64_t ack_wait = std::chrono::nanoseconds(options_.ack_wait).count();
    if (source_.find_option("ack_wait") != nullptr && config.AckWait != ack_wait) {
      config.AckWait = ack_wait;
      differs = true;
    }
    if (source_.find_option("max_ack_pending") != nullptr && config.MaxAckPending != options_.max_ack_pending) {
      config.MaxAckPending = options_.max_ack_pending;
      differs = true;
    }
    ack_wait_ = std::min(ack_wait_, std::chrono::duration_cast<milliseconds>(std::chrono::nanoseconds(config.AckWait)));
    if (!differs) return {};
    jsConsumerInfo* raw = nullptr;
    natsStatus status = js_UpdateConsumer(&raw, jetstream_.get(), pull.stream.c_str(), &config, nullptr, nullptr);
    NatsConsumerInfo info(raw);
    if (status != NATS_OK) return nats_error("changing " + what, status);
    return {};
  }

  // One of several subjects waits shortly, and shorter while there is something to do.
  milliseconds turn_wait(NatsSteady::time_point deadline) const {
    auto left = std::chrono::duration_cast<milliseconds>(deadline - NatsSteady::now());
    milliseconds most = pulls_.size() == 1 ? left : std::min(left, busy_ ? kNatsWaitLeast : kNatsTurn);
    return std::max(most, kNatsWaitLeast);
  }

  void note_turn(const NatsPull& pull, const StreamBatch* batch) {
    if (batch != nullptr) {
      busy_ = true;
      quiet_turns_ = 0;
    } else if (++quiet_turns_ >= pulls_.size()) {
      busy_ = false;
    }
    const bool full = batch != nullptr && batch->messages.size() >= static_cast<size_t>(pull.batch_max);
    full_batches_ = full ? full_batches_ + 1 : 0;
    if (full && full_batches_ < kNatsFullBatchesInTurn) return;
    full_batches_ = 0;
    turn_ = (turn_ + 1) % pulls_.size();
  }

  // Null when nothing came. `wait` bounds the wait for the first message only.
  Result<std::unique_ptr<StreamBatch>> fetch(NatsPull& pull, milliseconds wait) {
    const auto begin = NatsSteady::now();
    auto held = std::make_shared<NatsHeld>();
    // A server from 2.9 on waits with this until there is something, and gives all there is.
    jsFetchRequest request;
    jsFetchRequest_Init(&request);
    request.Expires = std::chrono::nanoseconds(wait).count();
    request.Batch = pull.batch_max;
    request.MaxBytes = pull.bytes_max;
    request.NoWait = true;
    natsStatus status = natsSubscription_FetchRequest(&held->list, pull.subscription.get(), &request);
    const auto left = wait - std::chrono::duration_cast<milliseconds>(NatsSteady::now() - begin);
    if (needs_single(status, left)) {
      jsFetchRequest_Init(&request);
      request.Expires = std::chrono::nanoseconds(std::max(left, kNatsWaitLeast)).count();
      request.Batch = 1;
      status = natsSubscription_FetchRequest(&held->list, pull.subscription.get(), &request);
    }
    if (status == NATS_TIMEOUT || status == NATS_NOT_FOUND) {
      if (natsConnection_IsClosed(connection_.get())) return lost("fetching", NATS_CONNECTION_CLOSED);
      return std::unique_ptr<StreamBatch>();
    }
    if (status != NATS_OK) return lost("fetching", status);
    held->touched = NatsSteady::now();
    return make_batch(held);
  }

  // An older server answers at once that there is nothing, and any server does while another member of the group waits.
  // A message larger than a batch may be comes only when it is asked for alone.
  bool needs_single(natsStatus status, milliseconds left) const {
    if (status == NATS_TIMEOUT || status == NATS_NOT_FOUND) {
      return left >= 2 * kNatsWaitLeast && !natsConnection_IsClosed(connection_.get());
    }
    if (status != NATS_ERR) return false;
    const char* detail = nats_GetLastError(nullptr);
    return detail != nullptr && std::strstr(detail, "Message Size Exceeds MaxBytes") != nullptr;
  }

  Result<std::unique_ptr<StreamBatch>> make_batch(const std::shared_ptr<NatsHeld>& held) {
    auto batch = std::make_unique<NatsBatch>(held);
    batch->messages.reserve(static_cast<size_t>(held->list.Count));
    for (int i = 0; i < held->list.Count; ++i) {
      auto message = read_nats_message(held->list.Msgs[i]);
      if (!message) return message.error();
      batch->messages.push_back(std::move(*message));
    }
    held_.push_back(held);
    return std::unique_ptr<StreamBatch>(std::move(batch));
  }

  // Tells the server that batches which wait long are not lost, so that nobody gets them again.
  Result<void> keep_held() {
    const auto now = NatsSteady::now();
    std::erase_if(held_, [](const std::weak_ptr<NatsHeld>& held) { return held.expired(); });
    for (const std::weak_ptr<NatsHeld>& weak : held_) {
      std::shared_ptr<NatsHeld> held = weak.lock();
      if (!held || now - held->touched < ack_wait_ / 2) continue;
      for (int i = 0; i < held->list.Count; ++i) {
        natsStatus status = natsMsg_InProgress(held->list.Msgs[i], nullptr);
        if (status != NATS_OK) return lost("keeping messages", status);
      }
      held->touched = now;
    }
    return {};
  }

  // The connection knows more about its end than the call that met it.
  Error lost(std::string_view doing, natsStatus status) {
    Error error = nats_error(doing, status);
    const char* why = nullptr;
    if (natsConnection_GetLastError(connection_.get(), &why) != NATS_OK && why != nullptr && *why != '\0' &&
        error.message.find(why) == std::string::npos) {
      error.message += fmt::format(" ({})", why);
    }
    return error;
  }

  const StreamSource source_;
  const NatsOptions options_;
  milliseconds ack_wait_;  // the least of our consumers, as it is at the server
  NatsHandle<natsConnection, natsConnection_Destroy> connection_;
  NatsHandle<jsCtx, jsCtx_Destroy> jetstream_;
  std::vector<NatsPull> pulls_;               // one per topic
  std::deque<std::weak_ptr<NatsHeld>> held_;  // given and not acknowledged, or dropped by who had them
  size_t turn_ = 0;                           // of pulls_, whose it is
  int full_batches_ = 0;                      // in this turn
  size_t quiet_turns_ = 0;
  bool busy_ = false;
  std::string
      gone_;  // a consumer that somebody deleted, seen by lag(): the server tells requests for it nothing at all
};

}  // namespace

std::unique_ptr<StreamConsumer> make_nats_consumer(const StreamSource& source, const ConsumerHost&) {
  return std::make_unique<NatsConsumer>(source);
}

}  // namespace tributary
