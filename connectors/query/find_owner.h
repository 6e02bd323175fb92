// From an identifier as people write it to the customer who holds it.
#pragma once

#include <string>
#include <variant>

#include "connectors/query/api_access.h"
#include "connectors/query/query_parameters.h"
#include "engine/engine.h"

namespace tributary {

struct IdentifierOwner {
  Identifier identifier;  // in the spelling that was found
  ProfileView profile;
};

/// Why nobody was found: not_found, identifier_blocked, invalid_parameter, or a fault of the store.
struct NoOwner {
  RejectionCode code = RejectionCode::not_found;
  std::string message;  // empty: the table's; never repeats the value
};

/// The value is normalised as in events. A national phone number means a country only together with a source, and a
/// reader has none: each default country of the workspace's sources is tried, in the order of the configuration.
std::variant<IdentifierOwner, NoOwner> find_owner(Engine& engine, const ApiCaller& caller, const LookupQuery& lookup,
                                                  size_t identifier_bytes_max);

/// The same with all that an answer about the customer is made of as of `now`.
std::variant<WholeProfile, NoOwner> find_whole_owner(Engine& engine, const ApiCaller& caller, const LookupQuery& lookup,
                                                     size_t identifier_bytes_max, Timestamp now);

}  // namespace tributary
