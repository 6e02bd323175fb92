// What a source of kind redis may configure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>

#include "connectors/stream/stream_source.h"

namespace tributary {

struct RedisOptions {
  /// Who we are in the group: stable over restarts, so that we get our own pending entries again.
  std::string consumer;
  /// An entry that its consumer did not acknowledge for so long is ours.
  std::chrono::milliseconds claim_idle{60'000};
  std::string field;  // that holds the event; empty: the first of those that are usual
  int64_t db = 0;
};

/// Of a source that check_redis() found nothing wrong with.
RedisOptions read_redis_options(const StreamSource& source);

}  // namespace tributary
