// The last word on each talk, where no copy of it is needed.
#pragma once

#include <span>
#include <vector>

#include "engine/profile/fact.h"

namespace tributary {

/// Oldest first. Of facts of kind `interaction`, in any order, into which the pointers point.
std::vector<const Fact*> talks_of(std::span<const Fact> facts);

}  // namespace tributary
