#pragma once

#include "config/config.h"

namespace tributary {

struct ServeOptions {
  ConfigInput input;
  bool accept_loss = false;  // open although acknowledged records are missing
};

/// Runs the server until it is told to stop. Prints one JSON line on stdout when it is ready: the real addresses.
/// Returns the exit code.
int serve(const ServeOptions& options);

}  // namespace tributary
