// JSON Pointers: what they name, and where it stands in a document. Source: RFC 6901.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/ingest/json_index.h"

namespace tributary {

/// The names of a JSON Pointer, unescaped; nothing for a text that is none.
std::optional<std::vector<std::string>> pointer_names(std::string_view pointer);

/// Appends one step that `name` is the name of.
void append_pointer_step(std::string& pointer, std::string_view name);

/// The value that the names lead to. `steps_taken` grows by what was looked at.
JsonValue value_at(JsonValue from, const std::vector<std::string>& names, size_t& steps_taken);

/// One step of a JSON Pointer.
JsonValue value_at(const JsonValue& from, std::string_view name, size_t& steps_taken);

}  // namespace tributary
