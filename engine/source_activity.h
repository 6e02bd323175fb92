// What each source sent lately, for people who ask whether it is alive.
#pragma once

#include <array>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "engine/engine.h"

namespace tributary {

/// Since the process started; forgotten with it. Thread: any.
class ActivityTable {
 public:
  /// Items of one request, all of one source.
  void note(std::string_view source, size_t events, size_t rejected, Timestamp now);

  /// Nothing of a source that sent nothing yet.
  SourceActivity of(std::string_view source, Timestamp now) const;

 private:
  /// Items of the last minute, by steps of ten seconds; the oldest step is given up as a whole.
  static constexpr size_t kSteps = 6;
  static constexpr int64_t kStepMicros = 10 * kMicrosPerSecond;
  struct Entry {
    uint64_t events = 0, rejected = 0;
    Timestamp last_at{0};
    std::array<uint64_t, kSteps> lately{};
    int64_t step = 0;  // of the newest one
  };
  static void advance(Entry& entry, int64_t step);

  mutable std::mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
};

}  // namespace tributary
