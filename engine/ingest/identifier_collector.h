// Gathers what one event says about who it was.
#pragma once

#include <string_view>
#include <vector>

#include "engine/base/keyed_hash.h"
#include "engine/domain/event.h"

namespace tributary {

/// Distinct identifiers of one event, with the better trust where one comes twice. Values that are blocked or that no
/// rule accepts are counted and left out: they stay on the event as it was sent.
///
/// With `has_replaced` a lone surrogate of the event was replaced by U+FFFD: a value that holds one is left out too,
/// because values that were different may be spelled alike now.
///
/// Lifetime: of one event; `index_key` and `default_country` outlive it.
class IdentifierCollector {
 public:
  IdentifierCollector(const KeyedHash& index_key, std::string_view default_country, size_t bytes_max, bool has_replaced)
      : index_key_(index_key), default_country_(default_country), bytes_max_(bytes_max), has_replaced_(has_replaced) {}

  void add(const IdentifierKind& kind, std::string_view raw, Trust trust);
  /// `<scope>:<raw>`. The value is judged before the scope hides that it is `null`.
  void add_scoped(const IdentifierKind& kind, std::string_view scope, std::string_view raw, Trust trust);

  /// More than kIdentifiersPerEventMax distinct identifiers came; the rest was not looked at.
  bool overflown() const { return overflown_; }
  size_t blocked() const { return blocked_; }
  size_t invalid() const { return invalid_; }

  /// Sorted by hash. Call once.
  std::vector<EventIdentifier> take();

 private:
  const KeyedHash& index_key_;
  std::string_view default_country_;
  size_t bytes_max_;
  bool has_replaced_;
  std::vector<EventIdentifier> members_;
  size_t blocked_ = 0;
  size_t invalid_ = 0;
  bool overflown_ = false;
};

}  // namespace tributary
