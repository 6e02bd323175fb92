#include "connectors/stream/mqtt_packet.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace tributary {
namespace {

constexpr int kVariableIntegerBytesMax = 4;
constexpr uint8_t kProtocolVersion = 5;
constexpr uint8_t kRetainHandlingNewOnly = 1 << 4;

// Identifiers of properties: MQTT 5, table 2-4.
enum MqttPropertyId : uint8_t {
  content_type = 0x03,
  session_expiry = 0x11,
  server_keep_alive = 0x13,
  reason_string = 0x1f,
  receive_maximum = 0x21,
  user_property = 0x26,
  packet_bytes_max = 0x27,
};

enum class MqttPropertyType : uint8_t { none, byte, two_bytes, four_bytes, variable, text, text_pair };

MqttPropertyType mqtt_property_type(uint8_t id) {
  switch (id) {
    case 0x01:
    case 0x17:
    case 0x19:
    case 0x24:
    case 0x25:
    case 0x28:
    case 0x29:
    case 0x2a:
      return MqttPropertyType::byte;
    case 0x13:
    case 0x21:
    case 0x22:
    case 0x23:
      return MqttPropertyType::two_bytes;
    case 0x02:
    case 0x11:
    case 0x18:
    case 0x27:
      return MqttPropertyType::four_bytes;
    case 0x0b:
      return MqttPropertyType::variable;
    case 0x03:
    case 0x08:
    case 0x09:
    case 0x12:
    case 0x15:
    case 0x16:
    case 0x1a:
    case 0x1c:
    case 0x1f:
      return MqttPropertyType::text;
    case 0x26:
      return MqttPropertyType::text_pair;
    default:
      return MqttPropertyType::none;
  }
}

struct MqttProperty {
  uint8_t id = 0;
  uint32_t number = 0;
  std::string_view text, second;
};

// Reads from the front. After the first read past the end every read gives nothing, and ok() is false.
class MqttReader {
 public:
  explicit MqttReader(std::string_view bytes) : left_(bytes) {}

  bool ok() const { return ok_; }
  bool done() const { return left_.empty(); }
  std::string_view rest() { return take(left_.size()); }

  std::string_view take(size_t bytes) {
    if (!ok_ || bytes > left_.size()) {
      ok_ = false;
      left_ = {};
      return {};
    }
    std::string_view taken = left_.substr(0, bytes);
    left_.remove_prefix(bytes);
    return taken;
  }

  uint32_t big_endian(size_t bytes) {
    uint32_t value = 0;
    for (char c : take(bytes)) value = value << 8 | static_cast<uint8_t>(c);
    return value;
  }

  std::string_view text() { return take(big_endian(2)); }

  uint32_t variable() {
    uint32_t value = 0;
    for (int at = 0; at < kVariableIntegerBytesMax; ++at) {
      uint32_t byte = big_endian(1);
      value |= (byte & 0x7f) << (7 * at);
      if ((byte & 0x80) == 0) return value;
    }
    ok_ = false;
    return 0;
  }

  MqttProperty property() {
    MqttProperty read;
    read.id = static_cast<uint8_t>(variable());
    switch (mqtt_property_type(read.id)) {
      case MqttPropertyType::none:
        ok_ = false;
        break;
      case MqttPropertyType::byte:
        read.number = big_endian(1);
        break;
      case MqttPropertyType::two_bytes:
        read.number = big_endian(2);
        break;
      case MqttPropertyType::four_bytes:
        read.number = big_endian(4);
        break;
      case MqttPropertyType::variable:
        read.number = variable();
        break;
      case MqttPropertyType::text:
        read.text = text();
        break;
      case MqttPropertyType::text_pair:
        read.text = text();
        read.second = text();
        break;
    }
    return read;
  }

 private:
  std::string_view left_;
  bool ok_ = true;
};

// The properties at the front of `packet`, one after another; false when they are malformed.
template <class Take>
bool read_mqtt_properties(MqttReader& packet, const Take& take) {
  uint32_t bytes = packet.variable();
  MqttReader properties(packet.take(bytes));
  while (packet.ok() && properties.ok() && !properties.done()) {
    MqttProperty property = properties.property();
    if (properties.ok()) take(property);
  }
  return packet.ok() && properties.ok();
}

void put_mqtt_number(std::string& out, uint32_t value, int bytes) {
  for (int at = bytes - 1; at >= 0; --at) out.push_back(static_cast<char>(value >> (8 * at)));
}

void put_mqtt_text(std::string& out, std::string_view text) {
  put_mqtt_number(out, static_cast<uint32_t>(text.size()), 2);
  out.append(text);
}

void put_mqtt_variable(std::string& out, size_t value) {
  do {
    uint8_t byte = value & 0x7f;
    value >>= 7;
    out.push_back(static_cast<char>(value > 0 ? byte | 0x80 : byte));
  } while (value > 0);
}

std::string mqtt_packet(MqttPacketType type, uint8_t flags, std::string_view body) {
  std::string out;
  out.push_back(static_cast<char>(static_cast<uint8_t>(type) << 4 | flags));
  put_mqtt_variable(out, body.size());
  return out.append(body);
}

Error malformed_mqtt(std::string_view what) {
  return Error(ErrorCode::invalid, fmt::format("malformed {} packet", what));
}

std::string mqtt_reason_with(uint8_t reason, const std::string& text) {
  return text.empty() ? mqtt_reason(reason) : fmt::format("{}: {}", mqtt_reason(reason), text);
}

}  // namespace

Result<std::optional<MqttFrame>> first_mqtt_frame(std::string_view input, size_t bytes_max) {
  MqttFrame frame;
  size_t length = 0;
  size_t at = 1;
  for (bool more = true; more; ++at) {
    if (at > kVariableIntegerBytesMax) return malformed_mqtt("(length)");
    if (at >= input.size()) return std::nullopt;
    const auto byte = static_cast<uint8_t>(input[at]);
    length |= static_cast<size_t>(byte & 0x7f) << (7 * (at - 1));
    more = (byte & 0x80) != 0;
  }
  frame.type = static_cast<MqttPacketType>(static_cast<uint8_t>(input[0]) >> 4);
  frame.flags = static_cast<uint8_t>(input[0]) & 0x0f;
  frame.bytes = at + length;
  if (frame.bytes > bytes_max)
    return Error(ErrorCode::invalid, fmt::format("a packet of {} bytes, the most is {}", frame.bytes, bytes_max));
  if (frame.bytes > input.size()) return std::nullopt;
  frame.body = input.substr(at, length);
  return frame;
}

std::string mqtt_connect_packet(const MqttConnect& connect) {
  std::string properties, body;
  properties.push_back(MqttPropertyId::session_expiry);
  put_mqtt_number(properties, connect.session_expiry_seconds, 4);
  properties.push_back(MqttPropertyId::receive_maximum);
  put_mqtt_number(properties, connect.receive_maximum, 2);
  properties.push_back(MqttPropertyId::packet_bytes_max);
  put_mqtt_number(properties, connect.packet_bytes_max, 4);

  put_mqtt_text(body, "MQTT");
  body.push_back(kProtocolVersion);
  // Bits: user name 7, password 6, clean start 1. The session of last time goes on.
  body.push_back(static_cast<char>((connect.username.empty() ? 0 : 0x80) | (connect.password.empty() ? 0 : 0x40)));
  put_mqtt_number(body, connect.keep_alive_seconds, 2);
  put_mqtt_variable(body, properties.size());
  body.append(properties);
  put_mqtt_text(body, connect.client_id);
  if (!connect.username.empty()) put_mqtt_text(body, connect.username);
  if (!connect.password.empty()) put_mqtt_text(body, connect.password);
  return mqtt_packet(MqttPacketType::connect, 0, body);
}

std::string mqtt_subscribe_packet(uint16_t packet_id, const std::vector<std::string>& filters, uint8_t qos) {
  std::string body;
  put_mqtt_number(body, packet_id, 2);
  put_mqtt_variable(body, 0);
  for (const std::string& filter : filters) {
    put_mqtt_text(body, filter);
    body.push_back(static_cast<char>(kRetainHandlingNewOnly | qos));
  }
  return mqtt_packet(MqttPacketType::subscribe, 2, body);
}

void append_mqtt_answer(std::string& out, MqttPacketType type, uint16_t packet_id) {
  out.push_back(static_cast<char>(static_cast<uint8_t>(type) << 4));
  out.push_back(2);  // without reason code and properties: a success
  put_mqtt_number(out, packet_id, 2);
}

std::string_view mqtt_pingreq_packet() { return {"\xc0\x00", 2}; }
std::string_view mqtt_disconnect_packet() { return {"\xe0\x00", 2}; }

Result<MqttConnack> read_mqtt_connack(const MqttFrame& frame) {
  MqttReader packet(frame.body);
  MqttConnack read;
  std::string text;
  read.session_present = (packet.big_endian(1) & 1) != 0;
  read.reason = static_cast<uint8_t>(packet.big_endian(1));
  // A broker that knows only older versions refuses in the older form, which has no properties.
  const bool with_properties = packet.ok() && !packet.done();
  bool good = packet.ok() && (!with_properties || read_mqtt_properties(packet, [&](const MqttProperty& property) {
                if (property.id == MqttPropertyId::server_keep_alive)
                  read.keep_alive_seconds = static_cast<uint16_t>(property.number);
                if (property.id == MqttPropertyId::session_expiry) read.session_expiry_seconds = property.number;
                if (property.id == MqttPropertyId::reason_string) text = property.text;
              }));
  if (!good || !packet.done()) return malformed_mqtt("CONNACK");
  read.reason_text = mqtt_reason_with(read.reason, text);
  return read;
}

Result<MqttPublish> read_mqtt_publish(const MqttFrame& frame) {
  MqttReader packet(frame.body);
  MqttPublish read;
  read.retained = (frame.flags & 1) != 0;
  read.qos = frame.flags >> 1 & 3;
  read.duplicate = (frame.flags & 8) != 0;
  read.topic = packet.text();
  if (read.qos > 0) read.packet_id = static_cast<uint16_t>(packet.big_endian(2));
  bool good = read_mqtt_properties(packet, [&](const MqttProperty& property) {
    if (property.id == MqttPropertyId::content_type) read.content_type = property.text;
    if (property.id == MqttPropertyId::user_property) read.user_properties.emplace_back(property.text, property.second);
  });
  // No alias was allowed, so a topic without a name is none.
  if (!good || read.qos > 2 || read.topic.empty() || (read.qos > 0 && read.packet_id == 0))
    return malformed_mqtt("PUBLISH");
  read.payload = packet.rest();
  return read;
}

Result<MqttSuback> read_mqtt_suback(const MqttFrame& frame) {
  MqttReader packet(frame.body);
  MqttSuback read;
  read.packet_id = static_cast<uint16_t>(packet.big_endian(2));
  if (!read_mqtt_properties(packet, [](const MqttProperty&) {})) return malformed_mqtt("SUBACK");
  for (char code : packet.rest()) read.codes.push_back(static_cast<uint8_t>(code));
  return read;
}

Result<MqttDisconnect> read_mqtt_disconnect(const MqttFrame& frame) {
  MqttReader packet(frame.body);
  MqttDisconnect read;
  std::string text;
  if (!packet.done()) read.reason = static_cast<uint8_t>(packet.big_endian(1));
  if (!packet.done() && !read_mqtt_properties(packet, [&](const MqttProperty& property) {
        if (property.id == MqttPropertyId::reason_string) text = property.text;
      }))
    return malformed_mqtt("DISCONNECT");
  read.reason_text = mqtt_reason_with(read.reason, text);
  return read;
}

Result<uint16_t> read_mqtt_packet_id(const MqttFrame& frame) {
  MqttReader packet(frame.body);
  auto id = static_cast<uint16_t>(packet.big_endian(2));
  if (!packet.ok() || id == 0) return malformed_mqtt("acknowledgement");
  return id;
}

std::string mqtt_reason(uint8_t code) {
  struct Reason {
    uint8_t code;
    std::string_view text;
  };
  // Codes below 0x10 with a failure's meaning are those of CONNACK in MQTT 3.1.1.
  static constexpr auto kReasons = std::to_array<Reason>({
      {0x00, "success"},
      {0x01, "the broker speaks no MQTT 5"},
      {0x04, "disconnect with will"},
      {0x80, "unspecified error"},
      {0x81, "malformed packet"},
      {0x82, "protocol error"},
      {0x83, "implementation specific error"},
      {0x84, "the broker speaks no MQTT 5"},
      {0x85, "client id not valid"},
      {0x86, "bad user name or password"},
      {0x87, "not authorized"},
      {0x88, "server unavailable"},
      {0x89, "server busy"},
      {0x8a, "banned"},
      {0x8b, "server shutting down"},
      {0x8c, "bad authentication method"},
      {0x8d, "keep alive timeout"},
      {0x8e, "session taken over: another client has the same group"},
      {0x8f, "topic filter invalid"},
      {0x90, "topic name invalid"},
      {0x91, "packet identifier in use"},
      {0x93, "receive maximum exceeded"},
      {0x95, "packet too large"},
      {0x96, "message rate too high"},
      {0x97, "quota exceeded"},
      {0x98, "administrative action"},
      {0x9a, "retain not supported"},
      {0x9b, "QoS not supported"},
      {0x9c, "use another server"},
      {0x9d, "server moved"},
      {0x9e, "shared subscriptions not supported"},
      {0x9f, "connection rate exceeded"},
      {0xa0, "maximum connect time"},
      {0xa1, "subscription identifiers not supported"},
      {0xa2, "wildcard subscriptions not supported"},
  });
  const auto* found =
      std::find_if(kReasons.begin(), kReasons.end(), [&](const Reason& one) { return one.code == code; });
  return found == kReasons.end() ? fmt::format("reason {:#04x}", code) : std::string(found->text);
}

std::string_view mqtt_filter_fault(std::string_view filter) {
  constexpr std::string_view kShared = "$share/";
  if (filter.size() > kMqttTextBytesMax) return "is longer than 65535 bytes";
  if (filter.find('\0') != std::string_view::npos) return "has a NUL";
  if (filter.starts_with(kShared)) {
    size_t slash = filter.find('/', kShared.size());
    if (slash == std::string_view::npos || slash == kShared.size()) return "is not $share/NAME/FILTER";
    if (filter.substr(0, slash).find_first_of("+#") != std::string_view::npos)
      return "has a wildcard in its share name";
    filter.remove_prefix(slash + 1);
  }
  if (filter.empty()) return "is empty";
  for (size_t at = 0; at < filter.size(); ++at) {
    if (filter[at] != '#' && filter[at] != '+') continue;
    const bool starts_level = at == 0 || filter[at - 1] == '/';
    const bool ends_level = at + 1 == filter.size() || filter[at + 1] == '/';
    if (!starts_level || !ends_level) return "has a wildcard that is not a whole level";
    if (filter[at] == '#' && at + 1 != filter.size()) return "has a # that is not its last level";
  }
  return {};
}

}  // namespace tributary
