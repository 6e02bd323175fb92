// Values and conditions as a connector file writes them.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "connectors/webhook/condition.h"
#include "connectors/webhook/connector.h"
#include "connectors/webhook/node_reader.h"
#include "connectors/webhook/value.h"

namespace tributary {

/// What a value may name besides the delivery.
struct ValueNames {
  std::vector<std::string> settings;
  bool has_outer = false;  // an element lies within another one
};

/// Nothing when there is a mistake, which is then with the reader. `of` begins every message.
std::optional<Value> parse_value(NodeReader& reader, const ValueNames& names, const DocumentNode& node,
                                 const std::string& of);
std::optional<Condition> parse_condition(NodeReader& reader, const ValueNames& names, const DocumentNode& node,
                                         const std::string& of);

/// A map of values: what `object` takes.
std::optional<Value> parse_members(NodeReader& reader, const ValueNames& names, const DocumentNode& node,
                                   const std::string& of);

/// The steps of a JSON Pointer, decoded; a mistake for one that begins without `/` or has a stray `~`.
/// Source: RFC 6901.
std::optional<std::vector<std::string>> parse_pointer(NodeReader& reader, const DocumentNode& node,
                                                      std::string_view pointer, const std::string& of);

}  // namespace tributary
