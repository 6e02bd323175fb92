#include "engine/identity/container.h"

#include <algorithm>

namespace tributary {
namespace {

auto lower_bound_of(auto& members, const Hash128& id) {
  return std::lower_bound(members.begin(), members.end(), id,
                          [](const ContainerMember& member, const Hash128& value) { return member.id < value; });
}

void count_member(ContainerSummary& summary, const EvidenceMember& member, const RuleSet& rules) {
  summary.count_kind(member.kind);
  if (!rules.rule(member.kind).weak) ++summary.strong;
}

void find_or_add(Container& container, const EvidenceMember& member, const RuleSet& rules) {
  auto place = lower_bound_of(container.members, member.id);
  if (place != container.members.end() && place->id == member.id) return;
  count_member(container.summary, member, rules);
  container.members.insert(place, ContainerMember{member.id, member.kind, false});
}

/// Trust and links of evidence whose members are known.
void count_evidence(Container& container, const Evidence& evidence, const RuleSet& rules) {
  const EvidenceMember centre = centre_of(evidence, rules);
  for (const EvidenceMember& member : evidence.members) {
    ContainerMember& known = *container.find(member.id);
    if (member.trust == Trust::verified && !known.verified) {
      known.verified = true;
      if (!rules.rule(member.kind).weak) ++container.summary.verified_strong;
    }
    bool both_verified = member.trust == Trust::verified && centre.trust == Trust::verified;
    if (member.id != centre.id && !both_verified) ++container.summary.weak_links;
  }
  ++container.summary.evidence;
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

bool is_simple(const ContainerSummary& summary, const RuleSet& rules) {
  for (const auto& [kind, count] : summary.kinds) {
    uint32_t limit = rules.rule(kind).limit;
    if (limit != 0 && count > limit) return false;
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

Container make_container(const Hash128& root, std::vector<Evidence> evidence, const RuleSet& rules) {
  Container container;
  container.root = root;
  std::vector<EvidenceMember> members;
  for (const Evidence& each : evidence) members.insert(members.end(), each.members.begin(), each.members.end());
  std::sort(members.begin(), members.end(),
            [](const EvidenceMember& a, const EvidenceMember& b) { return a.id < b.id; });
  for (const EvidenceMember& member : members) {
    if (!container.members.empty() && container.members.back().id == member.id) continue;
    count_member(container.summary, member, rules);
    container.members.push_back({member.id, member.kind, false});
  }
  for (const Evidence& each : evidence) count_evidence(container, each, rules);
  container.evidence = std::move(evidence);
  return container;
}

void add_evidence(Container& container, Evidence evidence, const RuleSet& rules) {
  for (const EvidenceMember& member : evidence.members) find_or_add(container, member, rules);
  count_evidence(container, evidence, rules);
  container.evidence.push_back(std::move(evidence));
}

void absorb(Container& large, Container small) {
  for (const auto& [kind, count] : small.summary.kinds) {
    auto row = std::find_if(large.summary.kinds.begin(), large.summary.kinds.end(),
                            [&](const auto& known) { return known.kind == kind; });
    if (row == large.summary.kinds.end()) {
      large.summary.kinds.push_back({kind, count});
    } else {
      row->count += count;
    }
  }
  large.summary.strong += small.summary.strong;
  large.summary.verified_strong += small.summary.verified_strong;
  large.summary.weak_links += small.summary.weak_links;
  large.summary.evidence += small.summary.evidence;
  large.summary.customers += small.summary.customers;
  large.summary.refused_limit += small.summary.refused_limit;
  large.summary.refused_trust += small.summary.refused_trust;

  std::vector<ContainerMember> members;
  members.reserve(large.members.size() + small.members.size());
  std::merge(large.members.begin(), large.members.end(), small.members.begin(), small.members.end(),
             std::back_inserter(members),
             [](const ContainerMember& a, const ContainerMember& b) { return a.id < b.id; });
  large.members = std::move(members);
  std::move(small.evidence.begin(), small.evidence.end(), std::back_inserter(large.evidence));
}

size_t memory_bytes(const Container& container) {
  size_t bytes = sizeof container + container.members.size() * sizeof(ContainerMember);
  for (const Evidence& evidence : container.evidence) {
    bytes += sizeof evidence + evidence.members.size() * sizeof(EvidenceMember) + evidence.first.message_id.size();
  }
  return bytes;
}

}  // namespace tributary
