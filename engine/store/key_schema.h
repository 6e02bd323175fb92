// Every key and value layout of the state, in one file. Keys are big-endian, so that a range is a prefix, and hold
// keyed hashes only: no personal data, because keys outlive deletion in the store's own files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/result.h"
#include "engine/base/strong_id.h"
#include "engine/domain/computed_trait.h"
#include "engine/domain/position.h"
#include "engine/domain/profile_change.h"
#include "engine/domain/record.h"
#include "engine/identity/change.h"
#include "engine/identity/container.h"
#include "engine/profile/fact.h"

namespace tributary {

/// Column families. Names on disk are fixed.
enum class Family : uint8_t {
  meta,       // "applied" -> AppliedState;  "format" -> u8;  "measures" -> MeasuresRow
              // "rules" | ws u32                           -> RulesRow
              // "sweep" | ws u32                           -> SweepRow, while customers follow other rules
              // "cut" | ws u32 | H(v) 16 | T i64            -> CutRow: v is another identifier after T
              // "evidence" | ws u32 | H(s) 16               -> EvidenceRegister: what was decided about it
              // "gone" | ws u32 | H 16                      -> nothing: an identifier or evidence that was erased
              // "suppressed" | ws u32 | H(v) 16             -> SuppressedRow: events that name it are not taken
              // "erasure" | ws u32 | lsn u64                -> ErasureRow
              // "position" | ws u32 | H(source, stream) 16  -> SourcePosition, as its record has it
              // "rfm" | ws u32                             -> RfmScale, as its record has it
              // "facts" | ws u32                           -> lsn u64 of the newest fact of the workspace as a whole
              // "feed" | ws u32                            -> lsn u64: up to it the feed of noticed changes was trimmed
  out,        // reserved: messages not yet acknowledged by the log
  vertex,     // ws u32 | H(v) 16                              -> VertexRow
  value,      // ws u32 | H(v) 16                              -> IdentifierValue
  container,  // ws u32 | root 16 | 00                         -> ContainerSummary
              // ws u32 | root 16 | 01 | H(s) 16               -> Evidence
              // ws u32 | root 16 | 02 | H(v) 16               -> MemberMark
              // ws u32 | root 16 | 03 | H(a) 16 | H(b) 16     -> PairRegister
  fragment,   // ws u32 | H(home) 16 | H(s) 16                 -> Fragment (profile/fragment.h)
  order,      // ws u32 | H(home) 16 | H(s) 16 | H(order) 16 -> OrderState (profile/order.h): what this evidence said
  fact,       // ws u32 | H(home) 16 | H(s) 16 | kind u8 | H(subject) 16 | at i64 | H(source, mid) 16
              //                                               -> Fact (profile/fact.h); of the workspace as a whole
              //                                               home and s are kOfWorkspace
  measure,    // ws u32 | H(home) 16 | H(s) 16 | measure 16 | at i64 | H(source, mid) 16
              //                                               -> Measurement (profile/computed_trait.h)
  dedup,      // ws u32 | H(source, mid) 16                    -> DedupRow
  timeline,   // ws u32 | H(home) 16 | ~at i64 | ~lsn u64      -> TimelineRow
  rejected,   // ws u32 | ~received_at i64 | ~lsn u64          -> RejectedRow
  history,    // ws u32 | 00 | lsn u64 | index u32             -> Change
              // ws u32 | 01 | H(name) 16 | lsn u64 | index u32 -> nothing: the change names this customer
              // ws u32 | 02 | lsn u64                         -> FeedRow: a change that was noticed
              // ws u32 | 03 | H(name) 16 | figure u8          -> text: what was noticed last of this customer; of the
              //                                                  name zero: by what rules everybody was looked at
  hub,        // ws u32 | H(v) 16                              -> HubRow: v is out, or somebody decided about it
              // ws u32 | H(v) 16 | H(s) 16                    -> HubEvidence: it names v and lives elsewhere
};
constexpr size_t kFamilyCount = 14;
std::string_view family_name(Family family);

/// Where an identifier's customers are computed.
struct VertexRow {
  KindCode kind = 0;
  Hash128 root;
  uint8_t out = 0;       // OutFlags
  bool decided = false;  // somebody decided about it: whether it is shared, see its HubRow, or that it changed hands
};

/// Why an identifier is out, and what people decided about that.
struct HubRow {
  uint8_t out = 0;     // OutFlags
  IdentifierKind met;  // of a threshold
  uint32_t count = 0;
  uint32_t threshold = 0;
  HubState decided = HubState::automatic;
  Decision decision;  // without id: nobody decided anything
};

/// Evidence that names a hub and lives elsewhere.
struct HubEvidence {
  Hash128 evidence;
  Hash128 seat;  // one of its other identifiers: it lives in whose container that is
};

/// The active rules of a workspace; without a row the defaults.
struct RulesRow {
  uint32_t version = 1;
  Decision decision;
  std::string rules;  // encode_rules()
};

/// How far containers were computed again under the active rules: in order of their roots.
struct SweepRow {
  std::optional<Hash128> visited;  // last root; none yet
  uint32_t changes = 0;            // written so far
  uint32_t before = 1;             // version and rules that came before
  std::string rules;
};

struct IdentifierValue {
  IdentifierKind kind;
  std::string value;
  std::optional<Timestamp> from = {};  // it is a generation: what a cut made of the value, for events after this time
  Hash128 origin = {};                 // of a generation: what was cut
};

/// An identifier that changed hands: events after the time name another one by the same value.
struct CutRow {
  Hash128 identifier;
  Timestamp at;
  Decision decision;  // without id: an erasure made it
};

struct SuppressedRow {
  std::vector<std::string> erasures;  // ids of their decisions, 1..
};

/// What was done when somebody was erased.
struct ErasureRow {
  Decision decision;
  Hash128 customer;  // its id
  uint64_t identifiers = 0;
  uint64_t evidence = 0;
  uint64_t events = 0;
  std::optional<Decision> lifted;  // its identifiers may be named again
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

struct FeedRow {
  Timestamp noticed_at;
  ProfileChange change;
};

/// Written in every batch: the pivot of atomicity.
struct AppliedState {
  Lsn lsn;
  Timestamp received_at;  // of that record: log time
  uint64_t customers = 0;
  uint64_t identifiers = 0;
  uint64_t containers = 0;
  uint64_t containers_not_simple = 0;
  uint64_t hubs = 0;  // identifiers that are out
};

/// What is measured of every event that the state holds.
struct MeasuresRow {
  std::vector<Hash128> measures;  // sorted
};

constexpr uint8_t kStateFormat = 6;
constexpr std::string_view kAppliedKey = "applied";
constexpr std::string_view kFormatKey = "format";
/// -> MeasuresRow.
constexpr std::string_view kMeasuresKey = "measures";

/// ws | id: keys of vertex, value and dedup, and the prefix of a container or a home.
std::string id_key(WorkspaceId workspace, const Hash128& id);
std::string workspace_prefix(WorkspaceId workspace);
std::string rules_key(WorkspaceId workspace);
std::string sweep_key(WorkspaceId workspace);
constexpr std::string_view kSweepPrefix = "sweep";
/// Of all cuts of all workspaces; with the workspace; of one identifier.
constexpr std::string_view kCutPrefix = "cut";
std::string cut_prefix(WorkspaceId workspace);
std::string cut_prefix(WorkspaceId workspace, const Hash128& identifier);
std::string cut_key(WorkspaceId workspace, const Hash128& identifier, Timestamp at);
/// Of all workspaces; the workspace and the hash follow.
constexpr std::string_view kGonePrefix = "gone";
constexpr std::string_view kSuppressedPrefix = "suppressed";
std::string gone_key(WorkspaceId workspace, const Hash128& id);
std::string suppressed_key(WorkspaceId workspace, const Hash128& said);
std::string erasure_prefix(WorkspaceId workspace);
std::string erasure_key(WorkspaceId workspace, Lsn lsn);
std::string position_prefix(WorkspaceId workspace);
std::string position_key(WorkspaceId workspace, const SourcePosition& position);
std::string rfm_scale_key(WorkspaceId workspace);
/// Its row changes with every fact of the workspace as a whole.
std::string workspace_facts_key(WorkspaceId workspace);
std::string evidence_register_key(WorkspaceId workspace, const Hash128& said);
std::string container_header_key(WorkspaceId workspace, const Hash128& root);
/// Behind all rows of a container.
std::string container_end(WorkspaceId workspace, const Hash128& root);
std::string container_evidence_key(WorkspaceId workspace, const Hash128& root, const Hash128& evidence);
std::string container_mark_key(WorkspaceId workspace, const Hash128& root, const Hash128& member);
std::string container_pair_key(WorkspaceId workspace, const Hash128& root, const Hash128& a, const Hash128& b);
std::string hub_evidence_key(WorkspaceId workspace, const Hash128& hub, const Hash128& evidence);
std::string change_key(WorkspaceId workspace, Lsn lsn, uint32_t index);
std::string change_prefix(WorkspaceId workspace);
std::string change_of_key(WorkspaceId workspace, const Hash128& customer, Lsn lsn, uint32_t index);
std::string change_of_prefix(WorkspaceId workspace, const Hash128& customer);
std::string feed_prefix(WorkspaceId workspace);
std::string feed_key(WorkspaceId workspace, Lsn lsn);
std::string feed_trimmed_key(WorkspaceId workspace);
std::string told_key(WorkspaceId workspace, const Hash128& customer, WatchedFigure figure);
std::string fragment_key(WorkspaceId workspace, const Hash128& home, const Hash128& evidence);
std::string order_key(WorkspaceId workspace, const Hash128& home, const Hash128& evidence, const Hash128& order);
/// Of a whole key of that family: whose orders they are and which one it is.
struct OrderPosition {
  Hash128 evidence;
  Hash128 order;
};
OrderPosition order_position(std::string_view key);
/// Home and evidence of facts that are nobody's: no hash of anything.
constexpr Hash128 kOfWorkspace{};
std::string fact_key(WorkspaceId workspace, const Hash128& home, const Hash128& evidence, const Fact& fact);
std::string fact_prefix(WorkspaceId workspace, const Hash128& home, const Hash128& evidence, FactKind kind);
/// Reads what a whole key of that family tells of the fact.
void read_fact_key(std::string_view key, Fact& fact);
/// Of one measure of an evidence; with the time: from there on. Without a measure it is fragment_key().
std::string measure_prefix(WorkspaceId workspace, const Hash128& home, const Hash128& evidence, const Hash128& measure);
std::string measure_key(std::string_view prefix, Timestamp at, const Hash128& message);
/// Of a whole key of that family; the rest of the measurement stands in its row.
struct MeasurePosition {
  Hash128 measure;
  Timestamp at;
  Hash128 message;
};
MeasurePosition measure_position(std::string_view key);
std::string timeline_key(WorkspaceId workspace, const Hash128& home, Timestamp at, Lsn lsn);
std::string rejected_prefix(WorkspaceId workspace);
std::string rejected_key(WorkspaceId workspace, Timestamp received_at, Lsn lsn);

/// Where a row stands in the families timeline and rejected: newest first, of one time the last received first. What
/// the time is, the family says: when an event occurred, or when it was received.
struct NewestFirst {
  Timestamp at;
  Lsn lsn;
};
constexpr size_t kNewestFirstBytes = 8 + 8;
constexpr Lsn kLastLsn{~uint64_t{0}};
/// How keys of these families end.
std::string newest_first_suffix(const NewestFirst& position);
/// Of a whole key of these families, or of its suffix alone.
NewestFirst newest_first_position(std::string_view key);
/// Of a whole key of a cut.
WorkspaceId cut_workspace(std::string_view key);
/// Of a whole key behind kGonePrefix or kSuppressedPrefix.
struct ErasedKey {
  WorkspaceId workspace;
  Hash128 id;
};
ErasedKey erased_key(std::string_view key, std::string_view prefix);
/// Of a whole key of the family history, of either shape.
struct ChangePosition {
  Lsn lsn;
  uint32_t index = 0;
};
ChangePosition change_position(std::string_view key);
/// Of a whole key of the feed.
Lsn feed_position(std::string_view key);

void encode(const VertexRow& row, std::string& out);
void encode(const IdentifierValue& row, std::string& out);
void encode(const DedupRow& row, std::string& out);
void encode(const TimelineRow& row, std::string& out);
void encode(const RejectedRow& row, std::string& out);
void encode(const AppliedState& row, std::string& out);
void encode(const MeasuresRow& row, std::string& out);
void encode(const ContainerSummary& row, std::string& out);
/// The evidence's hash stands in the key.
void encode(const Evidence& row, std::string& out);
/// The member's id stands in the key.
void encode(const MemberMark& row, std::string& out);
/// The identifiers stand in the key.
void encode(const PairRegister& row, std::string& out);
void encode(const HubRow& row, std::string& out);
/// The evidence's hash stands in the key.
void encode(const HubEvidence& row, std::string& out);
void encode(const RulesRow& row, std::string& out);
void encode(const SweepRow& row, std::string& out);
void encode(const Change& row, std::string& out);
/// Identifier and time stand in the key.
void encode(const CutRow& row, std::string& out);
void encode(const EvidenceRegister& row, std::string& out);
void encode(const SuppressedRow& row, std::string& out);
void encode(const ErasureRow& row, std::string& out);
void encode(const FeedRow& row, std::string& out);
void encode_feed_trimmed(Lsn lsn, std::string& out);

/// Errors: corrupt, naming the layout.
Result<VertexRow> decode_vertex(std::string_view bytes);
Result<IdentifierValue> decode_identifier_value(std::string_view bytes);
Result<DedupRow> decode_dedup(std::string_view bytes);
Result<TimelineRow> decode_timeline(std::string_view bytes);
Result<RejectedRow> decode_rejected_row(std::string_view bytes);
Result<AppliedState> decode_applied(std::string_view bytes);
Result<MeasuresRow> decode_measures(std::string_view bytes);
Result<ContainerSummary> decode_summary(std::string_view bytes);
Result<Evidence> decode_evidence(const Hash128& hash, std::string_view bytes);
Result<MemberMark> decode_mark(const Hash128& member, std::string_view bytes);
Result<PairRegister> decode_pair(const Hash128& a, const Hash128& b, std::string_view bytes);
Result<HubRow> decode_hub(std::string_view bytes);
Result<HubEvidence> decode_hub_evidence(const Hash128& evidence, std::string_view bytes);
Result<RulesRow> decode_rules_row(std::string_view bytes);
Result<SweepRow> decode_sweep(std::string_view bytes);
Result<Change> decode_change(std::string_view bytes);
Result<CutRow> decode_cut(std::string_view key, std::string_view bytes);
Result<EvidenceRegister> decode_evidence_register(std::string_view bytes);
Result<SuppressedRow> decode_suppressed(std::string_view bytes);
Result<ErasureRow> decode_erasure_row(std::string_view bytes);
Result<FeedRow> decode_feed(std::string_view bytes);
Result<Lsn> decode_feed_trimmed(std::string_view bytes);

}  // namespace tributary
