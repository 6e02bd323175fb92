#include "engine/query/identity_names.h"

namespace tributary {
namespace {

std::vector<CustomerId> customer_ids(const std::vector<Hash128>& names) {
  std::vector<CustomerId> ids;
  ids.reserve(names.size());
  for (const Hash128& name : names) ids.push_back(CustomerId{name});
  return ids;
}

}  // namespace

RefusalRule refusal_rule(RefusalReason reason) {
  switch (reason) {
    case RefusalReason::cannot_link:
      return RefusalRule::cannot_link;
    case RefusalReason::join_not_trusted:
      return RefusalRule::join_not_trusted;
    case RefusalReason::limit:
      return RefusalRule::limit;
    case RefusalReason::window:
      return RefusalRule::window;
  }
  return RefusalRule::limit;
}

std::string_view refusal_rule_name(RefusalRule rule) {
  switch (rule) {
    case RefusalRule::cannot_link:
      return "cannot_link";
    case RefusalRule::join_not_trusted:
      return "join_not_trusted";
    case RefusalRule::limit:
      return "limit";
    case RefusalRule::window:
      return "window";
  }
  return "unknown";
}

std::string_view hub_reason_name(HubReason reason) {
  switch (reason) {
    case HubReason::threshold:
      return "threshold";
    case HubReason::always:
      return "always";
    case HubReason::blocked:
      return "blocked";
  }
  return "unknown";
}

Result<Identifier> IdentityNames::identifier(const Hash128& id) const {
  auto value = load_value(reader_, workspace_, id);
  if (!value) return value.error();
  return Identifier::from_normalised(std::move(value->kind), std::move(value->value));
}

Result<LinkView> IdentityNames::link(const Container& container, const Link& link) const {
  auto a = identifier(container.members[link.centre].id);
  if (!a) return a.error();
  auto b = identifier(container.members[link.other].id);
  if (!b) return b.error();
  LinkView view{std::move(*a), std::move(*b), link.pair != kNobody, {}, {}, {}, {}, Trust::verified, {}};
  if (link.pair != kNobody) {
    view.decision = container.pairs[link.pair].decision;
    view.at = view.decision.at;
    return view;
  }
  const Evidence& evidence = container.evidence[link.evidence];
  view.evidence = base32(evidence.said());
  view.message_id = evidence.first.message_id;
  view.source = evidence.first.source;
  view.at = evidence.first.at;
  view.trust = link.link_class == 0 ? Trust::verified : Trust::claimed;
  return view;
}

Result<RefusalView> IdentityNames::refusal(const Container& container, const Refusal& refusal) const {
  auto refused = link(container, refusal.link);
  if (!refused) return refused.error();
  RefusalView view{std::move(*refused), refusal_rule(refusal.reason), {}, refusal.count_a, refusal.count_b,
                   refusal.most,        refusal.window_micros,        {}};
  if (refusal.reason == RefusalReason::limit || refusal.reason == RefusalReason::window) {
    for (const ContainerMember& member : container.members) {
      if (member.kind != refusal.kind) continue;
      auto of_kind = identifier(member.id);
      if (!of_kind) return of_kind.error();
      view.kind = of_kind->kind();
      break;
    }
  }
  if (refusal.pair != kNobody) view.decision = container.pairs[refusal.pair].decision;
  return view;
}

Result<HubView> IdentityNames::hub(const Hash128& id) const {
  auto named = identifier(id);
  if (!named) return named.error();
  auto row = load_hub(reader_, workspace_, id);
  if (!row) return row.error();
  if (!*row) return Error{ErrorCode::corrupt, "hub without a row: " + base32(id)};
  HubView view{std::move(*named), HubReason::threshold, (*row)->met, (*row)->count, (*row)->threshold, {}};
  if (((*row)->out & OutFlags::kBlocked) != 0) {
    view.reason = HubReason::blocked;
  } else if (((*row)->out & OutFlags::kAlways) != 0) {
    view.reason = HubReason::always;
    view.decision = (*row)->decision;
  }
  return view;
}

Result<ChangeView> IdentityNames::change(const Change& change) const {
  ChangeView view;
  view.type = change.type;
  view.from = customer_ids(change.from);
  view.into = customer_ids(change.into);
  view.rules_version = change.rules_version;
  view.cause = change.cause;
  view.at = change.at;
  if (change.type == ChangeType::hub_detected) {
    auto hub = identifier(change.hub.identifier);
    if (!hub) return hub.error();
    view.hub =
        HubView{std::move(*hub), HubReason::threshold, change.hub.met, change.hub.count, change.hub.threshold, {}};
  }
  return view;
}

}  // namespace tributary
