#include "engine/query/erasure.h"

#include <algorithm>

namespace tributary {
namespace {

// A record must not grow without bound; what is not listed the fold finds as what came since.
constexpr size_t kListedEvidenceMax = 16'384;

}  // namespace

// Retracted evidence is in no profile, but it is this customer's all the same.
Result<Erasure> list_for_erasure(const StateReader& reader, const Customer& customer, const RuleSet& rules) {
  auto cuts = load_cut_times(reader, cut_prefix(customer.workspace));
  if (!cuts) return cuts.error();
  Erasure erasure;
  erasure.customer = customer.id.anchor;
  for (const Hash128& member : customer.members) erasure.identifiers.push_back({cuts->origin(member), member});
  for (const Evidence& evidence : customer.container.evidence) {
    const EvidenceMember* owner = owner_of(evidence, customer.container, rules);
    bool mine = owner != nullptr && std::binary_search(customer.members.begin(), customer.members.end(), owner->id);
    if (mine) erasure.evidence.push_back(evidence.hash);
  }
  std::sort(erasure.evidence.begin(), erasure.evidence.end());
  if (erasure.evidence.size() > kListedEvidenceMax) erasure.evidence.resize(kListedEvidenceMax);
  return erasure;
}

Result<std::vector<ErasureView>> read_erasures(const StateReader& reader, WorkspaceId workspace) {
  std::vector<ErasureView> erasures;
  auto rows = reader.scan(Family::meta, erasure_prefix(workspace));
  for (; rows->valid(); rows->next()) {
    auto row = decode_erasure_row(rows->value());
    if (!row) return row.error();
    erasures.push_back({std::move(row->decision), CustomerId{row->customer}, row->identifiers, row->evidence,
                        row->events, std::move(row->lifted)});
  }
  TRIBUTARY_TRY(rows->status());
  return erasures;
}

}  // namespace tributary
