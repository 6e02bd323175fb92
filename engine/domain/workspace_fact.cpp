#include "engine/domain/workspace_fact.h"

namespace tributary {
namespace {

constexpr uint8_t kWorkspaceFactVersion = 1;

FactSaid said_in(const RecordFact& read) {
  FactSaid said{read.kind, read.act, read.trust, read.subject, std::string(read.subject_text), {}};
  for (const RecordFact::Value& value : read.values) said.values.push_back({value.field, std::string(value.text)});
  return said;
}

}  // namespace

void encode_workspace_fact(const WorkspaceFact& said, std::string& payload) {
  ByteWriter out(payload);
  out.u8(kWorkspaceFactVersion);
  write(said.decision, out);
  write(said.fact, out);
}

Result<WorkspaceFact> decode_workspace_fact(std::string_view payload) {
  ByteReader in(payload);
  if (in.u8() != kWorkspaceFactVersion) {
    return Error{ErrorCode::corrupt, "workspace fact record has an unknown version"};
  }
  WorkspaceFact said;
  said.decision = read_decision(in);
  said.fact = said_in(read_fact_statement(in));
  if (!in.ok() || !in.at_end()) return Error{ErrorCode::corrupt, "workspace fact record is cut short"};
  return said;
}

}  // namespace tributary
