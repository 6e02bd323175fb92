// A customer's base record over HTTP: to make one, and to change fields of one.
#pragma once

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "connectors/profile/customer_numbers.h"
#include "connectors/profile/profile_act.h"
#include "connectors/profile/record_fields.h"

namespace tributary {

/// Thread: any. Requests and callers outlive the coroutines.
class RecordHandlers {
 public:
  explicit RecordHandlers(const ProfileServices& services) : services_(services), numbers_(services.engine) {}
  const ProfileServices& services() const { return services_; }

  /// `{"fields": {...}}`: a new customer with a number.
  Task<HttpResponse> create(const HttpRequest& request, const ApiCaller& caller);
  /// `{"fields": {...}}` as a merge patch: null clears. `If-Match` names the record that it changes; of two changes at
  /// one time one is refused.
  Task<HttpResponse> change(const HttpRequest& request, const ApiCaller& caller);
  /// Rows of a table: judged, and unless it is a dry run saved, each as an event of its own whose message id is that of
  /// import and line. See record_import.h.
  Task<HttpResponse> import_rows(const HttpRequest& request, const ApiCaller& caller);

 private:
  using Name = std::pair<WorkspaceId, Hash128>;  // of a customer or of an identifier
  static constexpr std::string_view kBeingChanged = "somebody else is changing this record";

  /// Customers and identifiers whose records are being made or changed; nobody else may, as long as it lives.
  class Turn {
   public:
    Turn(RecordHandlers& handlers, std::vector<Name> names);
    ~Turn();
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    bool taken() const { return taken_; }

   private:
    RecordHandlers& handlers_;
    std::vector<Name> held_;
    bool taken_ = true;
  };

  HttpResponse refuse(const HttpRequest& request, RejectionCode code, std::string_view message = {});
  HttpResponse refuse_fields(const HttpRequest& request, const std::vector<RecordMistake>& mistakes,
                             std::string_view message = {});
  /// The answer when nobody would take the record because some of its identifiers were erased.
  std::optional<HttpResponse> refuse_erased(const HttpRequest& request, const ApiCaller& caller,
                                            const std::vector<Identifier>& identifiers);
  HttpResponse refuse_owned(const HttpRequest& request, const CustomerId& owner);

  /// Why `fields`, saved as `properties` say, can't become part of `record`; nothing when they can.
  std::vector<RecordMistake> mistakes_in(const FactSaid& said, const std::optional<CustomerRecord>& record) const;
  /// What the save says, as facts; or the answer that refuses it.
  std::variant<FactSaid, HttpResponse> checked(const HttpRequest& request, const ApiCaller& caller,
                                               const ProfileAct& act, const std::optional<CustomerRecord>& record);
  std::vector<Name> held_by(WorkspaceId workspace, const std::vector<Identifier>& identifiers);
  /// The answer when one of the identifiers is that of another record than `mine`.
  std::optional<HttpResponse> refuse_taken(const HttpRequest& request, const ApiCaller& caller,
                                           const std::vector<Identifier>& identifiers, std::optional<CustomerId> mine);

  ProfileServices services_;
  CustomerNumbers numbers_;
  std::mutex mutex_;
  std::set<Name> busy_;
};

}  // namespace tributary
