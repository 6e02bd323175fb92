// Every key and value layout of the state, in one file. Keys are big-endian, so that a range is a prefix, and hold
// keyed hashes only: no personal data, because keys outlive deletion in the store's own files.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/strong_id.h"
#include "engine/domain/record.h"
#include "engine/identity/container.h"

namespace tributary {

/// Column families. Names on disk are fixed.
enum class Family : uint8_t {
  meta,       // "applied" -> AppliedState;  "format" -> u8
  out,        // reserved: messages not yet acknowledged by the log
  vertex,     // ws u32 | H(v) 16                              -> VertexRow
  value,      // ws u32 | H(v) 16                              -> IdentifierValue
  container,  // ws u32 | root 16 | 00                         -> ContainerSummary
              // ws u32 | root 16 | 01 | H(s) 16               -> Evidence
  fragment,   // ws u32 | H(home) 16 | H(s) 16                 -> Fragment (profile/fragment.h)
  dedup,      // ws u32 | H(source, mid) 16                    -> DedupRow
  timeline,   // ws u32 | H(home) 16 | ~at i64 | ~lsn u64      -> TimelineRow
  rejected,   // ws u32 | ~received_at i64 | ~lsn u64          -> RejectedRow
  history,    // reserved: change records
};
constexpr size_t kFamilyCount = 10;
std::string_view family_name(Family family);

/// Where an identifier's customers are computed.
struct VertexRow {
  KindCode kind = 0;
  Hash128 root;
};

struct IdentifierValue {
  IdentifierKind kind;
  std::string value;
};

struct DedupRow {
  Timestamp received_at;
  uint32_t content_crc = 0;  // of the event's own bytes: tells a conflicting duplicate from a plain one
};

struct TimelineRow {
  Timestamp received_at;
  Hash128 evidence;
  EventType type = EventType::track;
  uint32_t source_crc = 0;  // pre-filters; the record decides
  uint32_t name_crc = 0;
};

struct RejectedRow {
  RejectionCode code = RejectionCode::invalid_field;
  uint32_t source_crc = 0;
};

/// Written in every batch: the pivot of atomicity.
struct AppliedState {
  Lsn lsn;
  Timestamp received_at;  // of that record: log time
  uint64_t customers = 0;
  uint64_t identifiers = 0;
  uint64_t containers = 0;
  uint64_t containers_not_simple = 0;
};

constexpr uint8_t kStateFormat = 2;
constexpr std::string_view kAppliedKey = "applied";
constexpr std::string_view kFormatKey = "format";

/// ws | id: keys of vertex, value and dedup, and the prefix of a container or a home.
std::string id_key(WorkspaceId workspace, const Hash128& id);
std::string container_header_key(WorkspaceId workspace, const Hash128& root);
std::string container_evidence_key(WorkspaceId workspace, const Hash128& root, const Hash128& evidence);
std::string fragment_key(WorkspaceId workspace, const Hash128& home, const Hash128& evidence);
std::string timeline_key(WorkspaceId workspace, const Hash128& home, Timestamp at, Lsn lsn);
std::string rejected_prefix(WorkspaceId workspace);
std::string rejected_key(WorkspaceId workspace, Timestamp received_at, Lsn lsn);

/// Position of an entry on a timeline: newest first, of one time the last received first.
struct TimelinePosition {
  Timestamp at;
  Lsn lsn;
};
/// Of a whole timeline key. The caller passes keys of that family only.
TimelinePosition timeline_position(std::string_view key);
struct RejectedPosition {
  Timestamp received_at;
  Lsn lsn;
};
RejectedPosition rejected_position(std::string_view key);

void encode(const VertexRow& row, std::string& out);
void encode(const IdentifierValue& row, std::string& out);
void encode(const DedupRow& row, std::string& out);
void encode(const TimelineRow& row, std::string& out);
void encode(const RejectedRow& row, std::string& out);
void encode(const AppliedState& row, std::string& out);
void encode(const ContainerSummary& row, std::string& out);
/// The evidence's hash stands in the key.
void encode(const Evidence& row, std::string& out);

/// Errors: corrupt, naming the layout.
Result<VertexRow> decode_vertex(std::string_view bytes);
Result<IdentifierValue> decode_identifier_value(std::string_view bytes);
Result<DedupRow> decode_dedup(std::string_view bytes);
Result<TimelineRow> decode_timeline(std::string_view bytes);
Result<RejectedRow> decode_rejected_row(std::string_view bytes);
Result<AppliedState> decode_applied(std::string_view bytes);
Result<ContainerSummary> decode_summary(std::string_view bytes);
Result<Evidence> decode_evidence(const Hash128& hash, std::string_view bytes);

}  // namespace tributary
