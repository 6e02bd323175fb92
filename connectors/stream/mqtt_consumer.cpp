// MQTT 5 with a persistent session: the broker keeps what is published while nobody is connected, and delivers again
// what was not acknowledged.
//
// The protocol is spoken here and not by libmosquitto or Paho C: both send PUBACK when a message arrives (libmosquitto
// even before it calls back), which tells the broker to forget a message that is not durable yet. Here PUBACK, at QoS 2
// PUBREC, leaves in acknowledge() only, in the order of arrival (MQTT 5, 4.6), while up to `receive_maximum` messages
// are on their way.
#include <fmt/format.h>

#include <algorithm>
#include <deque>

#include "connectors/stream/broker_socket.h"
#include "connectors/stream/consumer.h"
#include "connectors/stream/message_place.h"
#include "connectors/stream/mqtt_packet.h"
#include "connectors/stream/option_check.h"
#include "engine/base/log_line.h"

namespace tributary {
namespace {

using std::chrono::milliseconds;
using namespace std::chrono_literals;
using MqttClock = std::chrono::steady_clock;

constexpr milliseconds kMqttOpenPatience{9'000};
constexpr milliseconds kMqttWritePatience{5'000};
constexpr milliseconds kMqttGoodbyePatience{1'000};
constexpr size_t kMqttReadBytes = 128 << 10;
// Above what an event may be, so that the engine refuses it by name; the broker drops what is longer.
constexpr size_t kMqttPacketBytesMax = 16 << 20;
constexpr uint16_t kSubscribePacketId = 1;

constexpr int64_t kReceiveMaximumMost = 65'535;
constexpr milliseconds kSessionExpiryLeast = std::chrono::minutes(1);
constexpr milliseconds kSessionExpiryMost = std::chrono::hours(24 * 3'650);
constexpr milliseconds kKeepAliveLeast = std::chrono::seconds(2);
constexpr milliseconds kKeepAliveMost = std::chrono::hours(1);

// Whole seconds, as the protocol has them: what is below is cut.
struct MqttOptions {
  explicit MqttOptions(const StreamSource& source)
      : qos(static_cast<uint8_t>(option_integer(source, "qos", 1))),
        receive_maximum(static_cast<uint16_t>(option_integer(source, "receive_maximum", 10'000))),
        session_expiry_seconds(
            static_cast<uint32_t>(option_duration(source, "session_expiry_interval", std::chrono::hours(7 * 24)) / 1s)),
        keep_alive_seconds(static_cast<uint16_t>(option_duration(source, "keep_alive", 20s) / 1s)) {}

  uint8_t qos;
  uint16_t receive_maximum;
  uint32_t session_expiry_seconds;
  uint16_t keep_alive_seconds;
};

Error mqtt_lost(std::string_view what) { return Error(ErrorCode::unavailable, std::string(what)); }

struct MqttBatch : StreamBatch {
  struct Receipt {
    uint16_t packet_id;
    uint8_t qos;
  };
  std::deque<std::string> packets;  // bodies that the messages point into
  std::vector<Receipt> receipts;
  size_t bytes = 0;

  bool full() const { return messages.size() >= kStreamBatchMessagesMax || bytes >= kStreamBatchBytesMax; }
};

// Owner: the feed's thread. `pending_` is what was read and not yet given.
class MqttConsumer : public StreamConsumer {
 public:
  explicit MqttConsumer(const StreamSource& source)
      : source_(source), options_(source), keep_alive_(std::chrono::seconds(options_.keep_alive_seconds)) {}
  ~MqttConsumer() override;

  Result<void> open() override;
  Result<std::unique_ptr<StreamBatch>> next_batch(milliseconds patience) override;
  Result<void> acknowledge(StreamBatch& batch) override;
  Result<void> idle(milliseconds patience) override;
  std::vector<StreamLag> lag() override { return {}; }  // MQTT has no word for it

 private:
  Result<void> connect_to(const std::string& server, BrokerDeadline deadline);
  Result<void> greet(BrokerDeadline deadline);
  Result<void> subscribe(BrokerDeadline deadline);
  Result<void> fill(milliseconds patience);
  Result<bool> read_more(milliseconds patience);
  Result<void> take_frames();
  Result<void> take(const MqttFrame& frame);
  Result<void> take_connack(const MqttFrame& frame);
  Result<void> take_publish(const MqttFrame& frame);
  Result<void> take_suback(const MqttFrame& frame);
  Result<void> write(std::string_view bytes);
  Result<void> stay_alive();

  const StreamSource source_;
  const MqttOptions options_;
  milliseconds keep_alive_;  // ours, or what the broker wants
  std::unique_ptr<BrokerSocket> socket_;
  std::string input_;  // of the broker; from taken_ on it is to be read
  size_t taken_ = 0;
  std::string answers_;  // to be written after the packets that they answer
  std::unique_ptr<MqttBatch> pending_ = std::make_unique<MqttBatch>();
  bool connected_ = false, subscribed_ = false;
  MqttClock::time_point written_at_, read_at_;
  std::optional<MqttClock::time_point> pinged_at_;  // of the oldest ping without an answer
};

MqttConsumer::~MqttConsumer() {
  if (!connected_ || !socket_->write(mqtt_disconnect_packet(), kMqttGoodbyePatience)) return;
  // The broker closes when it has read everything. One that takes an acknowledgement at a time (mosquitto) would else
  // deliver again what it has not come to when the next connection of this session arrives.
  const auto deadline = MqttClock::now() + kMqttGoodbyePatience;
  std::string ignored(kMqttReadBytes, '\0');
  while (MqttClock::now() < deadline && socket_->read(ignored.data(), ignored.size(), kMqttGoodbyePatience)) continue;
}

Result<void> MqttConsumer::open() {
  const BrokerDeadline deadline = MqttClock::now() + kMqttOpenPatience;
  Result<void> opened = mqtt_lost("no server is configured");
  const auto servers = static_cast<int>(source_.servers.size());
  for (int at = 0; at < servers; ++at) {
    const auto share = (deadline - MqttClock::now()) / (servers - at);  // a silent server leaves time for the next
    opened = connect_to(source_.servers[at], MqttClock::now() + share);
    if (opened) return opened;
    opened = with_context(fmt::format("connecting to MQTT broker {}", source_.servers[at]), opened.error());
  }
  return opened;
}

Result<void> MqttConsumer::connect_to(const std::string& server, BrokerDeadline deadline) {
  Result<ServerAddress> address = parse_server_address(server);
  if (!address) return mqtt_lost(address.error().message);
  Result<std::unique_ptr<BrokerSocket>> socket = BrokerSocket::connect(*address, source_.tls, deadline);
  if (!socket) return socket.error();
  socket_ = std::move(*socket);
  input_.clear();
  answers_.clear();
  read_at_ = written_at_ = MqttClock::now();
  taken_ = 0;
  connected_ = subscribed_ = false;
  pinged_at_.reset();
  pending_ = std::make_unique<MqttBatch>();
  TRIBUTARY_TRY(greet(deadline));
  return subscribe(deadline);
}

Result<void> MqttConsumer::greet(BrokerDeadline deadline) {
  MqttConnect connect;
  connect.client_id = source_.group;
  connect.username = source_.username;
  connect.password = source_.password;
  connect.keep_alive_seconds = options_.keep_alive_seconds;
  connect.session_expiry_seconds = options_.session_expiry_seconds;
  connect.receive_maximum = options_.receive_maximum;
  connect.packet_bytes_max = kMqttPacketBytesMax;
  TRIBUTARY_TRY(write(mqtt_connect_packet(connect)));
  while (!connected_) {
    TRIBUTARY_TRY(take_frames());
    if (connected_) break;
    auto left = std::chrono::ceil<milliseconds>(deadline - MqttClock::now());
    if (left <= milliseconds(0)) return mqtt_lost("the broker does not answer CONNECT");
    if (auto more = read_more(left); !more) return more.error();
  }
  return {};
}

// Said at every connection: the session may be new, or of a configuration with fewer topics. What comes before the
// answer goes into the batch; when that is full, the answer is looked at later.
Result<void> MqttConsumer::subscribe(BrokerDeadline deadline) {
  TRIBUTARY_TRY(write(mqtt_subscribe_packet(kSubscribePacketId, source_.topics, options_.qos)));
  for (;;) {
    TRIBUTARY_TRY(take_frames());
    if (subscribed_ || pending_->full()) return {};
    auto left = std::chrono::ceil<milliseconds>(deadline - MqttClock::now());
    if (left <= milliseconds(0)) return mqtt_lost("the broker does not answer SUBSCRIBE");
    if (auto more = read_more(left); !more) return more.error();
  }
}

Result<std::unique_ptr<StreamBatch>> MqttConsumer::next_batch(milliseconds patience) {
  TRIBUTARY_TRY(fill(pending_->messages.empty() ? patience : milliseconds(0)));
  if (pending_->messages.empty()) return std::unique_ptr<StreamBatch>();
  return std::unique_ptr<StreamBatch>(std::exchange(pending_, std::make_unique<MqttBatch>()));
}

// Reads until the batch is full, or has something and nothing more is there, or patience ends.
Result<void> MqttConsumer::fill(milliseconds patience) {
  const auto deadline = MqttClock::now() + patience;
  for (;;) {
    TRIBUTARY_TRY(take_frames());
    TRIBUTARY_TRY(stay_alive());
    if (pending_->full()) return {};
    auto left = std::max(milliseconds(0), std::chrono::ceil<milliseconds>(deadline - MqttClock::now()));
    auto wait = pending_->messages.empty() ? std::min(left, keep_alive_ / 4) : milliseconds(0);
    Result<bool> more = read_more(wait);
    if (!more) return more.error();
    if (!*more && (wait == milliseconds(0) || MqttClock::now() >= deadline)) return {};
  }
}

// At most one batch is read ahead; then the broker waits, at `receive_maximum` or when the socket's buffers are full.
Result<void> MqttConsumer::idle(milliseconds patience) {
  const auto deadline = MqttClock::now() + patience;
  for (;;) {
    TRIBUTARY_TRY(fill(milliseconds(0)));
    auto left = std::chrono::ceil<milliseconds>(deadline - MqttClock::now());
    if (left <= milliseconds(0)) return {};
    TRIBUTARY_TRY(socket_->rest(std::min(left, keep_alive_ / 4)));
  }
}

Result<bool> MqttConsumer::read_more(milliseconds patience) {
  input_.erase(0, taken_);
  taken_ = 0;
  const size_t before = input_.size();
  input_.resize(before + kMqttReadBytes);
  Result<size_t> got = socket_->read(input_.data() + before, kMqttReadBytes, patience);
  input_.resize(before + (got ? *got : 0));
  if (!got) return got.error();
  if (*got > 0) {
    read_at_ = MqttClock::now();
  } else if (pinged_at_ && read_at_ < *pinged_at_ && MqttClock::now() - *pinged_at_ > keep_alive_) {
    return mqtt_lost("the broker no longer answers PINGREQ");
  }
  return *got > 0;
}

Result<void> MqttConsumer::take_frames() {
  while (!pending_->full()) {
    auto frame = first_mqtt_frame(std::string_view(input_).substr(taken_), kMqttPacketBytesMax);
    if (!frame) return mqtt_lost(fmt::format("the broker sent {}", frame.error().message));
    if (!*frame) break;
    taken_ += (*frame)->bytes;
    TRIBUTARY_TRY(take(**frame));
  }
  if (answers_.empty()) return {};
  return write(std::exchange(answers_, {}));
}

Result<void> MqttConsumer::take(const MqttFrame& frame) {
  if (!connected_ && frame.type != MqttPacketType::connack) return mqtt_lost("the broker did not answer with CONNACK");
  switch (frame.type) {
    case MqttPacketType::connack:
      return take_connack(frame);
    case MqttPacketType::publish:
      return take_publish(frame);
    case MqttPacketType::suback:
      return take_suback(frame);
    case MqttPacketType::pingresp:
      pinged_at_.reset();
      return {};
    case MqttPacketType::pubrel: {
      // PUBREC was sent when the message was durable, perhaps by an earlier connection.
      Result<uint16_t> id = read_mqtt_packet_id(frame);
      if (!id) return mqtt_lost(id.error().message);
      append_mqtt_answer(answers_, MqttPacketType::pubcomp, *id);
      return {};
    }
    case MqttPacketType::disconnect: {
      Result<MqttDisconnect> said = read_mqtt_disconnect(frame);
      connected_ = false;  // no farewell is expected
      return mqtt_lost(fmt::format("the broker disconnects: {}", said ? said->reason_text : said.error().message));
    }
    default:
      return mqtt_lost(fmt::format("the broker sent a packet of type {}", static_cast<int>(frame.type)));
  }
}

Result<void> MqttConsumer::take_connack(const MqttFrame& frame) {
  Result<MqttConnack> answer = read_mqtt_connack(frame);
  if (!answer || connected_) return mqtt_lost("the broker's CONNACK can't be read");
  if (answer->reason != 0) return mqtt_lost(fmt::format("the broker refuses: {}", answer->reason_text));
  connected_ = true;
  if (answer->keep_alive_seconds.value_or(0) > 0) keep_alive_ = std::chrono::seconds(*answer->keep_alive_seconds);
  if (answer->session_expiry_seconds && *answer->session_expiry_seconds < options_.session_expiry_seconds)
    log_line(LogLevel::warn, "the MQTT broker keeps the session for a shorter time than configured",
             {{"source", source_.source.id}, {"seconds", static_cast<int64_t>(*answer->session_expiry_seconds)}});
  if (!answer->session_present)
    log_line(LogLevel::warn, "the MQTT broker had no session of this group: only what is published from now on comes",
             {{"source", source_.source.id}, {"group", source_.group}});
  return {};
}

Result<void> MqttConsumer::take_suback(const MqttFrame& frame) {
  Result<MqttSuback> answer = read_mqtt_suback(frame);
  if (!answer || answer->codes.size() != source_.topics.size()) return mqtt_lost("the broker's SUBACK can't be read");
  for (size_t at = 0; at < answer->codes.size(); ++at) {
    const uint8_t code = answer->codes[at];
    if (code >= kMqttRefusedFrom)
      return mqtt_lost(fmt::format("the broker refuses topic \"{}\": {}", source_.topics[at], mqtt_reason(code)));
    if (code == 0)
      return mqtt_lost(
          fmt::format("the broker grants topic \"{}\" only QoS 0, by which messages are lost", source_.topics[at]));
  }
  subscribed_ = true;
  return {};
}

Result<void> MqttConsumer::take_publish(const MqttFrame& frame) {
  MqttFrame kept = frame;
  kept.body = pending_->packets.emplace_back(frame.body);
  Result<MqttPublish> publish = read_mqtt_publish(kept);
  if (!publish) return mqtt_lost(fmt::format("the broker sent a {}", publish.error().message));
  StreamMessage& message = pending_->messages.emplace_back();
  message.value = publish->payload;
  message.topic = publish->topic;
  message.headers = std::move(publish->user_properties);
  for (const auto& [name, value] : message.headers) {
    if (name == "message-id" || name == "message_id") message.place = place_of_named(publish->topic, value);
  }
  if (!publish->content_type.empty()) message.headers.emplace_back("content-type", publish->content_type);
  if (publish->qos > 0) pending_->receipts.push_back({publish->packet_id, publish->qos});
  pending_->bytes += frame.bytes;
  return {};
}

Result<void> MqttConsumer::acknowledge(StreamBatch& batch) {
  std::string acknowledgements;
  for (const MqttBatch::Receipt& receipt : static_cast<MqttBatch&>(batch).receipts) {
    append_mqtt_answer(acknowledgements, receipt.qos == 1 ? MqttPacketType::puback : MqttPacketType::pubrec,
                       receipt.packet_id);
  }
  return write(acknowledgements);
}

Result<void> MqttConsumer::write(std::string_view bytes) {
  if (!bytes.empty()) written_at_ = MqttClock::now();
  return socket_->write(bytes, kMqttWritePatience);
}

// The broker ends a connection on which nothing came for one and a half times the agreed time.
Result<void> MqttConsumer::stay_alive() {
  const auto now = MqttClock::now();
  const bool silent = now - written_at_ >= keep_alive_ / 2;
  const bool in_doubt = !pinged_at_ && now - read_at_ >= keep_alive_ / 2;
  if (!silent && !in_doubt) return {};
  if (!pinged_at_) pinged_at_ = now;
  return write(mqtt_pingreq_packet());
}

}  // namespace

std::unique_ptr<StreamConsumer> make_mqtt_consumer(const StreamSource& source, const ConsumerHost&) {
  return std::make_unique<MqttConsumer>(source);
}

std::vector<std::string> check_mqtt(const StreamSource& source) {
  OptionCheck check(source);
  check.servers();
  check.topics("topic filters");
  check.known({"qos", "receive_maximum", "session_expiry_interval", "keep_alive"});
  check.integer("qos", 1, 2);
  check.integer("receive_maximum", 1, kReceiveMaximumMost);
  check.duration("session_expiry_interval", kSessionExpiryLeast, kSessionExpiryMost);
  check.duration("keep_alive", kKeepAliveLeast, kKeepAliveMost);
  if (source.group.empty()) check.add("group: is needed, it is the client id that names the session");
  for (const std::string* text : {&source.group, &source.username, &source.password}) {
    if (text->size() > kMqttTextBytesMax) check.add("group, username, password: one is longer than 65535 bytes");
  }
  for (const std::string& topic : source.topics) {
    auto fault = mqtt_filter_fault(topic);
    if (!topic.empty() && !fault.empty()) check.add(fmt::format("topics: \"{}\" {}", topic, fault));
  }
  return check.take();
}

}  // namespace tributary
