#include "engine/ingest/identifier_collector.h"

#include <algorithm>

#include "engine/ingest/event_parser.h"

namespace tributary {

void IdentifierCollector::add(const IdentifierKind& kind, std::string_view raw, Trust trust) {
  if (raw.empty() || overflown_) return;
  NormalisedValue value = normalise_identifier(kind, raw, default_country_, bytes_max_);
  if (!value.identifier) {
    ++(value.blocked ? blocked_ : invalid_);
    return;
  }
  if (value.claimed_only) trust = Trust::claimed;
  auto same = std::find_if(members_.begin(), members_.end(),
                           [&](const EventIdentifier& member) { return member.identifier == *value.identifier; });
  if (same != members_.end()) {
    same->trust = std::max(same->trust, trust);
    return;
  }
  if (members_.size() == kIdentifiersPerEventMax) {
    overflown_ = true;
    return;
  }
  if (members_.empty()) members_.reserve(4);
  Hash128 hash = identifier_hash(index_key_, *value.identifier);
  members_.push_back({std::move(*value.identifier), hash, trust});
}

std::vector<EventIdentifier> IdentifierCollector::take() {
  std::sort(members_.begin(), members_.end(), [](auto& a, auto& b) { return a.hash < b.hash; });
  return std::move(members_);
}

}  // namespace tributary
