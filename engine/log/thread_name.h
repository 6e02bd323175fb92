// Names as `top -H` and debuggers show them; at most 15 characters.
#pragma once

#include <pthread.h>

namespace tributary {

inline void name_this_thread(const char* name) { ::pthread_setname_np(::pthread_self(), name); }

}  // namespace tributary
