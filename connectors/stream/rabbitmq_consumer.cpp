// RabbitMQ by AMQP 0-9-1: one channel consumes every queue of the source, with acknowledgement by hand; another asks
// how much waits. The broker hands out at most `prefetch` messages of a queue that are not acknowledged.
#include <amqp.h>
#include <amqp_framing.h>
#include <amqp_ssl_socket.h>
#include <amqp_tcp_socket.h>
#include <fmt/format.h>
#include <openssl/ssl.h>
#include <poll.h>

#include <algorithm>
#include <charconv>
#include <deque>

#include "connectors/stream/consumer.h"
#include "connectors/stream/message_place.h"
#include "connectors/stream/option_check.h"

namespace tributary {
namespace {

using std::chrono::milliseconds;
using RabbitClock = std::chrono::steady_clock;

constexpr milliseconds kRabbitOpenPatience{9'000};
constexpr milliseconds kRabbitGoodbyePatience{1'500};
constexpr int kRabbitFrameBytesMax = 131'072;  // what the broker proposes
constexpr amqp_channel_t kConsumeChannel = 1;
constexpr amqp_channel_t kLagChannel = 2;
constexpr size_t kGroupBytesMax = 200;                      // of a consumer tag 255
constexpr size_t kQueueNameBytesMax = 255;                  // AMQP's short string
constexpr uint64_t kTimestampSecondsMax = 253'402'300'799;  // 9999-12-31

constexpr int64_t kPrefetchDefault = 10'000;
constexpr int64_t kPrefetchMost = 65'535;
constexpr milliseconds kHeartbeatDefault = std::chrono::seconds(15);
constexpr milliseconds kHeartbeatLeast = std::chrono::seconds(2);
constexpr milliseconds kHeartbeatMost = std::chrono::hours(1);

std::string_view view_of(amqp_bytes_t bytes) { return {static_cast<const char*>(bytes.bytes), bytes.len}; }

amqp_bytes_t amqp_of(std::string_view text) {
  amqp_bytes_t bytes;
  bytes.len = text.size();
  bytes.bytes = const_cast<char*>(text.data());  // the library takes what it only reads as void*
  return bytes;
}

timeval timeval_of(milliseconds time) {
  const auto micros = std::max<int64_t>(0, std::chrono::duration_cast<std::chrono::microseconds>(time).count());
  return {static_cast<time_t>(micros / kMicrosPerSecond), static_cast<suseconds_t>(micros % kMicrosPerSecond)};
}

Error rabbit_lost(std::string_view doing, std::string_view why) {
  return Error(ErrorCode::unavailable, fmt::format("{}: {}", doing, why));
}

// Why the broker closed a channel or the connection, in its words: "404 NOT_FOUND - no queue 'orders' in vhost '/'".
std::string close_text(const amqp_method_t& method) {
  if (method.id == AMQP_CHANNEL_CLOSE_METHOD) {
    const auto* close = static_cast<const amqp_channel_close_t*>(method.decoded);
    return fmt::format("{} {}", close->reply_code, view_of(close->reply_text));
  }
  if (method.id == AMQP_CONNECTION_CLOSE_METHOD) {
    const auto* close = static_cast<const amqp_connection_close_t*>(method.decoded);
    return fmt::format("{} {}", close->reply_code, view_of(close->reply_text));
  }
  return fmt::format("unexpected method {:#x}", method.id);
}

Result<void> require_ok(std::string_view doing, const amqp_rpc_reply_t& reply) {
  switch (reply.reply_type) {
    case AMQP_RESPONSE_NORMAL:
      return {};
    case AMQP_RESPONSE_SERVER_EXCEPTION:
      return rabbit_lost(doing, close_text(reply.reply));
    case AMQP_RESPONSE_LIBRARY_EXCEPTION:
      return rabbit_lost(doing, amqp_error_string2(reply.library_error));
    default:
      return rabbit_lost(doing, "no answer");
  }
}

Result<void> require_ok(std::string_view doing, int status) {
  if (status == AMQP_STATUS_OK) return {};
  return rabbit_lost(doing, amqp_error_string2(status));
}

// Text for what a mapping can use; nothing for tables, arrays and void.
std::optional<std::string> header_text(const amqp_field_value_t& value) {
  switch (value.kind) {
    case AMQP_FIELD_KIND_BOOLEAN:
      return value.value.boolean ? "true" : "false";
    case AMQP_FIELD_KIND_I8:
      return fmt::to_string(static_cast<int>(value.value.i8));
    case AMQP_FIELD_KIND_U8:
      return fmt::to_string(static_cast<int>(value.value.u8));
    case AMQP_FIELD_KIND_I16:
      return fmt::to_string(value.value.i16);
    case AMQP_FIELD_KIND_U16:
      return fmt::to_string(value.value.u16);
    case AMQP_FIELD_KIND_I32:
      return fmt::to_string(value.value.i32);
    case AMQP_FIELD_KIND_U32:
      return fmt::to_string(value.value.u32);
    case AMQP_FIELD_KIND_I64:
      return fmt::to_string(value.value.i64);
    case AMQP_FIELD_KIND_U64:
    case AMQP_FIELD_KIND_TIMESTAMP:
      return fmt::to_string(value.value.u64);
    case AMQP_FIELD_KIND_F32:
      return fmt::to_string(value.value.f32);
    case AMQP_FIELD_KIND_F64:
      return fmt::to_string(value.value.f64);
    default:
      return std::nullopt;
  }
}

// Keeps the messages as the library made them. Their memory is theirs alone, so the batch may outlive the connection.
struct RabbitBatch : StreamBatch {
  std::deque<amqp_envelope_t> envelopes;
  std::deque<std::string> texts;  // of headers that are numbers
  uint64_t last_tag = 0;
  size_t bytes = 0;

  ~RabbitBatch() override {
    for (amqp_envelope_t& envelope : envelopes) amqp_destroy_envelope(&envelope);
  }
  bool full() const { return messages.size() >= kStreamBatchMessagesMax || bytes >= kStreamBatchBytesMax; }
};

void take_headers(const amqp_table_t& table, RabbitBatch& batch, StreamMessage& message) {
  for (int at = 0; at < table.num_entries; ++at) {
    const amqp_table_entry_t& entry = table.entries[at];
    const std::string_view name = view_of(entry.key);
    if (entry.value.kind == AMQP_FIELD_KIND_UTF8 || entry.value.kind == AMQP_FIELD_KIND_BYTES) {
      message.headers.emplace_back(name, view_of(entry.value.value.bytes));
    } else if (auto text = header_text(entry.value)) {
      message.headers.emplace_back(name, batch.texts.emplace_back(std::move(*text)));
    }
  }
}

// What the broker tells about every message comes after the headers of the sender, who may have used the same name.
void take_properties(const amqp_envelope_t& envelope, StreamMessage& message) {
  const amqp_basic_properties_t& properties = envelope.message.properties;
  if (properties._flags & AMQP_BASIC_CONTENT_TYPE_FLAG)
    message.headers.emplace_back("content-type", view_of(properties.content_type));
  if (properties._flags & AMQP_BASIC_CONTENT_ENCODING_FLAG)
    message.headers.emplace_back("content-encoding", view_of(properties.content_encoding));
  if (properties._flags & AMQP_BASIC_TYPE_FLAG) message.headers.emplace_back("type", view_of(properties.type));
  if (properties._flags & AMQP_BASIC_APP_ID_FLAG) message.headers.emplace_back("app-id", view_of(properties.app_id));
  if (properties._flags & AMQP_BASIC_MESSAGE_ID_FLAG)
    message.headers.emplace_back("message-id", view_of(properties.message_id));
  message.headers.emplace_back("routing-key", view_of(envelope.routing_key));
  message.headers.emplace_back("exchange", view_of(envelope.exchange));
  if ((properties._flags & AMQP_BASIC_TIMESTAMP_FLAG) && properties.timestamp <= kTimestampSecondsMax)
    message.sent_at = Timestamp{static_cast<int64_t>(properties.timestamp) * kMicrosPerSecond};
}

// Owner: the feed's thread. `pending_` is what was read and not yet given.
class RabbitConsumer : public StreamConsumer {
 public:
  explicit RabbitConsumer(const StreamSource& source)
      : source_(source), heartbeat_(option_duration(source, "heartbeat", kHeartbeatDefault)) {}
  ~RabbitConsumer() override;

  Result<void> open() override;
  Result<std::unique_ptr<StreamBatch>> next_batch(milliseconds patience) override;
  Result<void> acknowledge(StreamBatch& batch) override;
  Result<void> idle(milliseconds patience) override;
  std::vector<StreamLag> lag() override;

 private:
  struct ConnectionDeleter {
    void operator()(amqp_connection_state_t connection) const { amqp_destroy_connection(connection); }
  };

  Result<void> connect_to(const std::string& server, milliseconds patience);
  Result<amqp_socket_t*> make_socket();
  Result<void> log_in();
  Result<void> consume();
  Result<void> fill(milliseconds patience);
  Result<bool> take_one(milliseconds patience);
  Result<void> keep(const amqp_envelope_t& envelope);
  Result<void> take_method();
  void take_lag(const amqp_queue_declare_ok_t& answer);
  Result<void> rest(milliseconds patience);
  Result<void> failed(const Error& error);

  const StreamSource source_;
  const milliseconds heartbeat_;
  std::unique_ptr<std::remove_pointer_t<amqp_connection_state_t>, ConnectionDeleter> connection_;
  bool ready_ = false;
  std::unique_ptr<RabbitBatch> pending_ = std::make_unique<RabbitBatch>();
  std::vector<StreamLag> lag_;
  size_t lag_answers_due_ = 0;
  bool lag_refused_ = false;
};

RabbitConsumer::~RabbitConsumer() {
  if (!ready_) return;
  timeval patience = timeval_of(kRabbitGoodbyePatience);
  amqp_set_rpc_timeout(connection_.get(), &patience);
  amqp_connection_close(connection_.get(), AMQP_REPLY_SUCCESS);
}

Result<void> RabbitConsumer::open() {
  const auto deadline = RabbitClock::now() + kRabbitOpenPatience;
  Result<void> opened = rabbit_lost("connecting", "no server is configured");
  const auto servers = static_cast<int>(source_.servers.size());
  for (int at = 0; at < servers; ++at) {
    const auto share = (deadline - RabbitClock::now()) / (servers - at);  // a silent server leaves time for the next
    opened = connect_to(source_.servers[at], std::chrono::duration_cast<milliseconds>(share));
    if (opened) return opened;
    opened = with_context(fmt::format("RabbitMQ broker {}", source_.servers[at]), opened.error());
  }
  return opened;
}

Result<void> RabbitConsumer::connect_to(const std::string& server, milliseconds patience) {
  Result<ServerAddress> address = parse_server_address(server);
  if (!address) return rabbit_lost("connecting", address.error().message);
  connection_.reset(amqp_new_connection());
  if (!connection_) return rabbit_lost("connecting", "out of memory");
  // Each of connecting, greeting and the first few questions gets a part; all of them are one answer away.
  timeval part = timeval_of(patience / 3);
  amqp_set_handshake_timeout(connection_.get(), &part);
  amqp_set_rpc_timeout(connection_.get(), &part);
  Result<amqp_socket_t*> socket = make_socket();
  if (!socket) return socket.error();
  TRIBUTARY_TRY(
      require_ok("connecting", amqp_socket_open_noblock(*socket, address->host.c_str(), address->port, &part)));
  TRIBUTARY_TRY(log_in());
  return consume();
}

Result<amqp_socket_t*> RabbitConsumer::make_socket() {
  const StreamTls& tls = source_.tls;
  amqp_socket_t* socket = tls.enabled ? amqp_ssl_socket_new(connection_.get()) : amqp_tcp_socket_new(connection_.get());
  if (socket == nullptr) return rabbit_lost("connecting", "out of memory");
  if (!tls.enabled) return socket;
  TRIBUTARY_TRY(require_ok("setting up TLS", amqp_ssl_socket_set_ssl_versions(socket, AMQP_TLSv1_2, AMQP_TLSvLATEST)));
  if (!tls.ca_file.empty()) {
    TRIBUTARY_TRY(require_ok(fmt::format("reading authorities {}", tls.ca_file),
                             amqp_ssl_socket_set_cacert(socket, tls.ca_file.c_str())));
  } else if (SSL_CTX_set_default_verify_paths(static_cast<SSL_CTX*>(amqp_ssl_socket_get_context(socket))) != 1) {
    return rabbit_lost("setting up TLS", "the system's authorities can't be read");
  }
  if (tls.certificate_file.empty()) return socket;
  const std::string& key = tls.key_file.empty() ? tls.certificate_file : tls.key_file;
  TRIBUTARY_TRY(require_ok(fmt::format("reading certificate {} and key {}", tls.certificate_file, key),
                           amqp_ssl_socket_set_key(socket, tls.certificate_file.c_str(), key.c_str())));
  return socket;
}

Result<void> RabbitConsumer::log_in() {
  // Without this the broker says nothing when a queue is deleted, and nothing would ever come again.
  amqp_table_entry_t cancel_notify;
  cancel_notify.key = amqp_cstring_bytes("consumer_cancel_notify");
  cancel_notify.value.kind = AMQP_FIELD_KIND_BOOLEAN;
  cancel_notify.value.value.boolean = 1;
  amqp_table_entry_t capabilities;
  capabilities.key = amqp_cstring_bytes("capabilities");
  capabilities.value.kind = AMQP_FIELD_KIND_TABLE;
  capabilities.value.value.table = {1, &cancel_notify};
  const amqp_table_t properties{1, &capabilities};

  const std::string username = source_.username.empty() ? "guest" : source_.username;
  const std::string password = source_.username.empty() ? "guest" : source_.password;
  const std::string vhost = option_text(source_, "vhost", "/");
  const int heartbeat = static_cast<int>(heartbeat_ / std::chrono::seconds(1));  // what is below a second is cut
  return require_ok("logging in", amqp_login_with_properties(connection_.get(), vhost.c_str(), 0, kRabbitFrameBytesMax,
                                                             heartbeat, &properties, AMQP_SASL_METHOD_PLAIN,
                                                             username.c_str(), password.c_str()));
}

Result<void> RabbitConsumer::consume() {
  amqp_connection_state_t connection = connection_.get();
  const auto answer = [&](std::string_view doing) { return require_ok(doing, amqp_get_rpc_reply(connection)); };
  for (amqp_channel_t channel : {kConsumeChannel, kLagChannel}) {
    amqp_channel_open(connection, channel);
    TRIBUTARY_TRY(answer("opening a channel"));
  }
  const bool declare = option_text(source_, "declare", "false") == "true";
  for (const std::string& queue : source_.topics) {
    amqp_queue_declare(connection, kConsumeChannel, amqp_of(queue), declare ? 0 : 1, 1, 0, 0, amqp_empty_table);
    TRIBUTARY_TRY(answer(fmt::format("{} queue \"{}\"", declare ? "declaring" : "looking for", queue)));
  }
  const auto prefetch = static_cast<uint16_t>(option_integer(source_, "prefetch", kPrefetchDefault));
  amqp_basic_qos(connection, kConsumeChannel, 0, prefetch, 0);
  TRIBUTARY_TRY(answer("setting the prefetch"));
  for (size_t at = 0; at < source_.topics.size(); ++at) {
    const std::string tag = fmt::format("{}/{}", source_.group, at);
    amqp_basic_consume(connection, kConsumeChannel, amqp_of(source_.topics[at]), amqp_of(tag), 0, 0, 0,
                       amqp_empty_table);
    TRIBUTARY_TRY(answer(fmt::format("consuming queue \"{}\"", source_.topics[at])));
  }
  ready_ = true;
  return {};
}

// After an error nothing is said to the broker any more, not even good-bye.
Result<void> RabbitConsumer::failed(const Error& error) {
  ready_ = false;
  return error;
}

Result<std::unique_ptr<StreamBatch>> RabbitConsumer::next_batch(milliseconds patience) {
  TRIBUTARY_TRY(fill(patience));
  if (pending_->messages.empty()) return std::unique_ptr<StreamBatch>();
  return std::unique_ptr<StreamBatch>(std::exchange(pending_, std::make_unique<RabbitBatch>()));
}

// Reads until the batch is full, or has something and nothing more is there, or patience ends.
Result<void> RabbitConsumer::fill(milliseconds patience) {
  const auto deadline = RabbitClock::now() + patience;
  while (!pending_->full()) {
    auto left = std::chrono::ceil<milliseconds>(deadline - RabbitClock::now());
    auto wait = pending_->messages.empty() ? std::max(left, milliseconds(0)) : milliseconds(0);
    Result<bool> more = take_one(wait);
    if (!more) return more.error();
    if (!*more) return {};
  }
  return {};
}

// At most one batch is read ahead; then the broker waits, at `prefetch` or when the socket's buffers are full.
Result<void> RabbitConsumer::idle(milliseconds patience) {
  const auto deadline = RabbitClock::now() + patience;
  for (auto left = patience;; left = std::chrono::ceil<milliseconds>(deadline - RabbitClock::now())) {
    left = std::max(left, milliseconds(0));
    if (pending_->full()) {
      TRIBUTARY_TRY(rest(left));
    } else if (Result<bool> more = take_one(left); !more) {
      return more.error();
    }
    if (RabbitClock::now() >= deadline) return {};
  }
}

// The library sends heartbeats only while it reads.
Result<void> RabbitConsumer::rest(milliseconds patience) {
  amqp_frame_t heartbeat{};
  heartbeat.frame_type = AMQP_FRAME_HEARTBEAT;
  if (auto sent = require_ok("sending a heartbeat", amqp_send_frame(connection_.get(), &heartbeat)); !sent)
    return failed(sent.error());
  pollfd entry{amqp_get_sockfd(connection_.get()), POLLRDHUP, 0};
  poll(&entry, 1, static_cast<int>(std::min(patience, heartbeat_ / 2).count()));
  if (entry.revents != 0) return failed(rabbit_lost("waiting for room", "the broker closed the connection"));
  return {};
}

// True when something was read, be it a message or not.
Result<bool> RabbitConsumer::take_one(milliseconds patience) {
  amqp_maybe_release_buffers(connection_.get());
  amqp_envelope_t envelope;
  const timeval time = timeval_of(patience);
  const amqp_rpc_reply_t reply = amqp_consume_message(connection_.get(), &envelope, &time, 0);
  const bool library = reply.reply_type == AMQP_RESPONSE_LIBRARY_EXCEPTION;
  if (library && reply.library_error == AMQP_STATUS_TIMEOUT) return false;
  Result<void> taken;
  if (library && reply.library_error == AMQP_STATUS_UNEXPECTED_STATE) {
    taken = take_method();
  } else {
    taken = require_ok("reading from the broker", reply);
    if (taken) taken = keep(envelope);
  }
  if (!taken) {
    ready_ = false;
    return taken.error();
  }
  return true;
}

Result<void> RabbitConsumer::keep(const amqp_envelope_t& given) {
  const amqp_envelope_t& envelope = pending_->envelopes.emplace_back(given);
  std::string_view tag = view_of(envelope.consumer_tag);
  tag.remove_prefix(tag.rfind('/') + 1);
  size_t queue = source_.topics.size();
  std::from_chars(tag.data(), tag.data() + tag.size(), queue);
  if (queue >= source_.topics.size()) return rabbit_lost("reading from the broker", "a message of no consumer of ours");
  const amqp_basic_properties_t& properties = envelope.message.properties;
  StreamMessage& message = pending_->messages.emplace_back();
  message.value = view_of(envelope.message.body);
  message.topic = view_of(envelope.routing_key);
  if ((properties._flags & AMQP_BASIC_MESSAGE_ID_FLAG) && properties.message_id.len > 0)
    message.place = place_of_named(source_.topics[queue], view_of(properties.message_id));
  if (properties._flags & AMQP_BASIC_HEADERS_FLAG) take_headers(properties.headers, *pending_, message);
  take_properties(envelope, message);
  pending_->last_tag = envelope.delivery_tag;
  pending_->bytes += envelope.message.body.len;
  return {};
}

// A frame that begins no message.
Result<void> RabbitConsumer::take_method() {
  amqp_frame_t frame;
  const timeval none{};
  TRIBUTARY_TRY(
      require_ok("reading from the broker", amqp_simple_wait_frame_noblock(connection_.get(), &frame, &none)));
  if (frame.frame_type != AMQP_FRAME_METHOD)
    return rabbit_lost("reading from the broker", "a part of a message without its beginning");
  const amqp_method_t& method = frame.payload.method;
  if (method.id == AMQP_QUEUE_DECLARE_OK_METHOD && frame.channel == kLagChannel) {
    take_lag(*static_cast<const amqp_queue_declare_ok_t*>(method.decoded));
    return {};
  }
  if (method.id == AMQP_CHANNEL_CLOSE_METHOD && frame.channel == kLagChannel) {
    lag_refused_ = true;  // may we not ask, we consume nevertheless
    lag_.clear();
    amqp_channel_close_ok_t agreed{};
    return require_ok("closing a channel",
                      amqp_send_method(connection_.get(), kLagChannel, AMQP_CHANNEL_CLOSE_OK_METHOD, &agreed));
  }
  if (method.id == AMQP_BASIC_CANCEL_METHOD)
    return rabbit_lost("consuming", "the broker cancelled it: a queue was deleted or moved");
  return rabbit_lost("consuming", close_text(method));
}

Result<void> RabbitConsumer::acknowledge(StreamBatch& batch) {
  // Batches come in order and hold every delivery, so the last tag stands for all before it.
  const uint64_t tag = static_cast<RabbitBatch&>(batch).last_tag;
  auto sent = require_ok("acknowledging", amqp_basic_ack(connection_.get(), kConsumeChannel, tag, 1));
  return sent ? sent : failed(sent.error());
}

void RabbitConsumer::take_lag(const amqp_queue_declare_ok_t& answer) {
  if (lag_answers_due_ > 0) --lag_answers_due_;
  const std::string_view queue = view_of(answer.queue);
  auto known = std::find_if(lag_.begin(), lag_.end(), [&](const StreamLag& one) { return one.stream == queue; });
  if (known == lag_.end()) known = lag_.insert(lag_.end(), StreamLag{std::string(queue), 0});
  known->messages = answer.message_count;
}

// Asks and does not wait: the answers come among the messages and are given the next time. What was delivered and not
// acknowledged is not counted.
std::vector<StreamLag> RabbitConsumer::lag() {
  if (!ready_ || lag_refused_ || lag_answers_due_ > 0) return lag_;
  for (const std::string& queue : source_.topics) {
    amqp_queue_declare_t question{};
    question.queue = amqp_of(queue);
    question.passive = 1;
    if (amqp_send_method(connection_.get(), kLagChannel, AMQP_QUEUE_DECLARE_METHOD, &question) != AMQP_STATUS_OK) break;
    ++lag_answers_due_;
  }
  return lag_;
}

}  // namespace

std::unique_ptr<StreamConsumer> make_rabbitmq_consumer(const StreamSource& source, const ConsumerHost&) {
  return std::make_unique<RabbitConsumer>(source);
}

std::vector<std::string> check_rabbitmq(const StreamSource& source) {
  OptionCheck check(source);
  check.servers();
  check.topics("queues");
  check.known({"prefetch", "heartbeat", "vhost", "declare"});
  check.integer("prefetch", 1, kPrefetchMost);
  check.duration("heartbeat", kHeartbeatLeast, kHeartbeatMost);
  check.not_empty("vhost");
  if (source.group.size() > kGroupBytesMax) check.add(fmt::format("group: is longer than {} bytes", kGroupBytesMax));
  check.word("declare", {"true", "false"});
  for (const std::string& queue : source.topics) {
    if (queue.size() > kQueueNameBytesMax)
      check.add(fmt::format("topics: \"{}\" is longer than {} bytes", queue, kQueueNameBytesMax));
  }
  return check.take();
}

}  // namespace tributary
