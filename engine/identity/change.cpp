#include "engine/identity/change.h"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>

namespace tributary {
namespace {

using Indices = std::vector<uint32_t>;

void add_distinct(Indices& indices, uint32_t index) {
  if (std::find(indices.begin(), indices.end(), index) == indices.end()) indices.push_back(index);
}

std::vector<Hash128> names(const std::vector<Cluster>& clusters, const Indices& indices) {
  std::vector<Hash128> anchors;
  for (uint32_t index : indices) anchors.push_back(clusters[index].anchor);
  std::sort(anchors.begin(), anchors.end());
  return anchors;
}

Change change(ChangeType type, std::vector<Hash128> from, std::vector<Hash128> into) {
  Change made;
  made.type = type;
  made.from = std::move(from);
  made.into = std::move(into);
  return made;
}

}  // namespace

std::string_view change_type_name(ChangeType type) {
  switch (type) {
    case ChangeType::merged:
      return "merged";
    case ChangeType::split:
      return "split";
    case ChangeType::renamed:
      return "renamed";
    case ChangeType::hub_detected:
      return "hub_detected";
    case ChangeType::rules_activated:
      return "rules_activated";
    case ChangeType::erased:
      return "erased";
  }
  return "unknown";
}

std::string_view cause_kind_name(CauseKind kind) {
  switch (kind) {
    case CauseKind::event:
      return "event";
    case CauseKind::assertion:
      return "assertion";
    case CauseKind::rules:
      return "rules";
    case CauseKind::erasure:
      return "erasure";
  }
  return "unknown";
}

std::vector<Change> changes_between(const std::vector<Cluster>& before, const std::vector<Cluster>& after) {
  if (before.empty()) return {};
  if (before.size() == 1 && after.size() == 1) {
    if (before[0].anchor == after[0].anchor) return {};
    return {change(ChangeType::renamed, {before[0].anchor}, {after[0].anchor})};
  }
  boost::unordered_flat_map<Hash128, uint32_t, std::hash<Hash128>> old_of;
  for (uint32_t i = 0; i < before.size(); ++i) {
    for (const Hash128& member : before[i].members) old_of.emplace(member, i);
  }
  std::vector<Indices> targets(before.size()), sources(after.size());
  for (uint32_t i = 0; i < after.size(); ++i) {
    for (const Hash128& member : after[i].members) {
      auto old = old_of.find(member);
      if (old == old_of.end()) continue;
      add_distinct(sources[i], old->second);
      add_distinct(targets[old->second], i);
    }
  }
  std::vector<Change> changes;
  for (uint32_t i = 0; i < before.size(); ++i) {
    if (targets[i].size() > 1) {
      changes.push_back(change(ChangeType::split, {before[i].anchor}, names(after, targets[i])));
    }
  }
  for (uint32_t i = 0; i < after.size(); ++i) {
    const Hash128& name = after[i].anchor;
    if (sources[i].size() > 1) {
      std::vector<Hash128> from = names(before, sources[i]);
      std::erase(from, name);
      changes.push_back(change(ChangeType::merged, std::move(from), {name}));
    } else if (sources[i].size() == 1) {
      uint32_t old = sources[i][0];
      if (targets[old].size() == 1 && before[old].anchor != name) {
        changes.push_back(change(ChangeType::renamed, {before[old].anchor}, {name}));
      }
    }
  }
  return changes;
}

}  // namespace tributary
