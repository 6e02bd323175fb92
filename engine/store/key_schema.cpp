#include "engine/store/key_schema.h"

#include "engine/base/hash_bytes.h"

namespace tributary {
namespace {

constexpr uint8_t kRowVersion = 1;
constexpr uint8_t kContainerHeader = 0;
constexpr uint8_t kContainerEvidence = 1;
constexpr uint8_t kContainerMark = 2;
constexpr uint8_t kContainerPair = 3;
constexpr uint8_t kContainerEnd = 4;
constexpr uint8_t kChange = 0;
constexpr uint8_t kChangeOfCustomer = 1;
constexpr uint8_t kFeed = 2;
constexpr uint8_t kTold = 3;
constexpr uint8_t kMarkForeign = 0x80;  // beside OutFlags
constexpr uint8_t kMarkDecided = 0x40;
constexpr uint8_t kGeneration = 0x80;       // beside a family
constexpr uint8_t kEvidenceDivided = 0x80;  // beside 0, or 1 + EvidenceState

Error damaged(std::string_view layout) {
  return Error{ErrorCode::corrupt, "state row '" + std::string(layout) + "' cannot be read"};
}

// Opens a row of one layout: the version byte first.
bool open_row(ByteReader& in) { return in.u8() == kRowVersion; }

bool closed(const ByteReader& in) { return in.ok() && in.at_end(); }

void write(const std::vector<Hash128>& hashes, ByteWriter& out) {
  out.varint(hashes.size());
  for (const Hash128& hash : hashes) out.raw(hash.view());
}

std::vector<Hash128> read_hashes(ByteReader& in) {
  std::vector<Hash128> hashes;
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) hashes.push_back(read_hash(in));
  return hashes;
}

void write(const IdentifierKind& kind, ByteWriter& out) {
  out.u8(static_cast<uint8_t>(kind.family));
  out.text(kind.platform);
}

IdentifierKind read_kind(ByteReader& in) {
  IdentifierKind kind;
  kind.family = static_cast<IdentifierFamily>(in.u8());
  kind.platform = in.text();
  return kind;
}

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
    case Family::order:
      return "order";
    case Family::fact:
      return "fact";
    case Family::measure:
      return "measure";
    case Family::dedup:
      return "dedup";
    case Family::timeline:
      return "event";
    case Family::rejected:
      return "rejected";
    case Family::history:
      return "hist";
    case Family::hub:
      return "hub";
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

std::string workspace_prefix(WorkspaceId workspace) {
  std::string key;
  ByteWriter(key).u32(workspace.value());
  return key;
}

std::string rules_key(WorkspaceId workspace) { return "rules" + workspace_prefix(workspace); }

std::string sweep_key(WorkspaceId workspace) { return std::string(kSweepPrefix) + workspace_prefix(workspace); }

std::string cut_prefix(WorkspaceId workspace) { return std::string(kCutPrefix) + workspace_prefix(workspace); }

std::string cut_prefix(WorkspaceId workspace, const Hash128& identifier) {
  std::string key = cut_prefix(workspace);
  key += identifier.view();
  return key;
}

std::string cut_key(WorkspaceId workspace, const Hash128& identifier, Timestamp at) {
  std::string key = cut_prefix(workspace, identifier);
  ByteWriter(key).i64(at.micros);
  return key;
}

WorkspaceId cut_workspace(std::string_view key) {
  ByteReader in(key.substr(kCutPrefix.size()));
  return WorkspaceId{in.u32()};
}

std::string gone_key(WorkspaceId workspace, const Hash128& id) {
  return std::string(kGonePrefix) + id_key(workspace, id);
}

std::string suppressed_key(WorkspaceId workspace, const Hash128& said) {
  return std::string(kSuppressedPrefix) + id_key(workspace, said);
}

ErasedKey erased_key(std::string_view key, std::string_view prefix) {
  ByteReader in(key.substr(prefix.size()));
  WorkspaceId workspace{in.u32()};
  return {workspace, read_hash(in)};
}

std::string erasure_prefix(WorkspaceId workspace) { return "erasure" + workspace_prefix(workspace); }

std::string erasure_key(WorkspaceId workspace, Lsn lsn) {
  std::string key = erasure_prefix(workspace);
  ByteWriter(key).u64(lsn.value());
  return key;
}

std::string position_prefix(WorkspaceId workspace) { return "position" + workspace_prefix(workspace); }

std::string rfm_scale_key(WorkspaceId workspace) { return "rfm" + workspace_prefix(workspace); }
std::string workspace_facts_key(WorkspaceId workspace) { return "facts" + workspace_prefix(workspace); }

std::string position_key(WorkspaceId workspace, const SourcePosition& position) {
  std::string subject;
  ByteWriter(subject).text(position.source);
  subject += position.stream;
  std::string key = position_prefix(workspace);
  key += Hash128::from_bytes(sha256(subject)).view();
  return key;
}

std::string evidence_register_key(WorkspaceId workspace, const Hash128& said) {
  std::string key = "evidence" + workspace_prefix(workspace);
  key += said.view();
  return key;
}

std::string container_header_key(WorkspaceId workspace, const Hash128& root) {
  std::string key = id_key(workspace, root);
  ByteWriter(key).u8(kContainerHeader);
  return key;
}

std::string container_end(WorkspaceId workspace, const Hash128& root) {
  std::string key = id_key(workspace, root);
  ByteWriter(key).u8(kContainerEnd);
  return key;
}

std::string container_evidence_key(WorkspaceId workspace, const Hash128& root, const Hash128& evidence) {
  std::string key = id_key(workspace, root);
  ByteWriter out(key);
  out.u8(kContainerEvidence);
  out.raw(evidence.view());
  return key;
}

std::string container_mark_key(WorkspaceId workspace, const Hash128& root, const Hash128& member) {
  std::string key = id_key(workspace, root);
  ByteWriter out(key);
  out.u8(kContainerMark);
  out.raw(member.view());
  return key;
}

std::string container_pair_key(WorkspaceId workspace, const Hash128& root, const Hash128& a, const Hash128& b) {
  std::string key = id_key(workspace, root);
  ByteWriter out(key);
  out.u8(kContainerPair);
  out.raw(a.view());
  out.raw(b.view());
  return key;
}

std::string hub_evidence_key(WorkspaceId workspace, const Hash128& hub, const Hash128& evidence) {
  std::string key = id_key(workspace, hub);
  key += evidence.view();
  return key;
}

std::string change_prefix(WorkspaceId workspace) {
  std::string key = workspace_prefix(workspace);
  ByteWriter(key).u8(kChange);
  return key;
}

std::string change_key(WorkspaceId workspace, Lsn lsn, uint32_t index) {
  std::string key = change_prefix(workspace);
  ByteWriter out(key);
  out.u64(lsn.value());
  out.u32(index);
  return key;
}

std::string change_of_prefix(WorkspaceId workspace, const Hash128& customer) {
  std::string key = workspace_prefix(workspace);
  ByteWriter out(key);
  out.u8(kChangeOfCustomer);
  out.raw(customer.view());
  return key;
}

std::string change_of_key(WorkspaceId workspace, const Hash128& customer, Lsn lsn, uint32_t index) {
  std::string key = change_of_prefix(workspace, customer);
  ByteWriter out(key);
  out.u64(lsn.value());
  out.u32(index);
  return key;
}

ChangePosition change_position(std::string_view key) {
  ByteReader in(key);
  in.raw(key.size() - 12);
  Lsn lsn{in.u64()};
  return {lsn, in.u32()};
}

std::string feed_prefix(WorkspaceId workspace) {
  std::string key = workspace_prefix(workspace);
  ByteWriter(key).u8(kFeed);
  return key;
}

std::string feed_key(WorkspaceId workspace, Lsn lsn) {
  std::string key = feed_prefix(workspace);
  ByteWriter(key).u64(lsn.value());
  return key;
}

std::string feed_trimmed_key(WorkspaceId workspace) { return "feed" + workspace_prefix(workspace); }

std::string told_key(WorkspaceId workspace, const Hash128& customer, WatchedFigure figure) {
  std::string key = workspace_prefix(workspace);
  ByteWriter out(key);
  out.u8(kTold);
  out.raw(customer.view());
  out.u8(static_cast<uint8_t>(figure));
  return key;
}

Lsn feed_position(std::string_view key) { return Lsn{ByteReader(key.substr(key.size() - 8)).u64()}; }

std::string fragment_key(WorkspaceId workspace, const Hash128& home, const Hash128& evidence) {
  std::string key = id_key(workspace, home);
  key += evidence.view();
  return key;
}

std::string order_key(WorkspaceId workspace, const Hash128& home, const Hash128& evidence, const Hash128& order) {
  std::string key = fragment_key(workspace, home, evidence);
  key += order.view();
  return key;
}

OrderPosition order_position(std::string_view key) {
  key.remove_prefix(4 + 16);
  return {Hash128::from_bytes(key.substr(0, 16)), Hash128::from_bytes(key.substr(16, 16))};
}

std::string fact_prefix(WorkspaceId workspace, const Hash128& home, const Hash128& evidence, FactKind kind) {
  std::string key = fragment_key(workspace, home, evidence);
  ByteWriter(key).u8(static_cast<uint8_t>(kind));
  return key;
}

std::string fact_key(WorkspaceId workspace, const Hash128& home, const Hash128& evidence, const Fact& fact) {
  std::string key = fact_prefix(workspace, home, evidence, fact.kind);
  ByteWriter out(key);
  out.raw(fact.subject.view());
  out.i64(fact.at.micros);
  out.raw(fact.message.view());
  return key;
}

void read_fact_key(std::string_view key, Fact& fact) {
  ByteReader in(key);
  in.raw(4 + 16 + 16);
  fact.kind = static_cast<FactKind>(in.u8());
  fact.subject = read_hash(in);
  fact.at = Timestamp{in.i64()};
  fact.message = read_hash(in);
}

std::string measure_prefix(WorkspaceId workspace, const Hash128& home, const Hash128& evidence,
                           const Hash128& measure) {
  std::string key = fragment_key(workspace, home, evidence);
  ByteWriter(key).raw(measure.view());
  return key;
}

std::string measure_key(std::string_view prefix, Timestamp at, const Hash128& message) {
  std::string key(prefix);
  ByteWriter out(key);
  out.i64(at.micros);
  out.raw(message.view());
  return key;
}

MeasurePosition measure_position(std::string_view key) {
  ByteReader in(key);
  in.raw(4 + 16 + 16);
  MeasurePosition position;
  position.measure = read_hash(in);
  position.at = Timestamp{in.i64()};
  position.message = read_hash(in);
  return position;
}

std::string timeline_key(WorkspaceId workspace, const Hash128& home, Timestamp at, Lsn lsn) {
  return id_key(workspace, home) + newest_first_suffix({at, lsn});
}

std::string rejected_prefix(WorkspaceId workspace) { return workspace_prefix(workspace); }

std::string rejected_key(WorkspaceId workspace, Timestamp received_at, Lsn lsn) {
  return rejected_prefix(workspace) + newest_first_suffix({received_at, lsn});
}

std::string newest_first_suffix(const NewestFirst& position) {
  std::string suffix;
  ByteWriter out(suffix);
  out.i64(~position.at.micros);
  out.u64(~position.lsn.value());
  return suffix;
}

NewestFirst newest_first_position(std::string_view key) {
  ByteReader in(key.substr(key.size() - kNewestFirstBytes));
  Timestamp at{~in.i64()};
  return {at, Lsn{~in.u64()}};
}

void encode(const VertexRow& row, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kRowVersion);
  out.u64(row.kind);
  out.raw(row.root.view());
  out.u8(static_cast<uint8_t>(row.out | (row.decided ? kMarkDecided : 0)));
}

void encode(const IdentifierValue& row, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kRowVersion);
  out.u8(static_cast<uint8_t>(static_cast<int>(row.kind.family) | (row.from ? kGeneration : 0)));
  out.text(row.kind.platform);
  out.text(row.value);
  if (!row.from) return;
  out.i64(row.from->micros);
  out.raw(row.origin.view());
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
  out.u64(row.hubs);
}

void encode(const MeasuresRow& row, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kRowVersion);
  write(row.measures, out);
}

void encode(const ContainerSummary& row, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kRowVersion);
  out.u8(row.simple ? 1 : 0);
  out.varint(row.strong);
  out.varint(row.verified_strong);
  out.varint(row.weak_links);
  out.varint(row.evidence);
  out.varint(row.out);
  out.varint(row.decisions);
  out.varint(row.rules_version);
  out.varint(row.customers);
  out.varint(row.refused_cannot);
  out.varint(row.refused_trust);
  out.varint(row.refused_limit);
  out.varint(row.refused_window);
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
  out.text(row.first.source);
  out.i64(row.last_at.micros);
  bool divided = row.divided_from != Hash128{};
  int decided = row.decided ? 1 + static_cast<int>(row.decided->state) : 0;
  out.u8(static_cast<uint8_t>(decided | (divided ? kEvidenceDivided : 0)));
  if (row.decided) write(row.decided->decision, out);
  if (divided) out.raw(row.divided_from.view());
  out.varint(row.members.size());
  for (const EvidenceMember& member : row.members) {
    out.raw(member.id.view());
    out.u64(member.kind);
    out.u8(static_cast<uint8_t>(member.trust));
  }
}

void encode(const MemberMark& row, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kRowVersion);
  out.u64(row.kind);
  out.u8(static_cast<uint8_t>(row.out | (row.foreign ? kMarkForeign : 0) | (row.decided ? kMarkDecided : 0)));
}

void encode(const PairRegister& row, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kRowVersion);
  out.u64(row.kind_a);
  out.u64(row.kind_b);
  out.u8(static_cast<uint8_t>(row.state));
  write(row.decision, out);
}

void encode(const HubRow& row, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kRowVersion);
  out.u8(row.out);
  write(row.met, out);
  out.varint(row.count);
  out.varint(row.threshold);
  out.u8(static_cast<uint8_t>(row.decided));
  write(row.decision, out);
}

void encode(const HubEvidence& row, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kRowVersion);
  out.raw(row.seat.view());
}

void encode(const RulesRow& row, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kRowVersion);
  out.u32(row.version);
  write(row.decision, out);
  out.text(row.rules);
}

void encode(const SweepRow& row, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kRowVersion);
  out.u8(row.visited ? 1 : 0);
  if (row.visited) out.raw(row.visited->view());
  out.u32(row.changes);
  out.u32(row.before);
  out.text(row.rules);
}

void encode(const Change& row, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kRowVersion);
  out.u8(static_cast<uint8_t>(row.type));
  write(row.from, out);
  write(row.into, out);
  out.raw(row.hub.identifier.view());
  write(row.hub.met, out);
  out.varint(row.hub.count);
  out.varint(row.hub.threshold);
  out.u32(row.rules_version);
  out.u8(static_cast<uint8_t>(row.cause.kind));
  for (const std::string* text : {&row.cause.id, &row.cause.source, &row.cause.author, &row.cause.reason}) {
    out.text(*text);
  }
  out.i64(row.at.micros);
}

void encode(const CutRow& row, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kRowVersion);
  write(row.decision, out);
}

void encode(const EvidenceRegister& row, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kRowVersion);
  out.u8(static_cast<uint8_t>(row.state));
  write(row.decision, out);
}

void encode(const SuppressedRow& row, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kRowVersion);
  out.varint(row.erasures.size());
  for (const std::string& erasure : row.erasures) out.text(erasure);
}

void encode(const ErasureRow& row, std::string& bytes) {
  ByteWriter out(bytes);
  out.u8(kRowVersion);
  write(row.decision, out);
  out.raw(row.customer.view());
  for (uint64_t number : {row.identifiers, row.evidence, row.events}) out.varint(number);
  out.u8(row.lifted ? 1 : 0);
  if (row.lifted) write(*row.lifted, out);
}

Result<VertexRow> decode_vertex(std::string_view bytes) {
  ByteReader in(bytes);
  if (!open_row(in)) return damaged("vertex");
  VertexRow row;
  row.kind = in.u64();
  row.root = read_hash(in);
  uint8_t flags = in.u8();
  row.out = flags & ~kMarkDecided;
  row.decided = (flags & kMarkDecided) != 0;
  if (!closed(in)) return damaged("vertex");
  return row;
}

Result<IdentifierValue> decode_identifier_value(std::string_view bytes) {
  ByteReader in(bytes);
  if (!open_row(in)) return damaged("value");
  IdentifierValue row;
  uint8_t family = in.u8();
  row.kind.family = static_cast<IdentifierFamily>(family & ~kGeneration);
  row.kind.platform = in.text();
  row.value = in.text();
  if ((family & kGeneration) != 0) {
    row.from = Timestamp{in.i64()};
    row.origin = read_hash(in);
  }
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
  row.hubs = in.u64();
  if (!closed(in)) return damaged("applied");
  return row;
}

Result<MeasuresRow> decode_measures(std::string_view bytes) {
  ByteReader in(bytes);
  if (!open_row(in)) return damaged("measures");
  MeasuresRow row{read_hashes(in)};
  if (!closed(in)) return damaged("measures");
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
  for (uint32_t* count : {&row.out, &row.decisions, &row.rules_version, &row.customers, &row.refused_cannot,
                          &row.refused_trust, &row.refused_limit, &row.refused_window}) {
    *count = static_cast<uint32_t>(in.varint());
  }
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
  row.first.source = in.text();
  row.last_at = Timestamp{in.i64()};
  uint8_t flags = in.u8();
  if (uint8_t decided = flags & ~kEvidenceDivided; decided > 0) {
    EvidenceRegister decision{static_cast<EvidenceState>(decided - 1), read_decision(in)};
    row.decided = std::make_shared<const EvidenceRegister>(std::move(decision));
  }
  if ((flags & kEvidenceDivided) != 0) row.divided_from = read_hash(in);
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

Result<MemberMark> decode_mark(const Hash128& member, std::string_view bytes) {
  ByteReader in(bytes);
  if (!open_row(in)) return damaged("mark");
  MemberMark row;
  row.id = member;
  row.kind = in.u64();
  uint8_t flags = in.u8();
  row.out = flags & ~(kMarkForeign | kMarkDecided);
  row.foreign = (flags & kMarkForeign) != 0;
  row.decided = (flags & kMarkDecided) != 0;
  if (!closed(in)) return damaged("mark");
  return row;
}

Result<PairRegister> decode_pair(const Hash128& a, const Hash128& b, std::string_view bytes) {
  ByteReader in(bytes);
  if (!open_row(in)) return damaged("pair");
  PairRegister row;
  row.a = a;
  row.b = b;
  row.kind_a = in.u64();
  row.kind_b = in.u64();
  row.state = static_cast<PairState>(in.u8());
  row.decision = read_decision(in);
  if (!closed(in)) return damaged("pair");
  return row;
}

Result<HubRow> decode_hub(std::string_view bytes) {
  ByteReader in(bytes);
  if (!open_row(in)) return damaged("hub");
  HubRow row;
  row.out = in.u8();
  row.met = read_kind(in);
  row.count = static_cast<uint32_t>(in.varint());
  row.threshold = static_cast<uint32_t>(in.varint());
  row.decided = static_cast<HubState>(in.u8());
  row.decision = read_decision(in);
  if (!closed(in)) return damaged("hub");
  return row;
}

Result<HubEvidence> decode_hub_evidence(const Hash128& evidence, std::string_view bytes) {
  ByteReader in(bytes);
  if (!open_row(in)) return damaged("hub evidence");
  HubEvidence row{evidence, read_hash(in)};
  if (!closed(in)) return damaged("hub evidence");
  return row;
}

Result<RulesRow> decode_rules_row(std::string_view bytes) {
  ByteReader in(bytes);
  if (!open_row(in)) return damaged("rules");
  RulesRow row;
  row.version = in.u32();
  row.decision = read_decision(in);
  row.rules = in.text();
  if (!closed(in)) return damaged("rules");
  return row;
}

Result<SweepRow> decode_sweep(std::string_view bytes) {
  ByteReader in(bytes);
  if (!open_row(in)) return damaged("sweep");
  SweepRow row;
  if (in.u8() != 0) row.visited = read_hash(in);
  row.changes = in.u32();
  row.before = in.u32();
  row.rules = in.text();
  if (!closed(in)) return damaged("sweep");
  return row;
}

Result<Change> decode_change(std::string_view bytes) {
  ByteReader in(bytes);
  if (!open_row(in)) return damaged("change");
  Change row;
  row.type = static_cast<ChangeType>(in.u8());
  row.from = read_hashes(in);
  row.into = read_hashes(in);
  row.hub.identifier = read_hash(in);
  row.hub.met = read_kind(in);
  row.hub.count = static_cast<uint32_t>(in.varint());
  row.hub.threshold = static_cast<uint32_t>(in.varint());
  row.rules_version = in.u32();
  row.cause.kind = static_cast<CauseKind>(in.u8());
  for (std::string* text : {&row.cause.id, &row.cause.source, &row.cause.author, &row.cause.reason}) {
    *text = in.text();
  }
  row.at = Timestamp{in.i64()};
  if (!closed(in)) return damaged("change");
  return row;
}

Result<CutRow> decode_cut(std::string_view key, std::string_view bytes) {
  ByteReader of(key.substr(kCutPrefix.size()));
  of.u32();
  CutRow row;
  row.identifier = read_hash(of);
  row.at = Timestamp{of.i64()};
  ByteReader in(bytes);
  if (!open_row(in)) return damaged("cut");
  row.decision = read_decision(in);
  if (!closed(of) || !closed(in)) return damaged("cut");
  return row;
}

Result<EvidenceRegister> decode_evidence_register(std::string_view bytes) {
  ByteReader in(bytes);
  if (!open_row(in)) return damaged("evidence register");
  EvidenceRegister row;
  row.state = static_cast<EvidenceState>(in.u8());
  row.decision = read_decision(in);
  if (!closed(in)) return damaged("evidence register");
  return row;
}

Result<SuppressedRow> decode_suppressed(std::string_view bytes) {
  ByteReader in(bytes);
  if (!open_row(in)) return damaged("suppressed");
  SuppressedRow row;
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) row.erasures.emplace_back(in.text());
  if (!closed(in)) return damaged("suppressed");
  return row;
}

Result<ErasureRow> decode_erasure_row(std::string_view bytes) {
  ByteReader in(bytes);
  if (!open_row(in)) return damaged("erasure");
  ErasureRow row;
  row.decision = read_decision(in);
  row.customer = read_hash(in);
  for (uint64_t* number : {&row.identifiers, &row.evidence, &row.events}) *number = in.varint();
  if (in.u8() != 0) row.lifted = read_decision(in);
  if (!closed(in)) return damaged("erasure");
  return row;
}

void encode(const FeedRow& row, std::string& out) {
  ByteWriter(out).i64(row.noticed_at.micros);
  encode_profile_change(row.change, out);
}

void encode_feed_trimmed(Lsn lsn, std::string& out) { ByteWriter(out).u64(lsn.value()); }

Result<FeedRow> decode_feed(std::string_view bytes) {
  ByteReader in(bytes);
  FeedRow row;
  row.noticed_at = Timestamp{in.i64()};
  auto change = decode_profile_change(in.rest());
  if (!change) return with_context("a row of the feed", change.error());
  row.change = std::move(*change);
  return row;
}

Result<Lsn> decode_feed_trimmed(std::string_view bytes) {
  ByteReader in(bytes);
  Lsn lsn{in.u64()};
  if (!in.ok() || !in.at_end()) return Error{ErrorCode::corrupt, "how far the feed was trimmed is damaged"};
  return lsn;
}

}  // namespace tributary
