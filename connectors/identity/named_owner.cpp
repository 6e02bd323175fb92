#include "connectors/identity/named_owner.h"

namespace tributary {
namespace {

std::string told(const std::string& member, const NoOwner& nobody) {
  switch (nobody.code) {
    case RejectionCode::not_found:
      return member + " is not known: no event has named it";
    case RejectionCode::identifier_blocked:
      return member + " is a place-holder value and identifies nobody";
    default:
      return nobody.message.empty() ? "" : member + ": " + nobody.message;
  }
}

}  // namespace

std::variant<IdentifierOwner, NoOwner> find_named(const IdentityServices& services, const ApiCaller& caller,
                                                  const NamedIdentifier& named) {
  auto found = find_owner(services.engine, caller, named.lookup, services.limits.identifier_bytes_max);
  if (auto* nobody = std::get_if<NoOwner>(&found)) nobody->message = told(named.member, *nobody);
  return found;
}

}  // namespace tributary
