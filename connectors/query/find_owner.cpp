#include "connectors/query/find_owner.h"

#include <algorithm>

#include "connectors/query/refusals.h"

namespace tributary {
namespace {

/// Default countries of the workspace's sources; one empty text when none has any.
std::vector<std::string> countries_of(const KeyRing& ring, WorkspaceId workspace) {
  std::vector<std::string> countries;
  for (const Source& source : ring.sources()) {
    if (source.workspace != workspace || source.default_country.empty()) continue;
    if (std::find(countries.begin(), countries.end(), source.default_country) == countries.end()) {
      countries.push_back(source.default_country);
    }
  }
  if (countries.empty()) countries.emplace_back();
  return countries;
}

/// `read` gives a Result of what is known of an identifier's customer.
template <class Owner, class Read>
std::variant<Owner, NoOwner> first_owner(const ApiCaller& caller, const LookupQuery& lookup,
                                         size_t identifier_bytes_max, Read read) {
  NoOwner nobody;
  for (const std::string& country : countries_of(*caller.ring, caller.key->workspace)) {
    NormalisedValue value = normalise_identifier(lookup.kind, lookup.value, country, identifier_bytes_max);
    if (value.blocked) return NoOwner{RejectionCode::identifier_blocked, {}};
    if (!value.identifier) {
      nobody = {RejectionCode::invalid_parameter, "value cannot be of this kind: " + value.reason};
      continue;
    }
    Result<Owner> owner = read(*value.identifier);
    if (owner) return std::move(*owner);
    nobody = {code_of(owner.error()), {}};
    if (nobody.code != RejectionCode::not_found) break;
  }
  return nobody;
}

}  // namespace

std::variant<IdentifierOwner, NoOwner> find_owner(Engine& engine, const ApiCaller& caller, const LookupQuery& lookup,
                                                  size_t identifier_bytes_max) {
  auto read = [&](const Identifier& identifier) -> Result<IdentifierOwner> {
    auto profile = engine.profile_of(caller.key->workspace, identifier, lookup.at);
    if (!profile) return profile.error();
    return IdentifierOwner{identifier, std::move(*profile)};
  };
  return first_owner<IdentifierOwner>(caller, lookup, identifier_bytes_max, read);
}

std::variant<WholeProfile, NoOwner> find_whole_owner(Engine& engine, const ApiCaller& caller, const LookupQuery& lookup,
                                                     size_t identifier_bytes_max, Timestamp now) {
  auto read = [&](const Identifier& identifier) {
    return engine.whole_profile(caller.key->workspace, IdentifierAt{identifier, lookup.at}, now);
  };
  return first_owner<WholeProfile>(caller, lookup, identifier_bytes_max, read);
}

}  // namespace tributary
