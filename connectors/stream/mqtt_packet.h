// The packets of MQTT 5 that a subscriber exchanges. Pure functions over bytes; every read is checked against the end.
//
// Source: OASIS "MQTT Version 5.0", chapters 2 and 3.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/base/result.h"

namespace tributary {

enum class MqttPacketType : uint8_t {
  connect = 1,
  connack = 2,
  publish = 3,
  puback = 4,
  pubrec = 5,
  pubrel = 6,
  pubcomp = 7,
  subscribe = 8,
  suback = 9,
  pingreq = 12,
  pingresp = 13,
  disconnect = 14,
};

constexpr uint8_t kMqttRefusedFrom = 0x80;  // reason codes from here on tell a failure
constexpr size_t kMqttTextBytesMax = 65'535;

/// One packet as it lies in the input. Lifetime of the view: the input's.
struct MqttFrame {
  MqttPacketType type{};
  uint8_t flags = 0;
  std::string_view body;
  size_t bytes = 0;  // with its header
};

/// The first packet of the input; nothing when it is not there as a whole. Errors: invalid, when this is no packet or a
/// longer one than `bytes_max`.
Result<std::optional<MqttFrame>> first_mqtt_frame(std::string_view input, size_t bytes_max);

struct MqttConnect {
  std::string_view client_id, username, password;  // empty: not sent
  uint16_t keep_alive_seconds = 0;
  uint32_t session_expiry_seconds = 0;
  uint16_t receive_maximum = 0;
  uint32_t packet_bytes_max = 0;
};

struct MqttConnack {
  bool session_present = false;
  uint8_t reason = 0;
  std::string reason_text;                     // of the broker, or ours for its code
  std::optional<uint16_t> keep_alive_seconds;  // where the broker wants another one
  std::optional<uint32_t> session_expiry_seconds;
};

struct MqttPublish {
  std::string_view topic, payload, content_type;
  uint8_t qos = 0;
  bool retained = false, duplicate = false;
  uint16_t packet_id = 0;  // 0 at QoS 0
  std::vector<std::pair<std::string_view, std::string_view>> user_properties;
};

struct MqttSuback {
  uint16_t packet_id = 0;
  std::vector<uint8_t> codes;  // granted QoS or a refusal, by topic filter
};

struct MqttDisconnect {
  uint8_t reason = 0;
  std::string reason_text;
};

std::string mqtt_connect_packet(const MqttConnect& connect);
/// Filters of at most kMqttTextBytesMax bytes. Retained messages are wanted only where the subscription is a new one.
std::string mqtt_subscribe_packet(uint16_t packet_id, const std::vector<std::string>& filters, uint8_t qos);
/// PUBACK, PUBREC or PUBCOMP, as a success.
void append_mqtt_answer(std::string& out, MqttPacketType type, uint16_t packet_id);
std::string_view mqtt_pingreq_packet();
std::string_view mqtt_disconnect_packet();  // normal: the session stays as long as was agreed

/// Errors of all: invalid, with what is wrong with the packet. Views point into the frame.
Result<MqttConnack> read_mqtt_connack(const MqttFrame& frame);
Result<MqttPublish> read_mqtt_publish(const MqttFrame& frame);
Result<MqttSuback> read_mqtt_suback(const MqttFrame& frame);
Result<MqttDisconnect> read_mqtt_disconnect(const MqttFrame& frame);
/// Of PUBACK, PUBREC, PUBREL and PUBCOMP.
Result<uint16_t> read_mqtt_packet_id(const MqttFrame& frame);

/// A reason code in words.
std::string mqtt_reason(uint8_t code);

/// What is wrong with a topic filter, `$share/NAME/...` too; empty: nothing.
std::string_view mqtt_filter_fault(std::string_view filter);

}  // namespace tributary
