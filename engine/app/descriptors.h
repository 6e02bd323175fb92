// File descriptors: one limit that connections, log and state share.
#pragma once

#include <cstddef>
#include <optional>

namespace tributary {

/// As many as the hard limit allows. Returns the limit in force.
size_t raise_descriptor_limit();

/// How many of this process are open now.
size_t open_descriptors();

/// Connections of the ops listener, which opens before it is known what the engine takes.
size_t ops_connections_that_fit(size_t wanted, size_t limit);

/// Connections that leave log and state enough to go on: what is open now (`open_now`, the engine with it) and `ops`
/// connections are taken, and a quarter of the limit, at least kReserveMin, is kept for segments and for the files of a
/// state that grows. A log that cannot open its next segment ends the process; a refused client tries again.
/// Nothing when not even one connection is left.
std::optional<size_t> connections_that_fit(size_t wanted, size_t limit, size_t open_now, size_t ops);

}  // namespace tributary
