// Values that programs send when they have none. They tie strangers together, so they are no identifiers.
#pragma once

#include <string_view>

#include "engine/domain/identifier.h"

namespace tributary {

enum class Blocked { no, listed, masked };

/// Judges a value as sent, trimmed, whatever its kind: `null`, `0000`, `[object Object]`, `无`, punctuation only,
/// `138****1234`. Compared after NFKC, case folding, and removal of one pair of surrounding quotes.
Blocked blocked_for_every_kind(std::string_view value);

/// Judges a normalised value by the list of its kind: `test@test.com`, `+8613800138000`, too short a device id.
bool blocked_for_kind(const IdentifierKind& kind, std::string_view normalised);

}  // namespace tributary
