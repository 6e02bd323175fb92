// Which consumer reads which kind of source.
#pragma once

#include "connectors/stream/consumer.h"

namespace tributary {

std::unique_ptr<StreamConsumer> make_consumer(const StreamSource& source, const ConsumerHost& host);

/// Where the source goes on as far as the engine has stored it.
Result<std::vector<StreamPosition>> stored_positions(Engine& engine, const StreamSource& source);

}  // namespace tributary
