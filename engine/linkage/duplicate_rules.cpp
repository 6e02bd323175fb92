#include "engine/linkage/duplicate_rules.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <tuple>

#include "engine/linkage/match_names.h"

namespace tributary {
namespace {

bool agree(const std::string& a, const std::string& b) { return !a.empty() && a == b; }
bool differ(const std::string& a, const std::string& b) { return !a.empty() && !b.empty() && a != b; }

std::optional<DuplicateRule> fitting_rule(const DuplicateKeys& a, const DuplicateKeys& b) {
  if (a.organisation != b.organisation) return std::nullopt;
  bool name = agree(a.name, b.name), contact = agree(a.contact, b.contact), phone = agree(a.phone, b.phone);
  if (name && contact && phone) return DuplicateRule::d1;
  if (agree(a.core_name, b.core_name) && contact && phone) return DuplicateRule::d2;
  if (contact && phone && differ(a.name, b.name)) return DuplicateRule::d3;
  if (name && phone && differ(a.contact, b.contact)) return DuplicateRule::d4;
  bool one_missing = (a.phone_missing && !b.phone.empty()) || (b.phone_missing && !a.phone.empty());
  if (name && contact && one_missing) return DuplicateRule::d5;
  return std::nullopt;
}

/// The values of one kind; ids are sorted by kind.
std::set<std::string> values_of(const DuplicateCandidate& candidate, const std::string& kind) {
  std::set<std::string> values;
  for (auto at = candidate.unique_ids.lower_bound({kind, ""}); at != candidate.unique_ids.end() && at->first == kind;
       ++at) {
    values.insert(at->second);
  }
  return values;
}

bool unique_identifiers_differ(const DuplicateCandidate& a, const DuplicateCandidate& b) {
  return std::any_of(a.unique_ids.begin(), a.unique_ids.end(), [&](const auto& id) {
    std::set<std::string> others = values_of(b, id.first);
    return !others.empty() && others != values_of(a, id.first);
  });
}

/// Those that a pair shows by itself.
std::vector<DuplicateGuard> guards_of(const DuplicateCandidate& a, const DuplicateCandidate& b) {
  std::vector<DuplicateGuard> guards;
  if (unique_identifiers_differ(a, b)) guards.push_back(DuplicateGuard::unique_identifiers_differ);
  if (a.phone_shared || b.phone_shared) guards.push_back(DuplicateGuard::phone_shared);
  if (a.held || b.held) guards.push_back(DuplicateGuard::side_held);
  return guards;
}

/// Which customers merges would make one.
class JoinedCustomers {
 public:
  explicit JoinedCustomers(size_t customers) : parent_(customers), sizes_(customers, 1) {
    std::iota(parent_.begin(), parent_.end(), 0);
  }
  void join(size_t a, size_t b) {
    a = root(a);
    b = root(b);
    if (a == b) return;
    if (sizes_[a] < sizes_[b]) std::swap(a, b);
    parent_[b] = a;
    sizes_[a] += sizes_[b];
  }
  size_t joined_with(size_t customer) { return sizes_[root(customer)]; }
  size_t root(size_t customer) {
    while (parent_[customer] != customer) customer = parent_[customer] = parent_[parent_[customer]];
    return customer;
  }

 private:
  std::vector<size_t> parent_, sizes_;
};

constexpr size_t kAskedEach = 1024;

/// The customers, by groups.
class DuplicateRun {
 public:
  DuplicateRun(std::span<const DuplicateCandidate> candidates, const DuplicateActions& actions,
               const DecidedPairs& decided, const DuplicateLimits& limits)
      : candidates_(candidates), actions_(actions), decided_(decided), limits_(limits), joined_(candidates.size()) {}

  DuplicateFindings run() {
    group();
    for (const auto& [name, members] : groups_) {
      if (is_given_up()) break;
      if (members.size() > kDuplicateGroupMax) {
        found_.groups_left_out.push_back(name);
      } else {
        compare(members);
      }
    }
    guard_joined();
    std::sort(found_.findings.begin(), found_.findings.end(),
              [](const auto& a, const auto& b) { return std::tie(a.a, a.b) < std::tie(b.a, b.b); });
    return std::move(found_);
  }

 private:
  using Members = std::vector<size_t>;

  bool is_given_up() {
    bool given_up = limits_.cancelled();
    if (given_up) found_.complete = false;
    return given_up;
  }

  void group() {
    first_group_.resize(candidates_.size());
    for (size_t i = 0; i < candidates_.size(); ++i) {
      if (i % kAskedEach == 0 && is_given_up()) return;
      keys_.push_back(duplicate_keys(candidates_[i]));
      for (std::string& name : duplicate_groups(keys_.back())) groups_[std::move(name)].push_back(i);
    }
  }

  void compare(const Members& members) {
    for (size_t i = 0; i < members.size(); ++i) {
      for (size_t j = i + 1; j < members.size(); ++j) {
        // Two have at most two groups in common, of which this is the second one.
        const Members* first = first_group_[members[i]];
        if (first == nullptr || first != first_group_[members[j]]) judge(members[i], members[j]);
      }
    }
    for (size_t member : members) {
      if (first_group_[member] == nullptr) first_group_[member] = &members;
    }
  }

  void judge(size_t a, size_t b) {
    std::optional<DuplicateRule> rule = fitting_rule(keys_[a], keys_[b]);
    if (!rule) return;
    DuplicateAction action = actions_[static_cast<size_t>(*rule)];
    if (action == DuplicateAction::off || decided_.settled.contains({a, b})) return;
    std::vector<DuplicateGuard> guards = guards_of(candidates_[a], candidates_[b]);
    if (decided_.withdrawn.contains({a, b})) guards.push_back(DuplicateGuard::decision_withdrawn);
    if (!guards.empty()) action = DuplicateAction::review;
    if (action == DuplicateAction::merge) joined_.join(a, b);
    size_t& kept = action == DuplicateAction::merge ? merges_ : reviews_;
    if (kept == limits_.findings_max) {
      found_.complete = false;
      return;
    }
    ++kept;
    DuplicateKind kind = *rule <= DuplicateRule::d2 ? DuplicateKind::duplicate : DuplicateKind::suspected;
    found_.findings.push_back({a, b, *rule, kind, action, std::move(guards)});
  }

  void guard_joined() {
    std::set<size_t> contradicted;  // roots
    for (auto [a, b] : decided_.settled) {
      if (joined_.root(a) == joined_.root(b)) contradicted.insert(joined_.root(a));
    }
    for (DuplicateFinding& finding : found_.findings) {
      if (finding.action != DuplicateAction::merge) continue;
      if (joined_.joined_with(finding.a) > kJoinedMax) finding.guards.push_back(DuplicateGuard::too_many_joined);
      if (contradicted.contains(joined_.root(finding.a))) finding.guards.push_back(DuplicateGuard::kept_apart);
      if (!finding.guards.empty()) finding.action = DuplicateAction::review;
    }
  }

  std::span<const DuplicateCandidate> candidates_;
  const DuplicateActions& actions_;
  const DecidedPairs& decided_;
  const DuplicateLimits& limits_;
  std::vector<DuplicateKeys> keys_;
  std::map<std::string, Members> groups_;
  std::vector<const Members*> first_group_;  // of each candidate, the first that it was compared in
  JoinedCustomers joined_;
  DuplicateFindings found_;
  size_t merges_ = 0, reviews_ = 0;
};

}  // namespace

std::string_view duplicate_rule_name(DuplicateRule rule) {
  constexpr std::array<std::string_view, kDuplicateRules> kNames = {"D1", "D2", "D3", "D4", "D5"};
  return kNames[static_cast<size_t>(rule)];
}

std::string_view duplicate_kind_name(DuplicateKind kind) {
  return kind == DuplicateKind::duplicate ? "duplicate" : "suspected";
}

std::string_view duplicate_action_name(DuplicateAction action) {
  constexpr std::array<std::string_view, 3> kNames = {"merge", "review", "off"};
  return kNames[static_cast<size_t>(action)];
}

std::string_view duplicate_guard_name(DuplicateGuard guard) {
  constexpr std::array<std::string_view, 6> kNames = {
      "unique_identifiers_differ", "phone_shared", "side_held", "too_many_joined", "kept_apart", "decision_withdrawn"};
  return kNames[static_cast<size_t>(guard)];
}

DuplicateKeys duplicate_keys(const DuplicateCandidate& candidate) {
  DuplicateKeys keys;
  bool person = !candidate.organisation;
  keys.organisation = candidate.organisation;
  keys.phone_missing = candidate.phone.empty() && !candidate.phone_masked;
  if (!is_masked(candidate.name)) {
    keys.name = person ? contact_key(candidate.name) : candidate.name;
    keys.core_name = person ? keys.name : core_name(candidate.name);
  }
  const std::string& contact = person ? candidate.name : candidate.contact;
  if (!is_masked(contact)) keys.contact = contact_key(contact);
  if (!candidate.phone_masked && !is_masked(candidate.phone)) keys.phone = candidate.phone;
  return keys;
}

std::vector<std::string> duplicate_groups(const DuplicateKeys& keys) {
  std::vector<std::string> groups;
  const std::string type = keys.organisation ? "organisation" : "person";
  // Texts folded for matching have no line breaks.
  if (!keys.phone.empty()) groups.push_back(type + "\nphone\n" + keys.phone);
  if (!keys.name.empty() && !keys.contact.empty())
    groups.push_back(type + "\nname\n" + keys.name + "\n" + keys.contact);
  return groups;
}

DuplicateFindings find_duplicates(std::span<const DuplicateCandidate> candidates, const DuplicateActions& actions,
                                  const DecidedPairs& decided, const DuplicateLimits& limits) {
  return DuplicateRun(candidates, actions, decided, limits).run();
}

}  // namespace tributary
