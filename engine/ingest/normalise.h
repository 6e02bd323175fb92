// Values to identifiers: the order of steps that every kind shares. normalise_identifier() of event_parser.h is the
// same without a word on trust.
#pragma once

#include <string>
#include <string_view>

#include "engine/domain/identifier.h"
#include "engine/ingest/normalised.h"

namespace tributary {

/// The one spelling of a value, or why it is no identifier: clean, refuse blocked values, apply the rule of the kind,
/// refuse what the rule leaves of a blocked value. normalise_identifier() of event_parser.h is the same for look-ups.
Normalised normalise_value(const IdentifierKind& kind, std::string_view raw, std::string_view default_country,
                           size_t bytes_max);

/// What is wrong with an id field of an event: these refuse the event, unlike values that merely are no identifier.
enum class IdFault { none, has_nul, too_long };

/// Without control characters, without white space at both ends. `scratch` is used only when the value changes inside.
struct CleanId {
  std::string_view text;
  IdFault fault = IdFault::none;
};
CleanId clean_id(std::string_view raw, size_t bytes_max, std::string& scratch);

/// As clean_id, but what stands inside stays: message ids are verbatim.
CleanId clean_message_id(std::string_view raw, size_t bytes_max);

/// 8-4-4-4-12 hexadecimal digits.
bool is_uuid_shaped(std::string_view text);

}  // namespace tributary
