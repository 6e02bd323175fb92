#include "connectors/bulk/record_plan.h"

#include <algorithm>
#include <map>
#include <numeric>

#include "engine/ingest/text_fold.h"

namespace tributary {
namespace {

DuplicateCandidate candidate_of(const ComparedRecord& record) {
  DuplicateCandidate candidate;
  candidate.organisation = record.organisation;
  candidate.name = match_text(record.name).value_or("");
  candidate.contact = match_text(record.contact).value_or("");
  candidate.phone = record.phone;
  candidate.phone_masked = record.phone_masked;
  if (!record.uscc.empty()) candidate.unique_ids.emplace("uscc", record.uscc);
  return candidate;
}

/// Rows and customers that turn out to be one. The known stand in front of the rows, so a root that is known is found
/// before any row.
class Joining {
 public:
  Joining(std::span<const PlannedRow> rows, std::span<const KnownRecord> known)
      : rows_(rows), known_(known), parents_(known.size() + rows.size()), rules_(rows.size()), suspected_(rows.size()) {
    std::iota(parents_.begin(), parents_.end(), size_t{0});
  }

  void join_by_identifiers() {
    std::map<std::string, size_t> named, customers;
    for (size_t i = 0; i < known_.size(); ++i) customers.emplace(known_[i].customer_id, i);
    for (size_t i = 0; i < rows_.size(); ++i) {
      auto customer = customers.find(rows_[i].customer_id);
      if (customer != customers.end()) join(customer->second, known_.size() + i, "identifier");
      for (const std::string& identifier : rows_[i].identifiers) {
        auto [first, added] = named.emplace(identifier, i);
        if (!added) join(known_.size() + first->second, known_.size() + i, "identifier");
      }
    }
  }

  void join_by_rules() {
    std::vector<DuplicateCandidate> candidates;
    candidates.reserve(parents_.size());
    for (const KnownRecord& customer : known_) candidates.push_back(candidate_of(customer.record));
    for (const PlannedRow& row : rows_) candidates.push_back(candidate_of(row.record));
    for (const DuplicateFinding& finding : find_duplicates(candidates).findings) {
      if (finding.b < known_.size()) continue;
      std::string rule(duplicate_rule_name(finding.rule));
      if (finding.action == DuplicateAction::merge) {
        join(finding.a, finding.b, rule);
      } else if (root_of(finding.a) != root_of(finding.b)) {
        suspected_[finding.b - known_.size()] = rule + ' ' + name_of(finding.a);
      }
    }
  }

  std::vector<RowDestiny> destinies() {
    std::vector<RowDestiny> all(rows_.size());
    for (size_t i = 0; i < rows_.size(); ++i) {
      size_t root = root_of(known_.size() + i);
      all[i].first = root < known_.size() ? i : root - known_.size();
      all[i].rule = rules_[i];
      all[i].suspected = suspected_[i];
      if (root >= known_.size()) continue;
      all[i].customer_id = known_[root].customer_id;
      all[i].customer_no = known_[root].customer_no;
    }
    return all;
  }

 private:
  size_t root_of(size_t at) {
    while (parents_[at] != at) at = parents_[at] = parents_[parents_[at]];
    return at;
  }

  /// Two customers that are known stay two: people decide about them, not a table.
  void join(size_t a, size_t b, const std::string& rule) {
    size_t root_a = root_of(a), root_b = root_of(b);
    if (root_a == root_b || std::max(root_a, root_b) < known_.size()) return;
    parents_[std::max(root_a, root_b)] = std::min(root_a, root_b);
    std::string& told = rules_[std::max(root_a, root_b) - known_.size()];
    if (told.empty()) told = rule;
  }

  std::string name_of(size_t at) const {
    if (at >= known_.size()) return "line " + std::to_string(rows_[at - known_.size()].line);
    return known_[at].customer_no.empty() ? known_[at].customer_id : known_[at].customer_no;
  }

  std::span<const PlannedRow> rows_;
  std::span<const KnownRecord> known_;
  std::vector<size_t> parents_;
  std::vector<std::string> rules_, suspected_;  // of rows
};

}  // namespace

std::vector<std::string> groups_of_record(const ComparedRecord& record) {
  return duplicate_groups(duplicate_keys(candidate_of(record)));
}

std::vector<RowDestiny> plan_rows(std::span<const PlannedRow> rows, std::span<const KnownRecord> known) {
  Joining joining(rows, known);
  joining.join_by_identifiers();
  joining.join_by_rules();
  return joining.destinies();
}

}  // namespace tributary
