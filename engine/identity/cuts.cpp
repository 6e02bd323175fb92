#include "engine/identity/cuts.h"

#include <algorithm>

namespace tributary {

const std::vector<Cuts::Generation>* Cuts::generations_of(const Hash128& identifier) const {
  auto found = generations_.find(identifier);
  return found == generations_.end() ? nullptr : &found->second;
}

bool Cuts::has(const Hash128& identifier, Timestamp at) const {
  const auto* generations = generations_of(identifier);
  return generations != nullptr &&
         std::any_of(generations->begin(), generations->end(), [&](const auto& each) { return each.from == at; });
}

void Cuts::add(const Hash128& identifier, Timestamp at) {
  if (has(identifier, at)) return;
  std::vector<Generation>& generations = generations_[identifier];
  auto place = std::find_if(generations.begin(), generations.end(), [&](const auto& each) { return each.from > at; });
  Hash128 id = generation_hash(identifier, at);
  generations.insert(place, {at, id});
  origins_.emplace(id, identifier);
}

const Hash128& Cuts::at(const Hash128& identifier, Timestamp time) const {
  return right_after(identifier, Timestamp{time.micros - 1});
}

const Hash128& Cuts::right_after(const Hash128& identifier, Timestamp time) const {
  const auto* generations = generations_of(identifier);
  if (generations == nullptr) return identifier;
  auto later =
      std::find_if(generations->begin(), generations->end(), [&](const auto& each) { return each.from > time; });
  return later == generations->begin() ? identifier : std::prev(later)->id;
}

const Hash128& Cuts::newest(const Hash128& identifier) const {
  const auto* generations = generations_of(identifier);
  return generations == nullptr ? identifier : generations->back().id;
}

Timestamp Cuts::newest_from(const Hash128& identifier) const {
  const auto* generations = generations_of(identifier);
  return generations == nullptr ? Timestamp{INT64_MIN} : generations->back().from;
}

std::vector<Hash128> Cuts::all_of(const Hash128& identifier) const {
  std::vector<Hash128> all{identifier};
  if (const auto* generations = generations_of(identifier)) {
    for (const Generation& each : *generations) all.push_back(each.id);
  }
  return all;
}

const Hash128& Cuts::origin(const Hash128& id) const {
  auto found = origins_.find(id);
  return found == origins_.end() ? id : found->second;
}

bool Cuts::concern(const Hash128& id) const { return generations_.contains(id) || origins_.contains(id); }

void Cuts::apply_to(EventView& event) const {
  bool divided = false;
  for (RecordIdentifier& identifier : event.identifiers) {
    Hash128 now = at(identifier.hash, event.occurred_at);
    divided = divided || now != identifier.hash;
    identifier.hash = now;
  }
  if (!divided) return;
  auto by_hash = [](const RecordIdentifier& a, const RecordIdentifier& b) { return a.hash < b.hash; };
  std::sort(event.identifiers.begin(), event.identifiers.end(), by_hash);
  std::vector<Hash128> members;
  members.reserve(event.identifiers.size());
  for (const RecordIdentifier& identifier : event.identifiers) members.push_back(identifier.hash);
  event.evidence = divided_evidence(event.evidence, members);
}

Hash128 divided_evidence(const Hash128& said, std::span<const Hash128> members) {
  std::string subject = "divided evidence";
  subject += said.view();
  for (const Hash128& member : members) subject += member.view();
  return Hash128::from_bytes(sha256(subject));
}

}  // namespace tributary
