// The text of a statement, without understanding it.
#pragma once

#include <optional>
#include <string_view>

#include "engine/query/sql_view.h"

namespace tributary {

/// The first word behind blanks, comments and semicolons, or the first character that is none of them; empty when there
/// is nothing else.
std::string_view first_keyword(std::string_view text);

/// Where this byte of the text stands.
SqlPosition position_at(std::string_view text, size_t byte);

/// Where the name stands first, in any case; nothing when it does not.
std::optional<SqlPosition> position_of_name(std::string_view text, std::string_view name);

}  // namespace tributary
