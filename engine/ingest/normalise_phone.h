// One spelling, E.164, for each phone number that can be told without guessing.
#pragma once

#include <string_view>

#include "engine/ingest/normalised.h"

namespace tributary {

/// `+8613800001234`, or `+8657112345678;ext=801` for an extension, which is another identifier than the bare number.
/// `default_country` is ISO 3166-1 alpha-2 in capitals or empty; national numbers need it. Nothing is ever repaired: no
/// area code guessed, no surplus digit cut. Land lines and what cannot be told from them are claimed_only, because
/// households and offices share them.
///
/// Errors: phone_length, phone_prefix, phone_country_missing, phone_mangled (a spreadsheet's 1.38E+10),
///         phone_service_number, phone_invalid, value_masked.
/// Source: ITU-T E.164; the table in phone_metadata.inc.
Normalised normalise_phone(std::string_view trimmed, std::string_view default_country);

}  // namespace tributary
