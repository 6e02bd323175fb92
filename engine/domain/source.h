// Configured origins of events and the keys that open doors.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "engine/base/strong_id.h"
#include "engine/domain/event.h"

namespace tributary {

class TrackingPlan;

/// How far a source's word goes. `browser`: its write key is public, so what it says of identifiers is claimed.
/// `server`: its key is secret, so what it says is verified.
enum class SourceTrust { browser, server };

/// A place where events of a source hold an identifier, beside the places every source has.
struct IdentifierPath {
  IdentifierKind kind;
  std::vector<std::string> names;  // of members, from the item down; the first is `traits`, `properties` or `context`
  std::string scope;               // stands in front of values that do not carry it: `<scope>:<value>`; may be empty
  Trust trust = Trust::claimed;    // but never more than the source's own
};

/// One configured origin of events. Immutable once loaded; a reload makes new ones.
struct Source {
  std::string id;  // 1..64 of [A-Za-z0-9_.-], unique over all workspaces
  std::string name;
  std::string kind = "sdk";  // as the configuration spells it
  std::string workspace_name;
  WorkspaceId workspace;
  SourceTrust trust = SourceTrust::browser;
  bool enabled = true;
  std::vector<std::string> write_keys;       // public for a browser source; as configured
  std::string default_country;               // ISO 3166-1 alpha-2 for national phone numbers, or empty
  std::vector<std::string> allowed_origins;  // empty: every origin
  std::string sdk_http_config_json;          // served as `httpConfig`, or empty
  std::vector<IdentifierPath> identifiers;   // 0..kIdentifierPathsMax
  std::string order_namespace;               // whose order numbers its events carry; empty: its own
  std::string channel;                       // of events that do not say theirs: a code of channels(), or empty
  std::shared_ptr<const TrackingPlan> tracking_plan;  // null: none
};

/// With what events carry anyway, well below kIdentifiersPerEventMax.
constexpr size_t kIdentifierPathsMax = 8;

/// What a key may do; each role may do all that the ones before it may.
enum class ApiRole { analyst, admin };

/// A secret key that reads. Only SHA-256 of the secret is kept.
struct ApiKey {
  std::string id;
  std::string workspace_name;
  WorkspaceId workspace;
  ApiRole role = ApiRole::analyst;
  std::string secret_sha256;  // 32 bytes
};

}  // namespace tributary
