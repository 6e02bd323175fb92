// What the log keeps of an event: an envelope with all that the fold needs, then the event's own bytes, untouched.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/domain/event.h"
#include "engine/domain/rejection.h"

namespace tributary {

/// Stored: never renumber; the numbers of kinds that are not written yet are reserved.
enum class RecordKind : uint8_t {
  event = 1,
  rejected_event = 2,
  assertion = 3,
  rule_set = 4,
  fold_settings = 5,
  watermark = 6,
  erasure = 7,
  activate_fold_version = 8,
  internal_message = 9,
  erased = 10,
  frontier = 11,
  position = 12,
  rfm_scale = 13,
  workspace_fact = 14,  // domain/workspace_fact.h
  profile_change = 15,  // domain/profile_change.h
};

/// One record on its way into the log.
struct Record {
  RecordKind kind = RecordKind::event;
  WorkspaceId workspace;
  PartitionId partition;
  Timestamp received_at;
  std::string payload;  // 1 byte .. kRecordPayloadMax
};

// An event of 512 KiB, its traits a second time, and its envelope must fit.
constexpr size_t kRecordPayloadMax = 2 << 20;
// What is kept of a rejected item's bytes.
constexpr size_t kRejectedRawMax = 512 << 10;

/// One record as the log gives it back. Lifetime: `payload` lives as long as the batch or read that gave it.
struct RecordView {
  Lsn lsn;
  RecordKind kind = RecordKind::event;
  WorkspaceId workspace;
  PartitionId partition;
  Timestamp received_at;
  std::string_view payload;
};

/// An identifier inside an envelope.
struct RecordIdentifier {
  Hash128 hash;
  Trust trust;
  IdentifierFamily family;
  std::string_view platform;
  std::string_view value;
};

struct RecordTrait {
  TraitOperation operation;
  std::string_view key;
  std::string_view value_json;
};

/// A decoded event payload. Lifetime: every view points into the record's payload.
struct EventView {
  std::string_view source;
  std::string_view message_id;
  Hash128 message_hash;  // keyed hash of (source, message id): decides duplicates
  EventType type;
  std::string_view name;
  std::string_view channel;
  std::string_view touchpoint;
  Timestamp occurred_at;
  uint8_t flags = 0;
  Hash128 evidence;  // keyed hash of the sorted (identifier hash, trust) list; zero when there are no identifiers
  std::vector<RecordIdentifier> identifiers;
  std::vector<RecordTrait> traits;
  std::optional<RecordOrder> order;
  std::vector<RecordFact> facts;
  std::string_view json;
};

struct RejectedView {
  std::string_view source;
  std::string_view message_id;
  Hash128 message_hash;  // zero when the item had no message id
  RejectionCode code;
  std::string_view message;
  std::string_view path;
  std::string_view raw;
};

/// Payload layout, version 3 (integers big-endian, text = varint length + bytes):
///
///   event:    u8 version | u8 type | u8 flags | i64 occurred_at | 16 message hash | 16 evidence | text source |
///             text message_id | text name | text channel | text touchpoint |
///             varint n { u8 family | u8 trust | 16 hash | text platform | text value } |
///             varint n { u8 operation | text key | text value_json } |
///             u8 0, or the order: u8 act | 16 hash | text namespace | text id | text refund_id | text refund_amount |
///             varint n { u8 field | text value } |
///             varint n { u8 kind | u8 act | u8 trust | 16 subject | text subject_text |
///                        varint n { u8 field | text value } } |
///             rest: the event's own JSON.  Version 2 has no touchpoint and no facts, version 1 nothing of orders
///             either.
///   rejected: u8 version | u8 code | 16 message hash | text source | text message_id | text message | text path |
///             rest: the item's own bytes
void encode_event(const Event& event, const KeyedHash& index_key, std::string& payload);
void encode_rejected(const Rejected& rejected, const KeyedHash& index_key, std::string& payload);

/// Errors: corrupt for an unknown version or a cut payload. `into` is reused to save allocations.
Result<void> decode_event(std::string_view payload, EventView& into);
Result<RejectedView> decode_rejected(std::string_view payload);

/// Keyed hash of (source, message id): the subject of deduplication.
Hash128 message_hash(const KeyedHash& index_key, std::string_view source, std::string_view message_id);

}  // namespace tributary
