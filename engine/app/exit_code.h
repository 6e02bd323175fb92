// How the process tells a supervisor what happened. Source: sysexits.h.
#pragma once

#include "engine/base/result.h"

namespace tributary {

constexpr int kExitOk = 0;
constexpr int kExitFailure = 1;
constexpr int kExitUsage = 64;        // the command line is wrong
constexpr int kExitDamaged = 65;      // stored data is damaged or incomplete
constexpr int kExitUnavailable = 69;  // a port or the data directory is taken
constexpr int kExitIo = 74;           // a read or write failed
constexpr int kExitDiskFull = 75;     // not enough space to start
constexpr int kExitConfig = 78;       // the configuration is wrong

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
