// Closed lists of values. What is stored is the code; people write the code or a label, in any case or width.
#pragma once

#include <optional>
#include <span>
#include <string_view>

namespace tributary {

struct Term {
  std::string_view code;     // ASCII snake_case
  std::string_view label;    // Chinese
  std::string_view english;  // lower case; empty: the code, with blanks for underscores
};

/// The code that `text` names. Blanks, underscores and hyphens count alike.
std::optional<std::string_view> find_code(std::span<const Term> terms, std::string_view text);

// Source of the lists: "Talks, service, preferences" and the tags of README.
std::span<const Term> interaction_modes();
std::span<const Term> interaction_feedbacks();
std::span<const Term> ticket_types();
std::span<const Term> survey_kinds();
std::span<const Term> preference_kinds();
/// Types that every library has; it may have others.
std::span<const Term> tag_types();
std::span<const Term> tag_origins();
std::span<const Term> statuses();
std::span<const Term> loss_reasons();

// Source of the lists: the customer record of README.
std::span<const Term> customer_types();
std::span<const Term> industries();
std::span<const Term> company_sizes();
std::span<const Term> enterprise_types();
std::span<const Term> customer_sources();
std::span<const Term> customer_statuses();
std::span<const Term> genders();
std::span<const Term> marital_statuses();
std::span<const Term> risk_tolerances();
std::span<const Term> record_source_kinds();
/// Words that people write for a status, and which say none.
bool is_vague_status(std::string_view text);

}  // namespace tributary
