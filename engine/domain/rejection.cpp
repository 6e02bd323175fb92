#include "engine/domain/rejection.h"

#include <array>

#include "engine/base/check.h"

namespace tributary {
namespace {

using enum RejectionCode;

constexpr std::array kRows = {
    RejectionRow{not_an_object, "not_an_object", 400, "item is not an object"},
    RejectionRow{missing_type, "missing_type", 400, "type is missing"},
    RejectionRow{unknown_type, "unknown_type", 400, "type is not known"},
    RejectionRow{missing_id, "missing_id", 400, "request neither has anonymousId nor userId"},
    RejectionRow{missing_event, "missing_event", 400, "track needs an event name"},
    RejectionRow{missing_group_id, "missing_group_id", 400, "group needs a groupId"},
    RejectionRow{invalid_field, "invalid_field", 400, "a field has the wrong form"},
    RejectionRow{duplicate_key, "duplicate_key", 400, "an identity field stands twice with different values"},
    RejectionRow{event_too_large, "event_too_large", 413, "event is larger than the limit"},
    RejectionRow{invalid_utf8, "invalid_utf8", 400, "item is not valid UTF-8"},
    RejectionRow{too_deep, "too_deep", 400, "item is nested too deeply"},
    RejectionRow{too_many_properties, "too_many_properties", 400, "item has too many properties"},
    RejectionRow{not_allowed, "not_allowed", 400, "this key may not do that"},
    RejectionRow{not_mapped, "not_mapped", 400, "the connector can't read the delivery"},
    RejectionRow{bad_signature, "bad_signature", 401, "the signature is missing or wrong"},
    RejectionRow{tracking_plan, "tracking_plan", 400, "event is not as the tracking plan has it"},
    RejectionRow{invalid_json, "invalid_json", 400, "invalid json"},
    RejectionRow{invalid_gzip, "invalid_gzip", 400, "invalid gzip"},
    RejectionRow{missing_batch, "missing_batch", 400, "body has no batch array"},
    RejectionRow{empty_batch, "empty_batch", 400, "empty batch payload"},
    RejectionRow{missing_write_key, "missing_write_key", 401, "write key is missing"},
    RejectionRow{invalid_write_key, "invalid_write_key", 401, "invalid write key"},
    RejectionRow{origin_not_allowed, "origin_not_allowed", 403, "origin is not allowed for this source"},
    RejectionRow{forbidden, "forbidden", 403, "this key may not do that"},
    RejectionRow{source_disabled, "source_disabled", 404, "source is disabled"},
    RejectionRow{not_found, "not_found", 404, "not found"},
    RejectionRow{method_not_allowed, "method_not_allowed", 405, "method is not allowed here"},
    RejectionRow{payload_too_large, "payload_too_large", 413, "body is larger than the limit"},
    RejectionRow{too_many_events, "too_many_events", 413, "batch has more events than the limit"},
    RejectionRow{rate_limited, "rate_limited", 429, "max requests limit reached"},
    RejectionRow{overloaded, "overloaded", 503, "server is overloaded, try again"},
    RejectionRow{disk_full, "disk_full", 503, "server is short of disk space, try again"},
    RejectionRow{shutting_down, "shutting_down", 503, "server is shutting down, try again"},
    RejectionRow{not_ready, "not_ready", 503, "server is not ready, try again"},
    RejectionRow{malformed_request, "malformed_request", 400, "malformed request"},
    RejectionRow{uri_too_long, "uri_too_long", 414, "request target is too long"},
    RejectionRow{headers_too_large, "headers_too_large", 431, "request headers are too large"},
    RejectionRow{internal, "internal", 500, "internal error"},
    RejectionRow{invalid_cursor, "invalid_cursor", 400, "cursor is not valid"},
    RejectionRow{invalid_parameter, "invalid_parameter", 400, "a parameter is not valid"},
    RejectionRow{missing_api_key, "missing_api_key", 401, "API key is missing"},
    RejectionRow{invalid_api_key, "invalid_api_key", 401, "invalid API key"},
    RejectionRow{identifier_blocked, "identifier_blocked", 404, "a place-holder value identifies nobody"},
    RejectionRow{conflict, "conflict", 409, "somebody else changed it first"},
    RejectionRow{invalid_rules, "invalid_rules", 422, "the rules have mistakes"},
    RejectionRow{tag_not_in_library, "tag_not_in_library", 422, "the library has no such tag, or it is not approved"},
    RejectionRow{tag_conflict, "tag_conflict", 409, "a tag of the same exclusive group is there"},
    RejectionRow{self_approval, "self_approval", 403, "who asks for something must not approve it"},
    RejectionRow{transition_not_allowed, "transition_not_allowed", 409, "this change is not allowed from here"},
    RejectionRow{query_invalid, "query_invalid", 400, "the statement has a mistake"},
    RejectionRow{query_not_allowed, "query_not_allowed", 400, "the statement asks for what it may not do"},
    RejectionRow{query_time_limit, "query_time_limit", 422, "the statement takes longer than it may"},
    RejectionRow{query_memory_limit, "query_memory_limit", 422, "the statement needs more memory than it may have"},
    RejectionRow{precondition_required, "precondition_required", 428, "If-Match must name what is to be changed"},
    RejectionRow{precondition_failed, "precondition_failed", 412, "it is not as If-Match says any more"},
    RejectionRow{invalid_record, "invalid_record", 422, "fields of the record have mistakes"},
    RejectionRow{cursor_expired, "cursor_expired", 410, "what came after the cursor is not kept any more"},
};

}  // namespace

const RejectionRow* try_rejection_row(RejectionCode code) {
  for (const RejectionRow& row : kRows) {
    if (row.code == code) return &row;
  }
  return nullptr;
}

const RejectionRow& rejection_row(RejectionCode code) {
  const RejectionRow* row = try_rejection_row(code);
  TRIBUTARY_CHECK(row != nullptr);
  return *row;
}

std::optional<RejectionCode> parse_rejection_code(std::string_view name) {
  for (const RejectionRow& row : kRows) {
    if (row.name == name) return row.code;
  }
  return std::nullopt;
}

}  // namespace tributary
