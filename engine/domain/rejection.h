// The client's fault, as a value: one table from code to HTTP status and text.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "engine/base/strong_id.h"
#include "engine/base/time.h"

namespace tributary {

/// Why an item or a request was refused. Stored: never renumber. Item codes come first, request codes from 64 on.
enum class RejectionCode : uint8_t {
  not_an_object = 1,
  missing_type = 2,
  unknown_type = 3,
  missing_id = 4,
  missing_event = 5,
  missing_group_id = 6,
  invalid_field = 7,
  duplicate_key = 8,
  event_too_large = 9,
  invalid_utf8 = 10,
  too_deep = 11,
  too_many_properties = 12,
  not_allowed = 13,
  not_mapped = 14,
  bad_signature = 15,
  tracking_plan = 16,

  invalid_json = 64,
  invalid_gzip = 65,
  missing_batch = 66,
  empty_batch = 67,
  missing_write_key = 68,
  invalid_write_key = 69,
  origin_not_allowed = 70,
  forbidden = 71,
  source_disabled = 72,
  not_found = 73,
  method_not_allowed = 74,
  payload_too_large = 75,
  too_many_events = 76,
  rate_limited = 77,
  overloaded = 78,
  disk_full = 79,
  shutting_down = 80,
  not_ready = 81,
  malformed_request = 82,
  uri_too_long = 83,
  headers_too_large = 84,
  internal = 85,
  invalid_cursor = 86,
  invalid_parameter = 87,
  missing_api_key = 88,
  invalid_api_key = 89,
  identifier_blocked = 90,
  conflict = 91,
  invalid_rules = 92,
  precondition_required = 93,
  precondition_failed = 94,
  invalid_record = 95,
  cursor_expired = 96,
  tag_not_in_library = 100,
  tag_conflict = 101,
  self_approval = 102,
  transition_not_allowed = 103,
  query_invalid = 110,
  query_not_allowed = 111,
  query_time_limit = 112,
  query_memory_limit = 113,
};

struct RejectionRow {
  RejectionCode code;
  std::string_view name;     // stable, in answers and metrics
  int http_status;           // when it stands alone
  std::string_view message;  // English, may change, except where an SDK matches it
};

/// Codes from here on refuse a whole request.
constexpr int kRequestCodesFrom = 64;

/// The row of the one table; null for a number that is no code.
const RejectionRow* try_rejection_row(RejectionCode code);
/// The row of a code that exists.
const RejectionRow& rejection_row(RejectionCode code);
std::optional<RejectionCode> parse_rejection_code(std::string_view name);

/// An item that was refused: kept, listed, fixable.
///
/// Lifetime: `raw` points into the request body; Engine::ingest copies it into the record before it returns.
struct Rejected {
  WorkspaceId workspace;
  std::string source;
  std::string message_id;  // empty when the item has none that can be read
  RejectionCode code = RejectionCode::invalid_field;
  std::string message;  // what is wrong, at most 64 escaped bytes of input
  std::string path;     // JSON Pointer into the decoded request body. Source: RFC 6901
  Timestamp received_at;
  std::string_view raw;  // the item's own bytes
};

}  // namespace tributary
