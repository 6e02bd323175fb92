// What a person does to a customer over HTTP - saves its record, gives it a tag - becomes an event like any other.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "connectors/http/task.h"
#include "connectors/http/turns.h"
#include "connectors/query/api_access.h"
#include "engine/engine.h"

namespace tributary {

/// What acts need. The references outlive the router.
struct ProfileServices {
  Engine& engine;
  CurrentKeyRing& keys;
  Metrics& metrics;
  IngestLimits limits;
  ValueRules value;
  std::shared_ptr<Turns> turns = std::make_shared<Turns>();
};

/// Fills in what the body of a decision left out: id, of `Idempotency-Key` if there is one, author and time.
void complete_decision(Decision& decision, const HttpRequest& request, const ApiCaller& caller);

/// A customer with the turn to decide about it: nobody else decides meanwhile who takes the turn as well.
struct CustomerInTurn {
  std::optional<Turns::Turn> turn;
  std::optional<ProfileView> customer;               // as it is in this turn
  RejectionCode refusal = RejectionCode::not_found;  // when there is no customer
};

/// The one of the first argument in the path. Refused as overloaded when too many wait for their turn.
Task<CustomerInTurn> customer_in_turn(const ProfileServices& services, const HttpRequest& request,
                                      const ApiCaller& caller);

/// What a request or a decision that somebody makes is known by: the header `Idempotency-Key`, so that a retry is known
/// again; its hash when it is longer than 64 bytes or cannot stand in a path; without the header an id of `now`.
std::string decision_id(const HttpRequest& request, Timestamp now);

struct ProfileAct {
  std::string event;                 // of the catalogue: "Tag Added"; empty: an identify
  std::string properties;            // a JSON object; of an identify its traits
  std::string message_id = {};       // empty: what record_act() makes
  std::optional<Timestamp> at = {};  // nothing: when it is received
};

/// An identifier under which an act is ingested.
struct ActName {
  Identifier identifier;
  Trust trust = Trust::verified;
};

/// An act of which is known whose it is.
struct NamedAct {
  std::vector<ActName> names;
  ProfileAct act;
};

struct ActOutcome {
  std::optional<RejectionCode> refused;
  std::string message;     // empty: the table's
  bool duplicate = false;  // its message id was seen before: nothing happened
};

/// Ingests the act as an event of the source `api:<id of the key>`, whose word on facts is verified, and whose national
/// phone numbers are of the country that all sources of the workspace have by default, if it is one; done when every
/// reader sees it. Of the header `Idempotency-Key`, the event's name and the customer its message id is made, so that
/// a retry does nothing twice; without the header it is a new one each time.
///
/// The event carries one identifier that names this customer and nobody else, with the trust that it has: an act never
/// changes who is whose. Errors: conflict when all its identifiers are shared or belong to somebody else by now.
Task<ActOutcome> record_act(const ProfileServices& services, const HttpRequest& request, const ApiCaller& caller,
                            const ProfileView& customer, ProfileAct act);

/// The same under identifiers that the act itself brings along, all of them verified: of a customer that is made by it.
Task<ActOutcome> record_first_act(const ProfileServices& services, const HttpRequest& request, const ApiCaller& caller,
                                  const std::vector<Identifier>& names, ProfileAct act);

/// True when the word with this source and message id is what record_act() makes of this very request.
bool is_word_of(const HttpRequest& request, const ApiCaller& caller, const CustomerId& customer, std::string_view event,
                std::string_view source, std::string_view message_id);

struct ActsOutcome {
  std::optional<RejectionCode> refused;  // of all
  std::string message;
  std::vector<ItemOutcome> items;  // by act
};

/// Acts as one request, under names and message ids of their own, in their order. Done as record_act() is.
Task<ActsOutcome> record_acts(const ProfileServices& services, const ApiCaller& caller, std::vector<NamedAct> acts);

/// The name under which acts reach this customer and nobody else; nothing when all are shared or somebody else's.
std::optional<ActName> act_name(const ProfileServices& services, WorkspaceId workspace, const ProfileView& customer);

/// What the act would say, without saying it. Errors: those of the parser.
std::variant<std::vector<FactSaid>, ActOutcome> facts_of_act(const ProfileServices& services, const ApiCaller& caller,
                                                             const ProfileAct& act);
/// The same of several; a refusal stands in the place of its act, or for all when they can't be read at all.
std::variant<std::vector<std::variant<std::vector<FactSaid>, ActOutcome>>, ActOutcome> facts_of_acts(
    const ProfileServices& services, const ApiCaller& caller, const std::vector<ProfileAct>& acts);

}  // namespace tributary
