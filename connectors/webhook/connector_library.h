// Where connectors come from: files of the operator's own, and those built into the binary.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "connectors/webhook/connector.h"

namespace tributary {

/// One thing that is wrong with a connector file, or with there being none.
struct ConnectorMistake {
  std::string origin;  // the file, or what was looked for
  size_t line = 0;     // from 1; 0 when it concerns the whole file
  size_t column = 0;
  std::string message;
};

using LoadedConnector = std::variant<std::shared_ptr<const Connector>, std::vector<ConnectorMistake>>;

/// The connector of this name: `directory`/NAME.yaml when there is one, else the one that is built in. `directory` may
/// be empty. Reads a file. Mistakes: all of the file; of an unknown name one, with a near name.
LoadedConnector load_connector(std::string_view name, const std::string& directory);

/// The file of `directory` that has this connector; empty when there is none.
std::string own_connector_file(std::string_view name, const std::string& directory);

/// A connector file by its path.
LoadedConnector load_connector_file(const std::string& path);

/// Names of all connectors, in order: those of `directory` and those built in.
std::vector<std::string> connector_names(const std::string& directory);

/// Why a source can't give its connector a setting of this name; nothing when it can.
std::optional<std::string> setting_fault(const Connector& connector, std::string_view name);

}  // namespace tributary
