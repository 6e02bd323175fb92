// Our own fault: an invariant that is broken ends the process, in release builds too.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string>

namespace tributary {

[[noreturn]] void check_failed(const char* file, int line, const char* condition, const std::string& detail);

}  // namespace tributary

#define TRIBUTARY_CHECK(condition)                                                   \
  do {                                                                               \
    if (!(condition)) ::tributary::check_failed(__FILE__, __LINE__, #condition, {}); \
  } while (false)
