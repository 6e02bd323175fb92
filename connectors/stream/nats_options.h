// What a source of kind nats may configure.
#pragma once

#include <chrono>
#include <cstdint>
#include <string>
#include <string_view>

#include "connectors/stream/stream_source.h"

namespace tributary {

struct NatsOptions {
  std::string stream;                          // empty: the one that has the subject
  std::string domain;                          // of JetStream; empty: the server's own
  std::string credentials_file;                // a user's JWT and seed
  std::chrono::milliseconds ack_wait{30'000};  // what is not acknowledged for so long is delivered again
  /// How much may be on its way to us: four full batches.
  int64_t max_ack_pending = 20'000;
  bool only_new = false;  // a consumer that is created begins behind what is stored
};

/// Of a source that check_nats() found nothing wrong with.
NatsOptions read_nats_options(const StreamSource& source);

/// The durable consumer of one subject of a source. A server of version 2.9 knows one filter per consumer: with one
/// subject the durable is the group, with several each has its own, named after it, so that their order does not
/// matter.
std::string nats_durable(const StreamSource& source, std::string_view subject);

}  // namespace tributary
