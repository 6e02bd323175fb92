// Named defects for negative controls: a test that stays green with its defect switched on sees nothing. Compiled only
// with the CMake option TRIBUTARY_TEST_BUGS and chosen by the environment variable TRIBUTARY_BUG; a release build has
// neither.
#pragma once

#ifdef TRIBUTARY_TEST_BUGS
#include <cstdlib>
#endif
#include <string_view>

namespace tributary {

#ifdef TRIBUTARY_TEST_BUGS
/// True when the process was started with TRIBUTARY_BUG=name. Thread: any.
inline bool test_bug(std::string_view name) {
  static const char* const chosen = std::getenv("TRIBUTARY_BUG");
  return chosen != nullptr && name == chosen;
}
#else
constexpr bool test_bug(std::string_view) { return false; }
#endif

}  // namespace tributary
