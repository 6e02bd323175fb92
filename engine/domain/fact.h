// What an event says about one thing of a customer: a talk, a ticket, a tag, its own record. Facts are kept one by one,
// as they were said; what they come to is judged by readers from all of them, so no order of arrival can matter and the
// history is there for the asking.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "engine/base/bytes.h"
#include "engine/base/keyed_hash.h"
#include "engine/domain/trust.h"

namespace tributary {

/// What a fact is about. Stored: never renumber; below 32, see Fragment::fact_kinds.
enum class FactKind : uint8_t {
  record = 1,       // the customer's base record; profile/customer_record.h
  interaction = 2,  // a talk with the customer; profile/interaction.h
  ticket = 3,       // a matter that service works on; profile/ticket.h
  survey = 4,       // what the customer answered, and how it felt; profile/survey.h
  preference = 5,   // what the customer likes; profile/preference.h
  exclusion = 6,    // what the customer does not want to be offered; profile/preference.h
  tag = 7,          // a tag of the customer, or of the workspace's library; profile/tag.h
  status = 8,       // how far the customer has come: requests, decisions, evidence; profile/status.h
  membership = 9,   // programs, tiers, points and referrals; profile/membership.h
  following = 10,   // accounts of ours that the customer follows; profile/membership.h
  channel = 12,     // of a workspace: what it makes of a channel; profile/channel_registry.h
};

/// Of a set of kinds.
constexpr uint32_t bit_of(FactKind kind) { return uint32_t{1} << static_cast<uint8_t>(kind); }

/// `act` and the numbers of values belong to the kind and are stored: never renumber. Text is `std::string` in an event
/// that is being made, and a view into its record in one that was read.
template <class Text>
struct FactStatement {
  struct Value {
    uint8_t field;
    Text text;
  };
  FactKind kind{};
  uint8_t act = 0;               // what happened to it: created, solved ...
  Trust trust = Trust::claimed;  // of the source, whatever it may say of identifiers
  Hash128 subject;               // names it within the customer, see fact_subject()
  Text subject_text;             // the name itself; may be empty
  std::vector<Value> values;     // sorted by field, distinct
};

using FactSaid = FactStatement<std::string>;
using RecordFact = FactStatement<std::string_view>;

/// Facts of one event beyond these are left out, and it is flagged kPropertyWrong.
constexpr size_t kFactsPerEventMax = 100;

/// Keyed hash that names what a fact is about.
Hash128 fact_subject(const KeyedHash& index_key, FactKind kind, std::string_view subject_text);

/// Layout: u8 kind | u8 act | u8 trust | 16 subject | text subject_text | varint n { u8 field | text value }
void write(const FactSaid& fact, ByteWriter& out);
/// Points into what `in` reads; what is missing is empty and leaves `in` not ok().
RecordFact read_fact_statement(ByteReader& in);

}  // namespace tributary
