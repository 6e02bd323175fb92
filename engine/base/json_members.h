// The members of a JSON object as its text has them, where a parser would lose the place they stand at.
#pragma once

#include <string_view>
#include <utility>
#include <vector>

namespace tributary {

/// The members of a JSON object's text as (name between its quotes, value), views of it, or false when the text is no
/// object. Only brackets and strings are understood: whether it is valid JSON must be judged elsewhere.
using RawMember = std::pair<std::string_view, std::string_view>;
bool split_object(std::string_view text, std::vector<RawMember>& members);

}  // namespace tributary
