// What a mistyped word probably meant.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tributary {

/// The candidate that `word` probably meant: at most one edit away, or a third of its letters.
std::optional<std::string> nearest_word(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace tributary
