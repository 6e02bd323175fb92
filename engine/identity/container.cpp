#include "engine/identity/container.h"

#include <algorithm>
#include <tuple>

#include "engine/base/check.h"

namespace tributary {
namespace {

auto lower_bound_of(auto& members, const Hash128& id) {
  return std::lower_bound(members.begin(), members.end(), id,
                          [](const ContainerMember& member, const Hash128& value) { return member.id < value; });
}

auto place_of_pair(auto& pairs, const Hash128& a, const Hash128& b) {
  return std::lower_bound(pairs.begin(), pairs.end(), std::tie(a, b),
                          [](const PairRegister& pair, const auto& key) { return std::tie(pair.a, pair.b) < key; });
}

bool is_about(const PairRegister& pair, const Hash128& a, const Hash128& b) { return pair.a == a && pair.b == b; }

void count_member(ContainerSummary& summary, const ContainerMember& member, const RuleSet& rules) {
  summary.count_kind(member.kind);
  if (!rules.rule(member.kind).weak) ++summary.strong;
  if (member.out != 0) ++summary.out;
  if (member.decided) ++summary.decisions;
}

ContainerMember& find_or_add(Container& container, const EvidenceMember& member, const RuleSet& rules) {
  auto place = lower_bound_of(container.members, member.id);
  if (place != container.members.end() && place->id == member.id) return *place;
  ContainerMember added{member.id, member.kind, false, 0, false, false, false};
  count_member(container.summary, added, rules);
  return *container.members.insert(place, added);
}

/// Trust and links of evidence whose members are known. The links of a container without members that are out.
void count_evidence(Container& container, const Evidence& evidence, const RuleSet& rules) {
  ContainerSummary& summary = container.summary;
  ++summary.evidence;
  if (evidence.decided) ++summary.decisions;
  if (!evidence.live()) return;
  const EvidenceMember& centre = centre_of(evidence, rules);
  for (const EvidenceMember& member : evidence.members) {
    ContainerMember& known = *container.find(member.id);
    if (member.trust == Trust::verified && !known.verified) {
      known.verified = true;
      if (!rules.rule(member.kind).weak) ++summary.verified_strong;
    }
    bool both_verified = member.trust == Trust::verified && centre.trust == Trust::verified;
    if (member.id != centre.id && !both_verified) ++summary.weak_links;
  }
}

std::vector<MemberMark> marks_of(const Container& container) {
  std::vector<MemberMark> marks;
  marks.reserve(container.members.size());
  for (const ContainerMember& member : container.members) {
    if (member.marked) marks.push_back({member.id, member.kind, member.out, member.foreign, member.decided});
  }
  return marks;
}

// Sorted and distinct: whatever evidence, pairs and marks name.
std::vector<ContainerMember> members_of(const Container& container, const std::vector<MemberMark>& marks) {
  std::vector<ContainerMember> members;
  for (const Evidence& evidence : container.evidence) {
    for (const EvidenceMember& member : evidence.members) {
      members.push_back({member.id, member.kind, false, 0, false, false, false});
    }
  }
  for (const PairRegister& pair : container.pairs) {
    members.push_back({pair.a, pair.kind_a, false, 0, false, false, false});
    members.push_back({pair.b, pair.kind_b, false, 0, false, false, false});
  }
  for (const MemberMark& mark : marks)
    members.push_back({mark.id, mark.kind, false, mark.out, mark.foreign, mark.decided, true});
  std::stable_sort(members.begin(), members.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  size_t kept = 0;
  for (const ContainerMember& member : members) {
    if (kept > 0 && members[kept - 1].id == member.id) {
      members[kept - 1].out |= member.out;
      members[kept - 1].foreign |= member.foreign;
      members[kept - 1].decided |= member.decided;
      members[kept - 1].marked |= member.marked;
    } else {
      members[kept++] = member;
    }
  }
  members.resize(kept);
  return members;
}

void build(Container& container, const std::vector<MemberMark>& marks, const RuleSet& rules) {
  container.members = members_of(container, marks);
  for (const ContainerMember& member : container.members) count_member(container.summary, member, rules);
  for (const Evidence& evidence : container.evidence) count_evidence(container, evidence, rules);
  container.summary.decisions += static_cast<uint32_t>(container.pairs.size());
}

// What the last settling found, without the counts.
ContainerSummary settled_part(const ContainerSummary& summary) {
  ContainerSummary kept;
  kept.rules_version = summary.rules_version;
  kept.customers = summary.customers;
  kept.refused_cannot = summary.refused_cannot;
  kept.refused_trust = summary.refused_trust;
  kept.refused_limit = summary.refused_limit;
  kept.refused_window = summary.refused_window;
  kept.simple = summary.simple;
  return kept;
}

void add_settled(ContainerSummary& sum, const ContainerSummary& more) {
  sum.customers += more.customers;
  sum.refused_cannot += more.refused_cannot;
  sum.refused_trust += more.refused_trust;
  sum.refused_limit += more.refused_limit;
  sum.refused_window += more.refused_window;
}

void add_counts(ContainerSummary& sum, const ContainerSummary& more) {
  for (const auto& [kind, count] : more.kinds) {
    auto row = std::find_if(sum.kinds.begin(), sum.kinds.end(), [&](const auto& known) { return known.kind == kind; });
    if (row == sum.kinds.end()) {
      sum.kinds.push_back({kind, count});
    } else {
      row->count += count;
    }
  }
  sum.strong += more.strong;
  sum.verified_strong += more.verified_strong;
  sum.weak_links += more.weak_links;
  sum.evidence += more.evidence;
  sum.out += more.out;
  sum.decisions += more.decisions;
}

// One of the sorted members for each id: at home in one of their containers, or in none. True when there were several.
bool merge_equal(std::vector<ContainerMember>& members) {
  size_t kept = 0;
  for (size_t i = 0; i < members.size(); ++i) {
    const ContainerMember member = members[i];
    if (kept > 0 && members[kept - 1].id == member.id) {
      ContainerMember& known = members[kept - 1];
      // Why it is out stands where it is at home; elsewhere only that it is.
      if (known.foreign == member.foreign) {
        known.out |= member.out;
      } else if (known.foreign) {
        known.out = member.out;
      }
      known.foreign = known.foreign && member.foreign;
      known.verified = known.verified || member.verified;
      known.decided = known.decided || member.decided;
      known.marked = known.marked || member.marked;
    } else {
      members[kept++] = member;
    }
  }
  bool met = kept < members.size();
  members.resize(kept);
  return met;
}

bool within_limits(const ContainerSummary::KindCount& row, const KindRule& rule) {
  if (rule.limit != 0 && row.count > rule.limit) return false;
  return std::all_of(rule.windows.begin(), rule.windows.end(),
                     [&](const WindowLimit& window) { return row.count <= window.count; });
}

}  // namespace

void ContainerSummary::count_kind(KindCode kind) {
  for (KindCount& row : kinds) {
    if (row.kind != kind) continue;
    ++row.count;
    return;
  }
  kinds.push_back({kind, 1});
}

ContainerMember* Container::find(const Hash128& id) {
  auto place = lower_bound_of(members, id);
  return place != members.end() && place->id == id ? &*place : nullptr;
}

const ContainerMember* Container::find(const Hash128& id) const { return const_cast<Container*>(this)->find(id); }

uint32_t Container::index_of(const Hash128& id) const {
  const ContainerMember* member = find(id);
  TRIBUTARY_CHECK(member != nullptr);
  return static_cast<uint32_t>(member - members.data());
}

const PairRegister* Container::find_pair(const Hash128& a, const Hash128& b) const {
  auto place = place_of_pair(pairs, a, b);
  return place != pairs.end() && is_about(*place, a, b) ? &*place : nullptr;
}

bool is_simple(const ContainerSummary& summary, const RuleSet& rules) {
  if (summary.out > 0 || summary.decisions > 0) return false;
  for (const auto& row : summary.kinds) {
    if (!within_limits(row, rules.rule(row.kind))) return false;
  }
  if (summary.weak_links == 0) return true;
  switch (rules.claims()) {
    case ClaimsPolicy::fill:
      return summary.verified_strong <= 1;
    case ClaimsPolicy::guarded:
      return summary.strong <= 1 || summary.verified_strong == 0;
    case ClaimsPolicy::strict:
      return summary.strong <= 1;
  }
  return false;
}

Container make_container(const Hash128& root, std::vector<Evidence> evidence, std::vector<PairRegister> pairs,
                         const std::vector<MemberMark>& marks, const RuleSet& rules) {
  Container container;
  container.root = root;
  container.evidence = std::move(evidence);
  container.pairs = std::move(pairs);
  build(container, marks, rules);
  return container;
}

void recount(Container& container, const RuleSet& rules) {
  std::vector<MemberMark> marks = marks_of(container);
  container.summary = settled_part(container.summary);
  build(container, marks, rules);
}

void add_evidence(Container& container, Evidence evidence, const RuleSet& rules) {
  for (const EvidenceMember& member : evidence.members) find_or_add(container, member, rules);
  count_evidence(container, evidence, rules);
  container.evidence.push_back(std::move(evidence));
}

ContainerMember& add_member(Container& container, const MemberMark& mark, const RuleSet& rules) {
  auto place = lower_bound_of(container.members, mark.id);
  TRIBUTARY_CHECK(place == container.members.end() || place->id != mark.id);
  ContainerMember added{mark.id, mark.kind, false, mark.out, mark.foreign, mark.decided, true};
  count_member(container.summary, added, rules);
  return *container.members.insert(place, added);
}

void set_pair(Container& container, PairRegister pair) {
  auto place = place_of_pair(container.pairs, pair.a, pair.b);
  if (place != container.pairs.end() && is_about(*place, pair.a, pair.b)) {
    *place = std::move(pair);
  } else {
    container.pairs.insert(place, std::move(pair));
  }
}

const EvidenceMember* owner_of(const Evidence& evidence, const Container& container, const RuleSet& rules) {
  auto links = [&](const EvidenceMember& member) { return container.find(member.id)->out == 0; };
  if (const EvidenceMember* centre = best_centre(evidence, rules, links)) return centre;
  return best_centre(evidence, rules, [&](const auto& member) { return !container.find(member.id)->nobody(); });
}

void absorb(Container& large, std::vector<Container> small, const RuleSet& rules) {
  for (Container& each : small) {
    large.members.insert(large.members.end(), each.members.begin(), each.members.end());
    std::move(each.evidence.begin(), each.evidence.end(), std::back_inserter(large.evidence));
    std::move(each.pairs.begin(), each.pairs.end(), std::back_inserter(large.pairs));
    add_settled(large.summary, each.summary);
  }
  std::sort(large.members.begin(), large.members.end(), [](const auto& a, const auto& b) { return a.id < b.id; });
  bool met = merge_equal(large.members);
  std::sort(large.pairs.begin(), large.pairs.end(),
            [](const PairRegister& x, const PairRegister& y) { return std::tie(x.a, x.b) < std::tie(y.a, y.b); });
  large.settled.reset();
  if (met) return recount(large, rules);
  for (const Container& each : small) add_counts(large.summary, each.summary);
}

size_t memory_bytes(const Container& container) {
  size_t bytes = sizeof container + container.members.size() * sizeof(ContainerMember) +
                 container.pairs.size() * (sizeof(PairRegister) + 64);
  for (const Evidence& evidence : container.evidence) {
    bytes += sizeof evidence + evidence.members.size() * sizeof(EvidenceMember) + evidence.first.message_id.size();
  }
  if (container.settled) bytes += container.members.size() * sizeof(Hash128) + 64 * container.settled->size();
  return bytes;
}

}  // namespace tributary
