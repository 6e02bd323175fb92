// Bodies that say what a channel is held to be.
#pragma once

#include <string>
#include <string_view>

#include "connectors/query/query_parameters.h"
#include "engine/engine.h"

namespace tributary {

/// Members of a body; what it leaves out is empty.
struct ChannelBody {
  std::string group, role;
  std::string priority;  // as ChannelField::priority has it
  Decision decision;     // reason, author and id, as in the bodies about identity
};

/// Says at least one of class, role and priority. Unknown members are faults, so that a misspelt one does not pass in
/// silence.
Parsed<ChannelBody> channel_body(std::string_view body);

}  // namespace tributary
