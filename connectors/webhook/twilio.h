// Twilio signs the address it called, which proxies rewrite, and the fields of the form.
#pragma once

#include <string>
#include <vector>

#include "connectors/webhook/verifier.h"

namespace tributary {

/// A body is covered as a form, or by its hash in the query parameter bodySHA256.
Verification verify_twilio(const HttpRequest& request, const WebhookSettings& settings);

/// The signature for the address as it stands in the settings.
std::string twilio_signature(const HttpRequest& request, const WebhookSettings& settings, const std::string& token);

/// The spellings of one address that Twilio may have signed, the likeliest first.
std::vector<std::string> twilio_urls(const std::string& url);

constexpr std::string_view kTwilioHeader = "x-twilio-signature";

/// Name of the query parameter with the hash of a JSON body.
constexpr std::string_view kTwilioBodyHash = "bodySHA256";

}  // namespace tributary
