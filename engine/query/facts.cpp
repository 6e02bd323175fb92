#include "engine/query/facts.h"

#include <algorithm>
#include <map>
#include <tuple>

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

  /// Moves them behind `facts`; false when there were more.
  bool move_to(std::vector<Fact>& facts) {
    cut();
    std::sort(facts_.begin(), facts_.end(), said_before);
    facts.insert(facts.end(), std::make_move_iterator(facts_.begin()), std::make_move_iterator(facts_.end()));
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

  std::vector<Fact> facts_;
  size_t bytes_ = 0;
  std::optional<Fact> first_left_out_;
};

using FactsByKind = std::map<FactKind, KeptFacts>;

Result<void> add_facts(const StateReader& reader, std::string_view prefix, FactsByKind& kinds) {
  for (auto rows = reader.scan(Family::fact, prefix);; rows->next()) {
    if (!rows->valid()) return rows->status();
    Fact fact;
    read_fact_key(rows->key(), fact);
    TRIBUTARY_TRY(decode_fact(rows->value(), fact));
    kinds[fact.kind].add(std::move(fact));
  }
}

std::vector<Fact> all_of(FactsByKind& kinds, bool& complete) {
  std::vector<Fact> facts;
  complete = true;
  for (auto& [kind, kept] : kinds) complete = kept.move_to(facts) && complete;
  return facts;
}

}  // namespace

Result<std::vector<Fact>> read_facts(const StateReader& reader, WorkspaceId workspace,
                                     const std::vector<const Evidence*>& evidence, bool& complete) {
  FactsByKind kinds;
  for (const Evidence* each : evidence) {
    TRIBUTARY_TRY(add_facts(reader, fragment_key(workspace, home_of(each->members).id, each->hash), kinds));
  }
  return all_of(kinds, complete);
}

Result<std::vector<Fact>> read_facts(const StateReader& reader, const Customer& customer, FactKind kind,
                                     bool& complete) {
  FactsByKind kinds;
  for (const Evidence* each : customer.evidence) {
    Hash128 home = home_of(each->members).id;
    TRIBUTARY_TRY(add_facts(reader, fact_prefix(customer.workspace, home, each->hash, kind), kinds));
  }
  return all_of(kinds, complete);
}

}  // namespace tributary
