#include "engine/identity/sides.h"

#include <algorithm>
#include <iterator>
#include <numeric>

namespace tributary {
namespace {

void add(Side& side, KindCode kind, uint32_t count) {
  for (auto& row : side.kinds) {
    if (row.kind != kind) continue;
    row.count += count;
    return;
  }
  side.kinds.push_back({kind, count});
}

void add(Side& side, SeenTimes times) {
  for (SeenTimes& row : side.windowed) {
    if (row.kind != times.kind) continue;
    row.micros = merged_times(row.micros, times.micros);
    return;
  }
  side.windowed.push_back(std::move(times));
}

}  // namespace

uint32_t Side::count(KindCode kind) const {
  for (const auto& row : kinds) {
    if (row.kind == kind) return row.count;
  }
  return 0;
}

const std::vector<int64_t>* Side::times(KindCode kind) const {
  for (const SeenTimes& row : windowed) {
    if (row.kind == kind) return &row.micros;
  }
  return nullptr;
}

uint32_t fullest_window(const std::vector<int64_t>& times, int64_t length) {
  size_t fullest = 0;
  for (size_t first = 0, end = 0; first < times.size(); ++first) {
    // Unsigned, because a member that was never seen stands at the end of time.
    while (end < times.size() &&
           static_cast<uint64_t>(times[end]) - static_cast<uint64_t>(times[first]) < static_cast<uint64_t>(length)) {
      ++end;
    }
    fullest = std::max(fullest, end - first);
  }
  return static_cast<uint32_t>(fullest);
}

std::vector<int64_t> merged_times(const std::vector<int64_t>& a, const std::vector<int64_t>& b) {
  std::vector<int64_t> merged;
  merged.reserve(a.size() + b.size());
  std::merge(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(merged));
  return merged;
}

Sides::Sides(const Container& container, const std::vector<Timestamp>& first_seen, const RuleSet& rules)
    : parent_(container.members.size()), sides_(container.members.size()) {
  std::iota(parent_.begin(), parent_.end(), 0u);
  for (size_t i = 0; i < sides_.size(); ++i) {
    const ContainerMember& member = container.members[i];
    const KindRule& rule = rules.rule(member.kind);
    sides_[i].kinds.push_back({member.kind, 1});
    sides_[i].strong = rule.weak ? 0 : 1;
    sides_[i].verified_strong = !rule.weak && member.verified ? 1 : 0;
    if (!rule.windows.empty()) sides_[i].windowed.push_back({member.kind, {first_seen[i].micros}});
  }
}

uint32_t Sides::find(uint32_t member) {
  while (parent_[member] != member) {
    parent_[member] = parent_[parent_[member]];
    member = parent_[member];
  }
  return member;
}

void Sides::unite(uint32_t a, uint32_t b) {
  if (sides_[a].kinds.size() < sides_[b].kinds.size()) std::swap(a, b);
  parent_[b] = a;
  for (const auto& [kind, count] : sides_[b].kinds) add(sides_[a], kind, count);
  for (SeenTimes& times : sides_[b].windowed) add(sides_[a], std::move(times));
  sides_[a].strong += sides_[b].strong;
  sides_[a].verified_strong += sides_[b].verified_strong;
  sides_[b] = {};
}

}  // namespace tributary
