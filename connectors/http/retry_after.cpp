#include "connectors/http/retry_after.h"

#include <algorithm>

#include "engine/base/crc32c.h"

namespace tributary {
namespace {
constexpr int kWaitSecondsMax = 30;
}

int RetryAfter::next_seconds(std::string_view client, int64_t now_seconds) {
  Slot& slot = slots_[crc32c(client) % slots_.size()];
  slot.wait = now_seconds > slot.expires_at ? 1 : std::min(slot.wait * 2, kWaitSecondsMax);
  random_state_ = random_state_ * 1664525u + 1013904223u;  // Numerical Recipes' generator: jitter needs no better one
  int seconds = slot.wait + static_cast<int>((random_state_ >> 16) % static_cast<uint32_t>(slot.wait / 2 + 1));
  slot.expires_at = now_seconds + 2 * seconds;
  return seconds;
}

}  // namespace tributary
