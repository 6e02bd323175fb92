#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>

#include "connectors/bulk/checkpoint.h"
#include "connectors/bulk/import_item.h"

namespace tributary {

/// What a progress line shows at one moment.
struct ProgressState {
  InputProgress read;
  InputProgress read_at_start;  // where a resumed run began: its rate is that of this run
  ImportCounts counts;
  uint64_t answered_in_this_run = 0;
  std::chrono::duration<double> elapsed{};
  std::string note;  // why it waits, if it does
};

/// `[=====>     ]  43.2 %  30,112 events  21,043/s  ETA 0:01  rejected 0`. `width` of the terminal; 0: no bar, for a
/// log.
std::string progress_line(const ProgressState& state, size_t width);

/// 12,392
std::string grouped_number(uint64_t number);

}  // namespace tributary
