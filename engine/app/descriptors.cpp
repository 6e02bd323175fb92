#include "engine/app/descriptors.h"

#include <sys/resource.h>

#include <algorithm>
#include <filesystem>

namespace tributary {
namespace {

constexpr size_t kReserveMin = 16;
constexpr size_t kOpsConnectionsMin = 4;

}  // namespace

size_t raise_descriptor_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur != limit.rlim_max) {
    rlimit raised{limit.rlim_max, limit.rlim_max};
    if (setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  }
  return limit.rlim_cur;
}

size_t open_descriptors() {
  std::error_code error;
  size_t count = 0;
  for (std::filesystem::directory_iterator at("/proc/self/fd", error), end; !error && at != end; at.increment(error))
    ++count;
  return count;
}

size_t ops_connections_that_fit(size_t wanted, size_t limit) {
  return std::min(wanted, std::max(kOpsConnectionsMin, limit / 16));
}

std::optional<size_t> connections_that_fit(size_t wanted, size_t limit, size_t open_now, size_t ops) {
  size_t taken = open_now + ops + std::max(kReserveMin, limit / 4);
  if (taken >= limit) return std::nullopt;
  return std::min(wanted, limit - taken);
}

}  // namespace tributary
