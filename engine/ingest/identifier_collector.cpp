#include "engine/ingest/identifier_collector.h"

#include <algorithm>

#include "engine/base/utf8.h"
#include "engine/ingest/blocked_values.h"
#include "engine/ingest/normalise.h"
#include "engine/ingest/text_fold.h"

namespace tributary {

void IdentifierCollector::add(const IdentifierKind& kind, std::string_view raw, Trust trust) {
  if (raw.empty() || overflown_) return;
  if (has_replaced_ && raw.find(kReplacementCharacter) != std::string_view::npos) {
    ++invalid_;
    return;
  }
  Normalised normalised = normalise_value(kind, raw, default_country_, bytes_max_);
  if (!normalised.value) {
    ++(normalised.blocked ? blocked_ : invalid_);
    return;
  }
  if (normalised.claimed_only) trust = Trust::claimed;
  for (EventIdentifier& member : members_) {
    if (member.identifier.value() != *normalised.value || member.identifier.kind() != kind) continue;
    member.trust = std::max(member.trust, trust);
    return;
  }
  if (members_.size() == kIdentifiersPerEventMax) {
    overflown_ = true;
    return;
  }
  if (members_.empty()) members_.reserve(4);
  Hash128 hash = identifier_hash(index_key_, kind, *normalised.value);
  members_.push_back({Identifier::from_normalised(kind, std::move(*normalised.value)), hash, trust});
}

void IdentifierCollector::add_scoped(const IdentifierKind& kind, std::string_view scope, std::string_view raw,
                                     Trust trust) {
  raw = trim_white_space(raw);
  if (raw.empty()) return;
  if (blocked_for_every_kind(raw) != Blocked::no) {
    ++blocked_;
    return;
  }
  add(kind, std::string(scope) + ':' + std::string(raw), trust);
}

std::vector<EventIdentifier> IdentifierCollector::take() {
  std::sort(members_.begin(), members_.end(), [](auto& a, auto& b) { return a.hash < b.hash; });
  return std::move(members_);
}

}  // namespace tributary
