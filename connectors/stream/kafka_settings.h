// What a source's configuration means as settings of the Kafka client library.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "connectors/stream/stream_source.h"

namespace tributary {

/// Names and values for the library, in the order in which they are to be set: first our defaults, then the source's
/// options, then what is ours to decide.
///
/// Defaults that differ from the library's: `auto.offset.reset: earliest`, because a new group that begins at the end
/// loses what was sent before it joined; `session.timeout.ms: 10000`, so that the partitions of a process that was
/// killed go on after 10 s and not 45 s; bounds of memory: 16 MiB of messages fetched ahead and 4 MiB per answer.
std::vector<std::pair<std::string, std::string>> kafka_settings(const StreamSource& source);

/// False for an option whose value is a secret: the library's words about it are not repeated.
bool kafka_value_may_be_shown(const std::string& name);

}  // namespace tributary
