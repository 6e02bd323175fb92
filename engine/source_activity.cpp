#include "engine/source_activity.h"

#include <algorithm>
#include <numeric>

namespace tributary {

void ActivityTable::note(std::string_view source, size_t events, size_t rejected, Timestamp now) {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(source);
  if (found == entries_.end()) found = entries_.emplace(source, Entry{}).first;
  Entry& entry = found->second;
  advance(entry, now.micros / kStepMicros);
  entry.events += events;
  entry.rejected += rejected;
  entry.last_at = now;
  entry.lately[static_cast<size_t>(entry.step) % kSteps] += events + rejected;
}

SourceActivity ActivityTable::of(std::string_view source, Timestamp now) const {
  std::lock_guard lock(mutex_);
  auto found = entries_.find(source);
  if (found == entries_.end()) return {};
  Entry entry = found->second;
  advance(entry, now.micros / kStepMicros);
  SourceActivity activity;
  activity.events = entry.events;
  activity.rejected = entry.rejected;
  activity.last_at = entry.last_at;
  // The newest step has only begun.
  auto micros = static_cast<double>((kSteps - 1) * kStepMicros + now.micros % kStepMicros);
  uint64_t items = std::accumulate(entry.lately.begin(), entry.lately.end(), uint64_t{0});
  activity.items_per_second = static_cast<double>(items) * static_cast<double>(kMicrosPerSecond) / micros;
  return activity;
}

// A clock that was set back stays in the step it had reached.
void ActivityTable::advance(Entry& entry, int64_t step) {
  int64_t passed = std::min<int64_t>(step - entry.step, kSteps);
  for (int64_t i = 1; i <= passed; ++i) entry.lately[static_cast<size_t>(step - passed + i) % kSteps] = 0;
  entry.step = std::max(entry.step, step);
}

}  // namespace tributary
