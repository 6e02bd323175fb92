#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

#include "engine/fold/identity_fold.h"
#include "engine/identity/root_sets.h"

namespace tributary {
namespace {

Evidence* evidence_in(Container& container, const Hash128& hash) {
  auto found = std::find_if(container.evidence.begin(), container.evidence.end(),
                            [&](const Evidence& evidence) { return evidence.hash == hash; });
  return found == container.evidence.end() ? nullptr : &*found;
}

}  // namespace

Result<Container*> IdentityFold::find_container(const Hash128& root, const RecordCause& cause) {
  auto rules = rules_.of(cause.workspace);
  if (!rules) return rules.error();
  auto container = table_.find_container(cause.workspace, root, (*rules)->active);
  if (!container) return container.error();
  uint32_t version = (*container)->summary.rules_version;
  if (version != 0 && version != (*rules)->active.version()) TRIBUTARY_TRY(refresh(**container, **rules, cause));
  return *container;
}

Result<Container*> IdentityFold::container_of(const Hash128& identifier, const RecordCause& cause) {
  auto vertex = table_.vertex(cause.workspace, identifier);
  if (!vertex) return vertex.error();
  return find_container(vertex->root, cause);
}

// Where evidence lives: with its home, unless that is a hub.
Result<IdentityFold::FoundEvidence> IdentityFold::find_evidence(const Hash128& evidence, const Hash128& home,
                                                                const RecordCause& cause) {
  auto container = container_of(home, cause);
  if (!container) return container.error();
  if (Evidence* found = evidence_in(**container, evidence)) return FoundEvidence{*container, found};
  auto elsewhere = table_.find_hub_evidence(cause.workspace, home, evidence);
  if (!elsewhere) return elsewhere.error();
  if (!*elsewhere) return FoundEvidence{*container};
  container = container_of((*elsewhere)->seat, cause);
  if (!container) return container.error();
  return FoundEvidence{*container, evidence_in(**container, evidence)};
}

Result<IdentityFold::FoundEvidence> IdentityFold::known_evidence(const Hash128& evidence, const Hash128& home,
                                                                 const RecordCause& cause) {
  auto found = find_evidence(evidence, home, cause);
  if (found && found->evidence == nullptr) {
    return Error{ErrorCode::corrupt, "fragment without evidence in its container: " + base32(evidence)};
  }
  return found;
}

// The container of all roots: the one with most evidence takes the others in, so a row moves O(log n) times.
Result<Container*> IdentityFold::unite(const std::vector<Hash128>& roots, const Hash128& new_root,
                                       const RecordCause& cause) {
  if (roots.empty()) {
    ++pending_->containers;
    Container& fresh = table_.add_container(new_root);
    TRIBUTARY_TRY(touch(fresh, cause));
    return &fresh;
  }
  std::vector<Container*> joined;
  for (const Hash128& root : roots) {
    auto container = find_container(root, cause);
    if (!container) return container.error();
    TRIBUTARY_TRY(touch(**container, cause));
    joined.push_back(*container);
  }
  // Ties go to the smaller root, so that a replay builds the same rows.
  auto large = std::max_element(joined.begin(), joined.end(), [](const Container* a, const Container* b) {
    return std::make_tuple(a->evidence.size(), b->root) < std::make_tuple(b->evidence.size(), a->root);
  });
  std::swap(joined[0], *large);
  auto rules = this->rules(cause.workspace);
  if (!rules) return rules.error();
  Touched& touched = touched_.at(joined[0]->root);
  if (joined.size() > 1) touched.cause = cause;
  for (size_t i = 1; i < joined.size(); ++i) {
    if (!joined[i]->summary.simple) --pending_->containers_not_simple;
    --pending_->containers;
    auto small = touched_.find(joined[i]->root);
    std::move(small->second.before.begin(), small->second.before.end(), std::back_inserter(touched.before));
    touched_.erase(small);
  }
  Container* large_one = joined[0];
  joined.erase(joined.begin());
  if (!joined.empty()) TRIBUTARY_TRY(table_.unite(cause.workspace, *large_one, joined, **rules));
  return large_one;
}

// All containers that belong together at once: one after the other, the large one would be gone through for each.
Result<void> IdentityFold::unite_pending() {
  std::vector<Join> joins = std::exchange(joins_, {});
  RootSets together;
  std::map<Hash128, RecordCause> causes;  // by root
  for (Join& join : joins) {
    auto a = table_.vertex(join.cause.workspace, join.a);
    if (!a) return a.error();
    auto b = table_.vertex(join.cause.workspace, join.b);
    if (!b) return b.error();
    causes.emplace(a->root, join.cause);
    causes.emplace(b->root, join.cause);
    together.unite(a->root, b->root);
  }
  for (const auto& [first, roots] : together.sets()) {
    auto united = unite(roots, first, causes.at(first));
    if (!united) return united.error();
  }
  return {};
}

Result<void> IdentityFold::touch(const Container& container, const RecordCause& cause) {
  if (touched_.contains(container.root)) return {};
  auto before = customers_before(cause.workspace, container);
  if (!before) return before.error();
  touched_.emplace(container.root, Touched{std::move(*before), cause});
  return {};
}

// As of the last settling, under the rules of that time.
Result<std::vector<Cluster>> IdentityFold::customers_before(WorkspaceId workspace, const Container& container) {
  if (container.summary.customers == 0) return std::vector<Cluster>();
  if (container.summary.simple) return std::vector<Cluster>{only_cluster(container)};
  if (container.settled) return *container.settled;
  auto rules = rules_.of(workspace);
  if (!rules) return rules.error();
  bool now = container.summary.rules_version == (*rules)->active.version();
  return compute_clusters(container, now ? (*rules)->active : (*rules)->before).clusters;
}

Result<void> IdentityFold::recounted(Container& container, const RecordCause& cause) {
  auto rules = this->rules(cause.workspace);
  if (!rules) return rules.error();
  recount(container, **rules);
  return {};
}

}  // namespace tributary
