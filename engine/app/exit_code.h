// How the process tells a supervisor what happened. Source: sysexits.h.
#pragma once

#include "engine/base/result.h"

namespace tributary {

enum ExitCode : int {
  kExitOk = 0,
  kExitFailure = 1,
  kExitUsage = 64,        // the command line is wrong
  kExitDamaged = 65,      // stored data is damaged or incomplete
  kExitUnavailable = 69,  // a port or the data directory is taken
  kExitIo = 74,           // a read or write failed
  kExitDiskFull = 75,     // not enough space to start
  kExitConfig = 78,       // the configuration is wrong
};

constexpr int exit_code_of(ErrorCode code) {
  switch (code) {
    case ErrorCode::io:
      return kExitIo;
    case ErrorCode::corrupt:
      return kExitDamaged;
    case ErrorCode::unavailable:
      return kExitUnavailable;
    case ErrorCode::disk_full:
      return kExitDiskFull;
    case ErrorCode::config:
      return kExitConfig;
    case ErrorCode::invalid:
      return kExitUsage;
    case ErrorCode::not_found:
    case ErrorCode::overloaded:
    case ErrorCode::stopping:
      return kExitFailure;
  }
  return kExitFailure;
}

}  // namespace tributary
