// What a message is called that has a name of its own.
#pragma once

#include <string>
#include <string_view>

namespace tributary {

/// `where/name`, with the name percent-encoded as a part of a path: two messages of different names, or of one name in
/// two places, are never called the same, and what a publisher writes into a name does not reach logs and answers as it
/// is.
std::string place_of_named(std::string_view where, std::string_view name);

}  // namespace tributary
