// A source's connector and what the source gives to it: the same for webhooks and for streams with a mapping.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "config/reader.h"
#include "connectors/webhook/delivery.h"

namespace tributary {

struct Connector;

/// The connector of this name, looked for as sources do; null after adding its mistakes, or one at `path`.
std::shared_ptr<const Connector> find_connector(ConfigDraft& draft, const std::string& path, const std::string& name);

/// A map of single values as it was written, with all digits of its numbers; adds a mistake for every other value.
std::vector<std::pair<std::string, std::string>> read_pairs(ConfigDraft& draft, const std::string& path,
                                                            const std::string& json);

/// What the source at `item_path` gives to its connector, in `settings.values`; adds mistakes for what it does not know
/// and for what is missing.
void read_connector_settings(ConfigDraft& draft, const std::string& item_path, const std::string& json,
                             const Connector& connector, WebhookSettings& settings);

}  // namespace tributary
