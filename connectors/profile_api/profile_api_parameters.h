// Parameters of Segment's Profile API as query values.
#pragma once

#include <string>
#include <vector>

#include "connectors/query/query_parameters.h"

namespace tributary {

/// Of a list that is sorted by name.
struct NamedPage {
  std::vector<std::string> include;  // sorted; empty: all
  std::string after;                 // the name that was told last; empty: none yet
  size_t limit = 0;
  bool verbose = false;

  /// True for a name that is wanted and was not told yet.
  bool wants(std::string_view name) const;
};
Parsed<NamedPage> named_page(const HttpRequest& request, size_t limit_fallback);

/// Which traits: those that were said, those computed here, or both.
enum class TraitClass { all, computed, audience };
Parsed<TraitClass> trait_class(const HttpRequest& request);

/// `from` is empty where `start` is; of `sort=asc` the caller fills it in.
Parsed<TimelineQuery> events_page(const HttpRequest& request);

/// Texts between commas, without those that are empty.
std::vector<std::string> listed(std::string_view text);

/// The first character that no collection and no type has; empty when there is none.
std::string_view invalid_character(std::string_view name);

}  // namespace tributary
