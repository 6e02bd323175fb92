#pragma once

#include <string>
#include <string_view>

namespace tributary {

/// Sets `id` to the client's X-Request-Id when that is 1..128 token characters, else to a new one: 26 characters of
/// base32, a random prefix of this thread and a counter. Unique, not secret. Thread: any.
void choose_request_id(std::string_view offered, std::string& id);

}  // namespace tributary
