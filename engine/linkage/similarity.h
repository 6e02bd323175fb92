// How alike two texts are, by code points.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace tributary {

/// The code points of the text; each byte that is not part of well-formed UTF-8 is U+FFFD.
std::u32string code_points(std::string_view utf8);

/// 0 (nothing in common) to 1 (equal); what agrees at the front counts more. Two empty texts are equal.
/// Source: Winkler, String Comparator Metrics and Enhanced Decision Rules, ASA 1990: prefix of 4, weight 0.1, at every
/// similarity.
double jaro_winkler(std::u32string_view a, std::u32string_view b);

/// The least number of insertions, deletions, changes and exchanges of neighbours that make one of the other, none of
/// which touches what another made (optimal string alignment). Time is the product of the lengths.
/// Source: Damerau, A technique for computer detection and correction of spelling errors, CACM 7 (3), 1964.
size_t edit_distance(std::u32string_view a, std::u32string_view b);

}  // namespace tributary
