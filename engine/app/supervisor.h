#pragma once

#include <string>

namespace tributary {

/// Tells a supervisor of type `notify` how far we are ("READY=1", "STOPPING=1"): one datagram to $NOTIFY_SOCKET.
/// Nothing happens without that variable; a message that cannot be sent is not our failure. Source: sd_notify(3).
void notify_supervisor(const std::string& state);

}  // namespace tributary
