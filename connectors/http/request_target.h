// The target of a request: path segments and query parameters.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "connectors/http/message.h"
#include "engine/engine.h"

namespace tributary {

/// Fills request.path and request.query from an origin-form target (which the gate has let pass).
///
/// The path is cut at '/' first and each segment decoded once afterwards, so `%2F` is data of its segment and never a
/// separator; empty segments are dropped, which is how `//v1//batch/` is `/v1/batch` without a redirect.
/// Errors: malformed_request for a bad escape, `%00`, a decoded segment that is not UTF-8, `.` and `..`;
///         not_found for more than kPathSegmentsMax segments.
std::optional<RejectionCode> parse_target(std::string_view target, HttpRequest& request);

/// Whether a text can be one segment of a path, escaped as need be: it is not empty, `.` or `..`, which clients resolve
/// before they ask, and has no NUL.
bool can_be_segment(std::string_view text);

constexpr size_t kPathSegmentsMax = 32;

/// Decodes one value of application/x-www-form-urlencoded: '+' is a space, a bad escape stands for itself (as in the
/// URL standard), bytes that are not UTF-8 become U+FFFD. Source: WHATWG URL, section
/// "application/x-www-form-urlencoded".
void decode_form_value(std::string_view text, std::string& out);

/// A query value as JavaScript's encodeURIComponent writes it.
std::string encoded_component(std::string_view text);

/// `%2F`
void append_percent_escape(std::string& out, char c);

/// Calls on_field(name, value), both still encoded, for each field of a urlencoded form that is not empty.
template <class OnField>
void for_each_form_field(std::string_view form, OnField on_field) {
  while (!form.empty()) {
    std::string_view field = form.substr(0, form.find('&'));
    form.remove_prefix(field.size() < form.size() ? field.size() + 1 : field.size());
    if (field.empty()) continue;
    size_t equals = field.find('=');
    on_field(field.substr(0, equals), equals == field.npos ? std::string_view{} : field.substr(equals + 1));
  }
}

/// The first field of that name in a urlencoded form, decoded; nothing when it is absent.
std::optional<std::string> form_field(std::string_view form, std::string_view name);

}  // namespace tributary
