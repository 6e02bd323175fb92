// Closed and open loop over a set of connections, on one thread.
#pragma once

#include <cstdint>
#include <string>

#include "benchmarks/load/latency_histogram.h"
#include "benchmarks/load/request_maker.h"

namespace tributary::load {

struct LoadOptions {
  Workload workload;
  std::string host = "127.0.0.1";
  uint16_t port = 0;
  size_t connections = 64;
  double rate = 0;            // requests per second in all; 0: closed loop
  double seconds = 5;         // measured
  double warmup_seconds = 0;  // before, not measured
  uint64_t requests = 0;      // ends after so many; 0: by time
  bool peer = false;          // any 2xx answer is right: the peer does not know our answers
};

struct LoadResult {
  uint64_t requests = 0;
  uint64_t events = 0;
  uint64_t errors = 0;
  size_t event_bytes = 0;  // of one event's JSON, 0 for look-ups
  std::string first_error;
  double seconds = 0;
  double client_cpu_seconds = 0;
  LatencyHistogram latency;  // closed loop: from sending; open loop: from the time at which it should have been sent
};

/// Runs the load. A connection that breaks counts as an error and is opened again. Ends early after 1000 errors.
LoadResult run_load(const LoadOptions& options);

}  // namespace tributary::load
