// Erasure of a customer, and the lifting of the suppression that comes with it: records of the log like any event, so
// that replay finds them. They hold keyed hashes and nothing of the person.
#pragma once

#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "engine/domain/assertion.h"

namespace tributary {

/// An identifier of the customer: as senders name it, and which one it is since it last changed hands (the same when it
/// never did).
struct ErasedIdentifier {
  Hash128 said;
  Hash128 id;
};

/// What is erased, explicitly: a replay must not have to find out again who the customer was.
struct Erasure {
  Hash128 customer;                           // its id
  std::vector<ErasedIdentifier> identifiers;  // of the customer
  std::vector<Hash128> evidence;              // that it owns
  Decision decision;                          // `at` is the time of the request: later events are another person's
};

/// From now on events may name the identifiers of an erasure again.
struct SuppressionLift {
  std::string erasure;  // id of its decision
  Decision decision;
};

using ErasureRecord = std::variant<Erasure, SuppressionLift>;

/// Payload layout, version 1 (integers big-endian, text = varint length + bytes; a decision as in an assertion record):
///
///   erasure: u8 version | u8 1 | decision | 16 customer | varint n { 16 said | 16 id } | varint n { 16 evidence }
///   lift:    u8 version | u8 2 | decision | text erasure
void encode_erasure(const ErasureRecord& record, std::string& payload);

/// Errors: corrupt for an unknown version or a cut payload.
Result<ErasureRecord> decode_erasure(std::string_view payload);

}  // namespace tributary
