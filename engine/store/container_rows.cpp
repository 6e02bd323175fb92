#include "engine/store/container_rows.h"

#include "engine/profile/fragment.h"

namespace tributary {
namespace {

constexpr size_t kHeaderSuffixBytes = 1;
constexpr size_t kMemberSuffixBytes = 17;
constexpr size_t kPairSuffixBytes = 33;
constexpr char kMarkSuffix = 2;

}  // namespace

Result<Container> load_container(const StateReader& reader, WorkspaceId workspace, const Hash128& root,
                                 const RuleSet& rules) {
  std::string prefix = id_key(workspace, root);
  ContainerParts parts;
  auto rows = reader.scan(Family::container, prefix);
  for (; rows->valid(); rows->next()) {
    TRIBUTARY_TRY(add_row(rows->key().substr(prefix.size()), rows->value(), parts));
  }
  TRIBUTARY_TRY(rows->status());
  return make_container(root, std::move(parts), rules);
}

Result<void> add_row(std::string_view suffix, std::string_view value, ContainerParts& parts) {
  switch (suffix.size()) {
    case kHeaderSuffixBytes: {
      auto summary = decode_summary(value);
      if (!summary) return summary.error();
      parts.summary = std::move(*summary);
      return {};
    }
    case kPairSuffixBytes: {
      auto pair = decode_pair(Hash128::from_bytes(suffix.substr(1, 16)), Hash128::from_bytes(suffix.substr(17)), value);
      if (!pair) return pair.error();
      parts.pairs.push_back(std::move(*pair));
      return {};
    }
    case kMemberSuffixBytes:
      break;
    default:
      return Error{ErrorCode::corrupt, "a container's row has a key of unknown length"};
  }
  Hash128 id = Hash128::from_bytes(suffix.substr(1));
  if (suffix[0] == kMarkSuffix) {
    auto mark = decode_mark(id, value);
    if (!mark) return mark.error();
    parts.marks.push_back(*mark);
    return {};
  }
  auto evidence = decode_evidence(id, value);
  if (!evidence) return evidence.error();
  parts.evidence.push_back(std::move(*evidence));
  return {};
}

Result<Container> make_container(const Hash128& root, ContainerParts parts, const RuleSet& rules) {
  if (!parts.summary) return Error{ErrorCode::corrupt, "container " + base32(root) + " has no header"};
  Container container = make_container(root, std::move(parts.evidence), std::move(parts.pairs), parts.marks, rules);
  // Counts are derived from the evidence; what only the fold knows is stored.
  const ContainerSummary& stored = *parts.summary;
  container.summary.rules_version = stored.rules_version;
  container.summary.customers = stored.customers;
  container.summary.refused_cannot = stored.refused_cannot;
  container.summary.refused_trust = stored.refused_trust;
  container.summary.refused_limit = stored.refused_limit;
  container.summary.refused_window = stored.refused_window;
  container.summary.simple = stored.simple;
  return container;
}

Result<std::optional<VertexRow>> load_vertex(const StateReader& reader, WorkspaceId workspace, const Hash128& id) {
  std::string value;
  auto found = reader.get(Family::vertex, id_key(workspace, id), value);
  if (!found) return found.error();
  if (!*found) return std::optional<VertexRow>();
  auto row = decode_vertex(value);
  if (!row) return row.error();
  return std::optional<VertexRow>(*row);
}

Result<std::optional<HubRow>> load_hub(const StateReader& reader, WorkspaceId workspace, const Hash128& id) {
  std::string value;
  auto found = reader.get(Family::hub, id_key(workspace, id), value);
  if (!found) return found.error();
  if (!*found) return std::optional<HubRow>();
  auto row = decode_hub(value);
  if (!row) return row.error();
  return std::optional<HubRow>(std::move(*row));
}

Result<std::vector<HubEvidence>> load_hub_evidence(const StateReader& reader, WorkspaceId workspace,
                                                   const Hash128& hub) {
  std::string prefix = id_key(workspace, hub);
  std::vector<HubEvidence> all;
  auto rows = reader.scan(Family::hub, prefix);
  for (; rows->valid(); rows->next()) {
    std::string_view suffix = rows->key().substr(prefix.size());
    if (suffix.empty()) continue;  // the hub's own row
    auto row = decode_hub_evidence(Hash128::from_bytes(suffix), rows->value());
    if (!row) return row.error();
    all.push_back(*row);
  }
  TRIBUTARY_TRY(rows->status());
  return all;
}

Result<std::optional<HubEvidence>> load_hub_evidence(const StateReader& reader, WorkspaceId workspace,
                                                     const Hash128& hub, const Hash128& evidence) {
  std::string value;
  auto found = reader.get(Family::hub, hub_evidence_key(workspace, hub, evidence), value);
  if (!found) return found.error();
  if (!*found) return std::optional<HubEvidence>();
  auto row = decode_hub_evidence(evidence, value);
  if (!row) return row.error();
  return std::optional<HubEvidence>(*row);
}

Result<IdentifierValue> load_value(const StateReader& reader, WorkspaceId workspace, const Hash128& id) {
  std::string value;
  auto found = reader.get(Family::value, id_key(workspace, id), value);
  if (!found) return found.error();
  if (!*found) return Error{ErrorCode::corrupt, "identifier without a value: " + base32(id)};
  return decode_identifier_value(value);
}

Result<std::vector<CutRow>> load_cuts(const StateReader& reader, const std::string& prefix) {
  std::vector<CutRow> cuts;
  auto rows = reader.scan(Family::meta, prefix);
  for (; rows->valid(); rows->next()) {
    auto row = decode_cut(rows->key(), rows->value());
    if (!row) return row.error();
    cuts.push_back(std::move(*row));
  }
  TRIBUTARY_TRY(rows->status());
  return cuts;
}

Result<Cuts> load_cut_times(const StateReader& reader, const std::string& prefix) {
  auto rows = load_cuts(reader, prefix);
  if (!rows) return rows.error();
  Cuts cuts;
  for (const CutRow& row : *rows) cuts.add(row.identifier, row.at);
  return cuts;
}

Result<std::shared_ptr<const EvidenceRegister>> load_evidence_register(const StateReader& reader, WorkspaceId workspace,
                                                                       const Hash128& said) {
  std::string value;
  auto found = reader.get(Family::meta, evidence_register_key(workspace, said), value);
  if (!found) return found.error();
  if (!*found) return std::shared_ptr<const EvidenceRegister>();
  auto row = decode_evidence_register(value);
  if (!row) return row.error();
  return std::make_shared<const EvidenceRegister>(std::move(*row));
}

Result<RulesRow> load_rules(const StateReader& reader, WorkspaceId workspace) {
  std::string value;
  auto found = reader.get(Family::meta, rules_key(workspace), value);
  if (!found) return found.error();
  if (*found) return decode_rules_row(value);
  return RulesRow{1, {}, encode_rules(default_rules())};
}

Result<Timestamp> load_last_time(const StateReader& reader, WorkspaceId workspace, const Evidence& evidence) {
  std::string value;
  Hash128 home = home_of(evidence.members).id;
  auto found = reader.get(Family::fragment, fragment_key(workspace, home, evidence.hash), value);
  if (!found) return found.error();
  if (!*found) return Timestamp{INT64_MIN};
  auto fragment = decode_fragment(value);
  if (!fragment) return fragment.error();
  return fragment->last_at;
}

Result<Lsn> load_feed_trimmed(const StateReader& reader, WorkspaceId workspace) {
  std::string value;
  auto found = reader.get(Family::meta, feed_trimmed_key(workspace), value);
  if (!found) return found.error();
  if (!*found) return Lsn{};
  return decode_feed_trimmed(value);
}

}  // namespace tributary
