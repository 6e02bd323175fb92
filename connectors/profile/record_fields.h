// What a save of a base record says, as those who check it before it is recorded read it.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/engine.h"

namespace tributary {

/// One field that can't be saved.
struct RecordMistake {
  std::string field;
  std::string code;  // of the table in README
};

/// True for what stands among the fields of a record: its fields, and what says how to read one of them.
bool is_record_member(std::string_view name);

/// Nothing when the field was not said; empty when it is cleared.
std::optional<std::string_view> said_value(const FactSaid& said, RecordField field);
/// True when the field is said and not cleared.
bool says_value(const FactSaid& said, RecordField field);

/// What was refused: a code beside a value is only a flag.
std::vector<RecordMistake> refused_fields(const FactSaid& said);

/// What a record of this type can't be without, and `lacks` tells that it would be.
std::vector<RecordMistake> missing_fields(bool organisation, const std::function<bool(RecordField)>& lacks);

/// Of a save that may not say its type.
bool says_organisation(const FactSaid& said);

/// Identifiers by which a record like this is found, but for its number.
std::vector<Identifier> identifiers_in(const FactSaid& said, bool organisation);

}  // namespace tributary
