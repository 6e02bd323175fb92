#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/keyed_hash.h"

namespace tributary {

/// Opaque page cursors: a position, signed, so that a forged or mangled one is told from a real one. Stateless.
/// `purpose` keeps a cursor of one list from being used on another.
std::string seal_cursor(const KeyedHash& key, std::string_view purpose, std::string_view position);
std::optional<std::string> open_cursor(const KeyedHash& key, std::string_view purpose, std::string_view cursor);

}  // namespace tributary
