#include "engine/query/customer.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <set>

#include "engine/profile/fragment.h"
#include "engine/query/computed_traits.h"
#include "engine/query/facts.h"
#include "engine/query/orders.h"

namespace tributary {
namespace {

using IdentifierIndex = boost::unordered_flat_map<Hash128, size_t, std::hash<Hash128>>;

Result<std::vector<IdentifierView>> read_identifiers(const StateReader& reader, const Customer& customer,
                                                     IdentifierIndex& index) {
  std::vector<IdentifierView> identifiers;
  for (const Hash128& member : customer.members) {
    auto row = load_value(reader, customer.workspace, member);
    if (!row) return row.error();
    const ContainerMember* known = customer.container.find(member);
    bool shared = known->out != 0;
    // What evidence of other customers says of a shared identifier is not its customer's.
    Trust trust = known->verified && !shared ? Trust::verified : Trust::claimed;
    index.emplace(member, identifiers.size());
    identifiers.push_back(
        {row->kind, row->value, trust, Timestamp{INT64_MAX}, Timestamp{INT64_MIN}, 0, shared, row->from});
  }
  return identifiers;
}

void show_on_identifiers(const Evidence& evidence, const Fragment& fragment, const IdentifierIndex& index,
                         std::vector<IdentifierView>& identifiers) {
  for (const EvidenceMember& member : evidence.members) {
    auto place = index.find(member.id);
    if (place == index.end()) continue;  // a refused link left it with another customer
    IdentifierView& identifier = identifiers[place->second];
    identifier.first_seen = std::min(identifier.first_seen, fragment.first_at);
    identifier.last_seen = std::max(identifier.last_seen, fragment.last_at);
    identifier.events += fragment.events;
    if (member.trust == Trust::verified) identifier.trust = Trust::verified;
  }
}

TraitView view_of(const TraitState& trait) {
  return {trait.key, trait.value_json, trait.source, trait.message_id, trait.at};
}

// One value per name: what was set, or unset, wins over what was set once, and both over a counter.
std::vector<TraitView> traits_of(const Fragment& profile) {
  std::vector<TraitView> traits;
  std::set<std::string_view> names;
  auto add = [&](std::string_view name, TraitView trait) {
    if (names.insert(name).second && trait.value_json != "null") traits.push_back(std::move(trait));
  };
  for (const TraitState& trait : profile.traits) add(trait.key, view_of(trait));
  for (const TraitState& trait : profile.traits_once) add(trait.key, view_of(trait));
  for (const TraitCounter& counter : profile.counters) {
    add(counter.key, {counter.key, decimal(counter.sum), {}, {}, profile.last_at});
  }
  std::sort(traits.begin(), traits.end(), [](const TraitView& a, const TraitView& b) { return a.key < b.key; });
  return traits;
}

Result<Fragment> read_fragment(const StateReader& reader, WorkspaceId workspace, const Evidence& evidence) {
  std::string value;
  Hash128 home = home_of(evidence.members).id;
  auto found = reader.get(Family::fragment, fragment_key(workspace, home, evidence.hash), value);
  if (!found) return found.error();
  if (!*found) return Error{ErrorCode::corrupt, "evidence without a fragment: " + base32(evidence.hash)};
  return decode_fragment(value);
}

// An identifier that no fragment of its customer mentions was seen with the events of another customer. A shared one is
// mentioned by many, of which this container knows some: nothing is said.
Result<void> fill_unseen(const StateReader& reader, const Customer& customer, const IdentifierIndex& index,
                         std::vector<IdentifierView>& identifiers, bool live) {
  auto unseen = [](const IdentifierView& view) { return view.first_seen.micros == INT64_MAX && !view.shared; };
  if (std::none_of(identifiers.begin(), identifiers.end(), unseen)) return {};
  std::vector<bool> wanted;
  wanted.reserve(identifiers.size());
  for (const IdentifierView& view : identifiers) wanted.push_back(unseen(view));
  for (const Evidence& evidence : customer.container.evidence) {
    if (evidence.live() != live) continue;
    for (const EvidenceMember& member : evidence.members) {
      auto place = index.find(member.id);
      if (place == index.end() || !wanted[place->second]) continue;
      auto fragment = read_fragment(reader, customer.workspace, evidence);
      if (!fragment) return fragment.error();
      IdentifierView& identifier = identifiers[place->second];
      identifier.first_seen = std::min(identifier.first_seen, fragment->first_at);
      identifier.last_seen = std::max(identifier.last_seen, fragment->last_at);
    }
  }
  return {};
}

}  // namespace

Result<Customer> find_customer(const StateReader& reader, WorkspaceId workspace, const Hash128& identifier,
                               const RuleSet& rules) {
  auto vertex = load_vertex(reader, workspace, identifier);
  if (!vertex) return vertex.error();
  if (!*vertex || ((*vertex)->out & OutFlags::kNobody) != 0) return Error{ErrorCode::not_found, "no such customer"};
  auto container = load_container(reader, workspace, (*vertex)->root, rules);
  if (!container) return container.error();

  Customer customer;
  customer.workspace = workspace;
  customer.container = std::move(*container);
  customer.clusters = compute_clusters(customer.container, rules);
  const ContainerMember* member = customer.container.find(identifier);
  if (member == nullptr) return Error{ErrorCode::corrupt, "identifier is not in its container: " + base32(identifier)};
  customer.cluster = customer.clusters.of_member[static_cast<size_t>(member - customer.container.members.data())];
  if (customer.cluster == kNobody)
    return Error{ErrorCode::corrupt, "identifier without a customer: " + base32(identifier)};
  const Cluster& mine = customer.clusters.clusters[customer.cluster];
  customer.id = CustomerId{mine.anchor};
  customer.members = mine.members;
  for (size_t i = 0; i < customer.container.evidence.size(); ++i) {
    if (customer.clusters.of_evidence[i] == customer.cluster)
      customer.evidence.push_back(&customer.container.evidence[i]);
  }
  return customer;
}

Result<Hash128> named_at(const StateReader& reader, WorkspaceId workspace, const Hash128& identifier,
                         std::optional<Timestamp> at) {
  auto cuts = load_cut_times(reader, cut_prefix(workspace, identifier));
  if (!cuts) return cuts.error();
  return at ? cuts->at(identifier, *at) : cuts->newest(identifier);
}

Result<ProfileView> read_profile(const StateReader& reader, const Customer& customer,
                                 const ComputedTraitsAsOf& computed) {
  ProfileView view;
  view.id = customer.id;
  IdentifierIndex index;
  auto identifiers = read_identifiers(reader, customer, index);
  if (!identifiers) return identifiers.error();
  view.identifiers = std::move(*identifiers);

  Fragment profile;
  std::vector<const Evidence*> with_orders, with_facts, measured;
  for (const Evidence* evidence : customer.evidence) {
    auto fragment = read_fragment(reader, customer.workspace, *evidence);
    if (!fragment) return fragment.error();
    show_on_identifiers(*evidence, *fragment, index, view.identifiers);
    if (may_have_orders(*fragment)) with_orders.push_back(evidence);
    if ((fragment->fact_kinds & ~kMeasuredBit) != 0) with_facts.push_back(evidence);
    if ((fragment->fact_kinds & kMeasuredBit) != 0) measured.push_back(evidence);
    join(profile, *fragment);
  }
  TRIBUTARY_TRY(fill_unseen(reader, customer, index, view.identifiers, true));
  TRIBUTARY_TRY(fill_unseen(reader, customer, index, view.identifiers, false));
  for (IdentifierView& identifier : view.identifiers) {
    if (identifier.first_seen.micros == INT64_MAX) identifier.first_seen = identifier.last_seen = Timestamp{};
  }
  std::sort(view.identifiers.begin(), view.identifiers.end(), [](const IdentifierView& a, const IdentifierView& b) {
    return std::tie(a.kind, a.value, a.from) < std::tie(b.kind, b.value, b.from);
  });
  auto orders = read_orders(reader, customer.workspace, with_orders, view.orders_complete);
  if (!orders) return orders.error();
  view.orders = std::move(*orders);
  auto facts = read_facts(reader, customer.workspace, with_facts, view.facts_cut);
  if (!facts) return facts.error();
  view.facts = std::move(*facts);
  view.facts_complete = view.facts_cut == 0;
  if (computed.traits != nullptr) {
    auto values = read_computed_traits(reader, customer.workspace, measured, *computed.traits, computed.now);
    if (!values) return values.error();
    view.computed_traits = std::move(*values);
    auto behaviour = read_behaviour(reader, customer.workspace, measured, computed.now);
    if (!behaviour) return behaviour.error();
    view.behaviour = *behaviour;
  }
  view.traits = traits_of(profile);
  for (const EventCount& count : profile.event_counts) view.event_counts.push_back({count.name, count.count});
  view.channels.assign(profile.channels.begin(), profile.channels.end());
  view.events = profile.events;
  // A customer whose only identifier came with another customer's events has none of its own.
  view.first_seen = profile.events > 0 ? profile.first_at : view.identifiers.front().first_seen;
  view.last_seen = profile.events > 0 ? profile.last_at : view.identifiers.front().last_seen;
  return view;
}

}  // namespace tributary
