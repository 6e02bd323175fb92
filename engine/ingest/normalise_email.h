// One spelling for each e-mail address, and never one spelling for two addresses.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/ingest/normalised.h"

namespace tributary {

/// Folds width, case and the spelling of international domains; dots and plus tags of the local part stay, because only
/// some providers ignore them. A quoted local part stays verbatim.
///
/// Errors:  email_invalid.
/// Source:  RFC 5321 section 4.1.2 for the local part, RFC 5890 for domain labels. NFKC and lower-casing are the whole
///          mapping of a domain; the tables of UTS 46 are not used.
Normalised normalise_email(std::string_view trimmed);

}  // namespace tributary
