#include "engine/query/explain.h"

#include <algorithm>
#include <deque>
#include <set>
#include <tuple>

#include "engine/query/customer.h"
#include "engine/query/identity_names.h"

namespace tributary {
namespace {

// Links of the forest from one member to another, in order.
std::vector<Link> path_between(const Customer& customer, uint32_t from, uint32_t to) {
  std::vector<std::vector<const Link*>> links_of(customer.container.members.size());
  for (const Link& link : customer.clusters.accepted) {
    links_of[link.centre].push_back(&link);
    links_of[link.other].push_back(&link);
  }
  std::vector<const Link*> towards(links_of.size(), nullptr);  // the link by which the search came here
  std::vector<bool> seen(links_of.size(), false);
  std::deque<uint32_t> next{to};
  seen[to] = true;
  while (!next.empty() && !seen[from]) {
    uint32_t at = next.front();
    next.pop_front();
    for (const Link* link : links_of[at]) {
      uint32_t other = link->centre == at ? link->other : link->centre;
      if (seen[other]) continue;
      seen[other] = true;
      towards[other] = link;
      next.push_back(other);
    }
  }
  std::vector<Link> path;
  for (uint32_t at = from; at != to && towards[at] != nullptr;) {
    const Link& link = *towards[at];
    uint32_t other = link.centre == at ? link.other : link.centre;
    path.push_back(link);
    path.back().centre = at;  // read from here to there
    path.back().other = other;
    at = other;
  }
  return path;
}

class Explanation {
 public:
  Explanation(const StateReader& reader, WorkspaceId workspace, const RuleSet& rules)
      : reader_(reader), workspace_(workspace), rules_(rules), names_(reader, workspace) {}

  Result<ExplainView> of(const ExplainSubject& subject) {
    auto customer = find_customer(reader_, workspace_, subject.customer, rules_);
    if (!customer) return customer.error();
    view_.customer = customer->id;
    if (subject.a && subject.b) {
      TRIBUTARY_TRY(compare(*subject.a, *subject.b));
    } else {
      TRIBUTARY_TRY(describe(*customer));
    }
    return std::move(view_);
  }

 private:
  Result<void> compare(const Hash128& a, const Hash128& b) {
    auto first = find_customer(reader_, workspace_, a, rules_);
    if (!first) return first.error();
    auto second = find_customer(reader_, workspace_, b, rules_);
    if (!second) return second.error();
    view_.customer_a = first->id;
    view_.customer_b = second->id;
    view_.same_customer = first->id == second->id;
    TRIBUTARY_TRY(show_cuts(*first, {a}));
    TRIBUTARY_TRY(show_cuts(*second, {b}));
    if (view_.same_customer) {
      for (const Link& link : path_between(*first, first->container.index_of(a), first->container.index_of(b))) {
        auto shown = names_.link(first->container, link);
        if (!shown) return shown.error();
        view_.path.push_back(std::move(*shown));
      }
      return {};
    }
    TRIBUTARY_TRY(find_refusal_between(*first, *second));
    return find_hubs_between(*first, *second);
  }

  Result<void> find_refusal_between(const Customer& a, const Customer& b) {
    if (a.container.root != b.container.root) return {};
    const auto& of_member = a.clusters.of_member;
    for (const Refusal& refusal : a.clusters.refusals) {
      uint32_t x = of_member[refusal.link.centre], y = of_member[refusal.link.other];
      bool between = (x == a.cluster && y == b.cluster) || (x == b.cluster && y == a.cluster);
      if (!between) continue;
      auto shown = names_.refusal(a.container, refusal);
      if (!shown) return shown.error();
      view_.refusal = std::move(*shown);
      return {};
    }
    return {};
  }

  // Identifiers that are out: named by events of this customer, or the customer itself.
  static std::set<Hash128> hubs_of(const Customer& customer) {
    std::set<Hash128> hubs;
    for (const Evidence* evidence : customer.evidence) {
      for (const EvidenceMember& member : evidence->members) {
        const ContainerMember* known = customer.container.find(member.id);
        if (known->out != 0 && (known->out & OutFlags::kErased) == 0) hubs.insert(member.id);
      }
    }
    for (const Hash128& member : customer.members) {
      if (customer.container.find(member)->out != 0) hubs.insert(member);
    }
    return hubs;
  }

  Result<void> find_hubs_between(const Customer& a, const Customer& b) {
    std::set<Hash128> of_a = hubs_of(a), of_b = hubs_of(b), between;
    std::set_intersection(of_a.begin(), of_a.end(), of_b.begin(), of_b.end(), std::inserter(between, between.end()));
    return show_hubs(between);
  }

  Result<void> show_hubs(const std::set<Hash128>& hubs) {
    for (const Hash128& hub : hubs) {
      auto shown = names_.hub(hub);
      if (!shown) return shown.error();
      view_.hubs.push_back(std::move(*shown));
    }
    return {};
  }

  Result<void> describe(const Customer& customer) {
    const auto& of_member = customer.clusters.of_member;
    for (const Link& link : customer.clusters.accepted) {
      if (of_member[link.centre] != customer.cluster) continue;
      auto shown = names_.link(customer.container, link);
      if (!shown) return shown.error();
      view_.links.push_back(std::move(*shown));
    }
    for (const Refusal& refusal : customer.clusters.refusals) {
      bool mine =
          of_member[refusal.link.centre] == customer.cluster || of_member[refusal.link.other] == customer.cluster;
      if (!mine) continue;
      auto shown = names_.refusal(customer.container, refusal);
      if (!shown) return shown.error();
      view_.refusals.push_back(std::move(*shown));
    }
    TRIBUTARY_TRY(show_cuts(customer, customer.members));
    return show_hubs(hubs_of(customer));
  }

  // All cuts of a value, whichever of its generations is asked for.
  Result<void> show_cuts(const Customer& customer, const std::vector<Hash128>& members) {
    for (const Hash128& member : members) {
      if (!customer.container.find(member)->decided) continue;
      auto value = load_value(reader_, workspace_, member);
      if (!value) return value.error();
      const Hash128 origin = value->from ? value->origin : member;
      if (!cut_shown_.insert(origin).second) continue;
      auto cuts = load_cuts(reader_, cut_prefix(workspace_, origin));
      if (!cuts) return cuts.error();
      Identifier identifier = Identifier::from_normalised(std::move(value->kind), std::move(value->value));
      std::erase_if(*cuts, [](const CutRow& cut) { return cut.decision.id.empty(); });  // of an erasure nothing is told
      for (CutRow& cut : *cuts) view_.cuts.push_back({identifier, cut.at, std::move(cut.decision)});
    }
    std::sort(view_.cuts.begin(), view_.cuts.end(), [](const CutView& x, const CutView& y) {
      return std::tie(x.at, x.identifier) < std::tie(y.at, y.identifier);
    });
    return {};
  }

  const StateReader& reader_;
  WorkspaceId workspace_;
  const RuleSet& rules_;
  IdentityNames names_;
  ExplainView view_;
  std::set<Hash128> cut_shown_;  // identifiers before any cut
};

}  // namespace

Result<ExplainView> explain_identity(const StateReader& reader, WorkspaceId workspace, const ExplainSubject& subject,
                                     const RuleSet& rules) {
  return Explanation(reader, workspace, rules).of(subject);
}

}  // namespace tributary
