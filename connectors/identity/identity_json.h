// Views of identity as the JSON that callers get. Identifiers appear as `kind:value`.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "connectors/identity/duplicate_searches.h"
#include "connectors/identity/rules_document.h"
#include "engine/engine.h"

namespace tributary {

/// `email:ann@example.com`.
std::string identifier_text(const Identifier& identifier);

/// The path or the refusal when the query names two identifiers; all links, refusals and hubs in any case.
std::string explain_json(const ExplainView& view, const ExplainQuery& query);

std::string changes_json(const ChangesPage& page);
std::string rules_view_json(const RulesView& view);
std::string preview_json(const PreviewView& view);

/// One customer per identifier that the decision names, in their order; null for one that no event names any more.
std::string assertion_json(const Decision& decision, const std::vector<std::optional<CustomerId>>& customers);

/// One erasure that was made; all of a workspace; what one would take.
std::string erasure_json(const ErasureView& view);
std::string erasures_json(const std::vector<ErasureView>& views);
std::string erasure_preview_json(const ProfileView& profile);

/// Some of the suggestions of a workspace.
struct SuggestionsPage {
  Timestamp searched_at;  // zero: never yet
  bool complete = true;
  std::vector<Suggestion> suggestions;
  std::string next_cursor;  // empty at the end
};
std::string suggestions_json(const SuggestionsPage& page);
std::string suggestion_answer_json(const SuggestionAnswer& answer);
std::string duplicate_summary_json(const DuplicateSummary& summary);

/// Enough of a number to know it again: `138****1234`.
std::string masked_phone(std::string_view phone);

/// The list alone: `[{"line","column","reason"}]`.
std::string mistakes_json(const std::vector<DocumentMistake>& mistakes);

}  // namespace tributary
