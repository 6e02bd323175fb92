// Bodies that say something of tags.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "connectors/query/query_parameters.h"
#include "engine/engine.h"

namespace tributary {

/// Members of a body; what it leaves out is empty.
struct TagBody {
  std::string type;  // the code; empty when it names none
  std::string name;
  std::string note, evidence;  // of a tag of a customer
  bool propose = false;        // what the library does not have
  std::string label_zh, label_en, description, exclusive_group;
  std::optional<bool> needs_note;
  std::string into_type, into;  // what a proposal is renamed to, or merged into
  Decision decision;            // reason, author and id, as in the bodies about identity
};

/// An empty body has no members. Unknown members are faults, so that a misspelt one does not pass in silence.
Parsed<TagBody> tag_body(std::string_view body);

}  // namespace tributary
