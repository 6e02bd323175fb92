// Administrative regions as company names carry them in brackets.
#pragma once

#include <string_view>

namespace tributary {

/// True for China, its provinces and cities of the upper two levels, in Chinese with or without the word for the level,
/// the larger ones in Latin letters, for what ends in the word for a level (昆山市, 朝阳区), and for one behind another
/// (北京市朝阳区). The text is folded for matching.
bool is_administrative_region(std::string_view text);

}  // namespace tributary
