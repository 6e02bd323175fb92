// What changes identity: decisions about identifiers and evidence, other rules, and a look at either beforehand.
#pragma once

#include <optional>
#include <string_view>
#include <variant>

#include "connectors/http/task.h"
#include "connectors/identity/decision_body.h"
#include "connectors/identity/identity_services.h"
#include "connectors/query/api_access.h"

namespace tributary {

/// Fills in what a caller may leave out of a decision: now, a new id, the key's id as author.
void complete(Decision& decision, const ApiCaller& caller);

/// Of a decision that was recorded: whether it has an effect.
bool is_accepted(const IngestOutcome& outcome);

/// Thread: any. Requests and callers outlive the coroutines.
class DecisionHandlers {
 public:
  explicit DecisionHandlers(const IdentityServices& services) : services_(services) {}
  const IdentityServices& services() const { return services_; }

  Task<HttpResponse> decide(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> change_rules(const HttpRequest& request, const ApiCaller& caller);
  Task<HttpResponse> preview(const HttpRequest& request, const ApiCaller& caller);

 private:
  std::variant<Assertion, HttpResponse> resolve(const HttpRequest& request, const ApiCaller& caller,
                                                AssertionDraft draft);
  std::variant<PreviewQuery, HttpResponse> preview_query(const HttpRequest& request, const ApiCaller& caller);
  std::variant<Rules, HttpResponse> read_rules(const HttpRequest& request, const RawPart& part);
  std::vector<std::optional<CustomerId>> customers_of(const ApiCaller& caller,
                                                      const std::vector<AssertedIdentifier>& identifiers);
  HttpResponse rules_answer(const HttpRequest& request, const ApiCaller& caller, const Decision& decision,
                            bool accepted);
  HttpResponse preview_answer(const HttpRequest& request, const Result<PreviewView>& view);
  HttpResponse refuse(const HttpRequest& request, RejectionCode code, std::string_view message = {});

  IdentityServices services_;
};

}  // namespace tributary
