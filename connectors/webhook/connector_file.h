// The text of a connector file as a Connector. The language: config/connectors/README.md.
#pragma once

#include <string_view>
#include <variant>
#include <vector>

#include "connectors/document/document_tree.h"
#include "connectors/webhook/connector.h"

namespace tributary {

/// All mistakes, in the order of the file. A key that is not known is one.
std::variant<Connector, std::vector<DocumentMistake>> parse_connector(std::string_view text);

}  // namespace tributary
