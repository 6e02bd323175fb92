// What a person decided about a whole workspace, such as a tag of its library: a fact without a customer, and a record
// of the log like any event, so that replay finds it.
#pragma once

#include <string>
#include <string_view>

#include "engine/domain/assertion.h"
#include "engine/domain/fact.h"

namespace tributary {

struct WorkspaceFact {
  Decision decision;
  FactSaid fact;
};

/// Payload layout, version 1 (a decision as in an assertion record, the fact as in an event record):
///
///   u8 version | decision | fact
void encode_workspace_fact(const WorkspaceFact& said, std::string& payload);

/// Errors: corrupt for an unknown version or a cut payload.
Result<WorkspaceFact> decode_workspace_fact(std::string_view payload);

}  // namespace tributary
