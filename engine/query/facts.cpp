#include "engine/query/facts.h"

#include <algorithm>
#include <deque>
#include <map>
#include <tuple>

#include "engine/query/evidence_rows.h"

namespace tributary {
namespace {

size_t bytes_of(const Fact& fact) {
  size_t bytes = sizeof fact + fact.subject_text.size() + fact.source.size() + fact.message_id.size();
  for (const FactValue& value : fact.values) bytes += sizeof value + value.text.size();
  return bytes;
}

/// Which of two facts is kept rather: what is verified, then the newer one. No order of arrival plays a part.
bool is_kept_rather(const Fact& a, const Fact& b) {
  return std::tie(b.trust, b.at, b.message, b.subject) < std::tie(a.trust, a.at, a.message, a.subject);
}

/// The facts of one kind, as they come, cut back whenever they are twice what is kept.
class KeptFacts {
 public:
  void add(Fact fact) {
    if (first_left_out_ && !is_kept_rather(fact, *first_left_out_)) return;
    bytes_ += bytes_of(fact);
    facts_.push_back(std::move(fact));
    if (facts_.size() > 2 * kFactsPerKindMax || bytes_ > 2 * kFactBytesPerKindMax) cut();
  }

  size_t size() const { return facts_.size(); }

  /// Moves them behind `facts`; false when there were more.
  bool move_to(std::vector<Fact>& facts) {
    cut();
    std::vector<Fact*> in_order;
    in_order.reserve(facts_.size());
    for (Fact& fact : facts_) in_order.push_back(&fact);
    std::sort(in_order.begin(), in_order.end(), [](const Fact* a, const Fact* b) { return said_before(*a, *b); });
    for (Fact* fact : in_order) facts.push_back(std::move(*fact));
    return !first_left_out_;
  }

 private:
  void cut() {
    if (facts_.size() <= kFactsPerKindMax && bytes_ <= kFactBytesPerKindMax) return;
    std::sort(facts_.begin(), facts_.end(), is_kept_rather);
    size_t kept = 0, bytes = 0;
    for (; kept < std::min(facts_.size(), kFactsPerKindMax); ++kept) {
      size_t more = bytes_of(facts_[kept]);
      if (bytes + more > kFactBytesPerKindMax) break;
      bytes += more;
    }
    first_left_out_ = std::move(facts_[kept]);  // nothing that comes behind it may take its place
    facts_.resize(kept);
    bytes_ = bytes;
  }

  std::deque<Fact> facts_;
  size_t bytes_ = 0;
  std::optional<Fact> first_left_out_;
};

using FactsByKind = std::map<FactKind, KeptFacts>;

Result<void> add_facts(EvidenceRows& rows, std::string prefix, FactsByKind& kinds) {
  for (rows.to(std::move(prefix)); rows.valid(); rows.next()) {
    Fact fact;
    read_fact_key(rows.key(), fact);
    TRIBUTARY_TRY(decode_fact(rows.value(), fact));
    kinds[fact.kind].add(std::move(fact));
  }
  return rows.status();
}

std::vector<Fact> all_of(FactsByKind& kinds, uint32_t& cut) {
  std::vector<Fact> facts;
  size_t count = 0;
  for (const auto& [kind, kept] : kinds) count += kept.size();
  facts.reserve(count);
  cut = 0;
  for (auto& [kind, kept] : kinds) {
    if (!kept.move_to(facts)) cut |= bit_of(kind);
  }
  return facts;
}

}  // namespace

Result<std::vector<Fact>> read_facts(const StateReader& reader, WorkspaceId workspace,
                                     const std::vector<const Evidence*>& evidence, uint32_t& cut) {
  FactsByKind kinds;
  EvidenceRows rows(reader, Family::fact);
  for (const EvidencePlace& each : places_of(evidence)) {
    TRIBUTARY_TRY(add_facts(rows, fragment_key(workspace, each.home, each.evidence->hash), kinds));
  }
  return all_of(kinds, cut);
}

Result<std::vector<Fact>> read_facts(const StateReader& reader, const Customer& customer, FactKind kind,
                                     bool& complete) {
  FactsByKind kinds;
  EvidenceRows rows(reader, Family::fact);
  for (const EvidencePlace& each : places_of(customer.evidence)) {
    TRIBUTARY_TRY(add_facts(rows, fact_prefix(customer.workspace, each.home, each.evidence->hash, kind), kinds));
  }
  uint32_t cut = 0;
  auto facts = all_of(kinds, cut);
  complete = cut == 0;
  return facts;
}

}  // namespace tributary
