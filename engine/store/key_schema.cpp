#include "engine/store/key_schema.h"

#include "engine/base/bytes.h"

namespace tributary {
namespace {

constexpr uint8_t kRowVersion = 1;
constexpr uint8_t kContainerHeader = 0;
constexpr uint8_t kContainerEvidence = 1;

Hash128 read_hash(ByteReader& in) {
  std::string_view bytes = in.raw(16);
  return bytes.size() == 16 ? Hash128::from_bytes(bytes) : Hash128{};
}

Error damaged(std::string_view layout) {
  return Error{ErrorCode::corrupt, "state row '" + std::string(layout) + "' cannot be read"};
}

// Opens a row of one layout: the version byte first.
bool open_row(ByteReader& in) { return in.u8() == kRowVersion; }

bool closed(const ByteReader& in) { return in.ok() && in.at_end(); }

}  // namespace

std::string_view family_name(Family family) {
  switch (family) {
    case Family::meta:
      return "meta";
    case Family::out:
      return "out";
    case Family::vertex:
      return "vert";
    case Family::value:
      return "val";
    case Family::container:
      return "cont";
    case Family::fragment:
      return "frag";
    case Family::dedup:
      return "dedup";
    case Family::timeline:
      return "event";
    case Family::rejected:
      return "rejected";
    case Family::history:
      return "hist";
  }
  return "unknown";
}

std::string id_key(WorkspaceId workspace, const Hash128& id) {
  std::string key;
  key.reserve(64);
  ByteWriter out(key);
  out.u32(workspace.value());
  out.raw(id.view());
  return key;
}

std::string container_header_key(WorkspaceId workspace, const Hash128& root) {
  std::string key = id_key(workspace, root);
  ByteWriter(key).u8(kContainerHeader);
  return key;
}

std::string container_evidence_key(WorkspaceId workspace, const Hash128& root, const Hash128& evidence) {
  std::string key = id_key(workspace, root);
  ByteWriter out(key);
  out.u8(kContainerEvidence);
  out.raw(evidence.view());
  return key;
}

std::string fragment_key(WorkspaceId workspace, const Hash128& home, const Hash128& evidence) {
  std::string key = id_key(workspace, home);
  key += evidence.view();
  return key;
}

std::string timeline_key(WorkspaceId workspace, const Hash128& home, Timestamp at, Lsn lsn) {
  std::string key = id_key(workspace, home);
  ByteWriter out(key);
  out.i64(~at.micros);
  out.u64(~lsn.value());
  return key;
}

std::string rejected_prefix(WorkspaceId workspace) {
  std::string key;
  ByteWriter(key).u32(workspace.value());
  return key;
}

std::string rejected_key(WorkspaceId workspace, Timestamp received_at, Lsn lsn) {
  std::string key = rejected_prefix(workspace);
  ByteWriter out(key);
  out.i64(~received_at.micros);
  out.u64(~lsn.value());
  return key;
}

TimelinePosition timeline_position(std::string_view key) {
  ByteReader in(key);
  in.raw(4 + 16);
  Timestamp at{~in.i64()};
  return {at, Lsn{~in.u64()}};
}

RejectedPosition rejected_position(std::string_view key) {
  ByteReader in(key);
  in.raw(4);
  Timestamp received_at{~in.i64()};
  return {received_at, Lsn{~in.u64()}};
}

void encode(const VertexRow& row, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kRowVersion);
  out.u64(row.kind);
  out.raw(row.root.view());
}

void encode(const IdentifierValue& row, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kRowVersion);
  out.u8(static_cast<uint8_t>(row.kind.family));
  out.text(row.kind.platform);
  out.text(row.value);
}

void encode(const DedupRow& row, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kRowVersion);
  out.i64(row.received_at.micros);
  out.u32(row.content_crc);
}

void encode(const TimelineRow& row, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kRowVersion);
  out.i64(row.received_at.micros);
  out.raw(row.evidence.view());
  out.u8(static_cast<uint8_t>(row.type));
  out.u32(row.source_crc);
  out.u32(row.name_crc);
}

void encode(const RejectedRow& row, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kRowVersion);
  out.u8(static_cast<uint8_t>(row.code));
  out.u32(row.source_crc);
}

void encode(const AppliedState& row, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kRowVersion);
  out.u64(row.lsn.value());
  out.i64(row.received_at.micros);
  out.u64(row.customers);
  out.u64(row.identifiers);
  out.u64(row.containers);
  out.u64(row.containers_not_simple);
}

void encode(const ContainerSummary& row, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kRowVersion);
  out.u8(row.simple ? 1 : 0);
  out.varint(row.strong);
  out.varint(row.verified_strong);
  out.varint(row.weak_links);
  out.varint(row.evidence);
  out.varint(row.customers);
  out.varint(row.refused_limit);
  out.varint(row.refused_trust);
  out.varint(row.kinds.size());
  for (const auto& [kind, count] : row.kinds) {
    out.u64(kind);
    out.varint(count);
  }
}

void encode(const Evidence& row, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kRowVersion);
  out.i64(row.first.at.micros);
  out.text(row.first.message_id);
  out.varint(row.members.size());
  for (const EvidenceMember& member : row.members) {
    out.raw(member.id.view());
    out.u64(member.kind);
    out.u8(static_cast<uint8_t>(member.trust));
  }
}

Result<VertexRow> decode_vertex(std::string_view bytes) {
  ByteReader in(bytes);
  if (!open_row(in)) return damaged("vertex");
  VertexRow row;
  row.kind = in.u64();
  row.root = read_hash(in);
  if (!closed(in)) return damaged("vertex");
  return row;
}

Result<IdentifierValue> decode_identifier_value(std::string_view bytes) {
  ByteReader in(bytes);
  if (!open_row(in)) return damaged("value");
  IdentifierValue row;
  row.kind.family = static_cast<IdentifierFamily>(in.u8());
  row.kind.platform = in.text();
  row.value = in.text();
  if (!closed(in)) return damaged("value");
  return row;
}

Result<DedupRow> decode_dedup(std::string_view bytes) {
  ByteReader in(bytes);
  if (!open_row(in)) return damaged("dedup");
  DedupRow row;
  row.received_at = Timestamp{in.i64()};
  row.content_crc = in.u32();
  if (!closed(in)) return damaged("dedup");
  return row;
}

Result<TimelineRow> decode_timeline(std::string_view bytes) {
  ByteReader in(bytes);
  if (!open_row(in)) return damaged("timeline");
  TimelineRow row;
  row.received_at = Timestamp{in.i64()};
  row.evidence = read_hash(in);
  row.type = static_cast<EventType>(in.u8());
  row.source_crc = in.u32();
  row.name_crc = in.u32();
  if (!closed(in)) return damaged("timeline");
  return row;
}

Result<RejectedRow> decode_rejected_row(std::string_view bytes) {
  ByteReader in(bytes);
  if (!open_row(in)) return damaged("rejected");
  RejectedRow row;
  row.code = static_cast<RejectionCode>(in.u8());
  row.source_crc = in.u32();
  if (!closed(in)) return damaged("rejected");
  return row;
}

Result<AppliedState> decode_applied(std::string_view bytes) {
  ByteReader in(bytes);
  if (!open_row(in)) return damaged("applied");
  AppliedState row;
  row.lsn = Lsn{in.u64()};
  row.received_at = Timestamp{in.i64()};
  row.customers = in.u64();
  row.identifiers = in.u64();
  row.containers = in.u64();
  row.containers_not_simple = in.u64();
  if (!closed(in)) return damaged("applied");
  return row;
}

Result<ContainerSummary> decode_summary(std::string_view bytes) {
  ByteReader in(bytes);
  if (!open_row(in)) return damaged("container");
  ContainerSummary row;
  row.simple = in.u8() != 0;
  row.strong = static_cast<uint32_t>(in.varint());
  row.verified_strong = static_cast<uint32_t>(in.varint());
  row.weak_links = static_cast<uint32_t>(in.varint());
  row.evidence = static_cast<uint32_t>(in.varint());
  row.customers = static_cast<uint32_t>(in.varint());
  row.refused_limit = static_cast<uint32_t>(in.varint());
  row.refused_trust = static_cast<uint32_t>(in.varint());
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    KindCode kind = in.u64();
    row.kinds.push_back({kind, static_cast<uint32_t>(in.varint())});
  }
  if (!closed(in)) return damaged("container");
  return row;
}

Result<Evidence> decode_evidence(const Hash128& hash, std::string_view bytes) {
  ByteReader in(bytes);
  if (!open_row(in)) return damaged("evidence");
  Evidence row;
  row.hash = hash;
  row.first.at = Timestamp{in.i64()};
  row.first.message_id = in.text();
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    EvidenceMember member;
    member.id = read_hash(in);
    member.kind = in.u64();
    member.trust = static_cast<Trust>(in.u8());
    row.members.push_back(member);
  }
  if (!closed(in) || row.members.empty()) return damaged("evidence");
  return row;
}

}  // namespace tributary
