#include "connectors/webhook/decode.h"

#include <algorithm>
#include <optional>

#include "connectors/http/request_target.h"
#include "connectors/webhook/form_document.h"
#include "connectors/webhook/json_pointer.h"
#include "connectors/webhook/xml_document.h"
#include "engine/base/ascii.h"
#include "engine/base/json_out.h"
#include "engine/base/keyed_hash.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"
#include "engine/engine.h"

namespace tributary {
namespace {

constexpr size_t kKeptBytes = 1 << 20;
constexpr size_t kLevelsNoted = 1024;  // nobody asks how deep it is

Error invalid(std::string message) { return {ErrorCode::invalid, std::move(message)}; }

/// `application/json; charset=utf-8` as `application/json`.
std::string media_type(std::string_view content_type) {
  return ascii_lowered(trim(content_type.substr(0, content_type.find(';'))));
}

bool is_json_type(std::string_view type) {
  return type == "application/json" || type == "text/json" || type.ends_with("+json");
}
bool is_form_type(std::string_view type) {
  return type == "application/x-www-form-urlencoded" || type == "multipart/form-data";
}
bool is_xml_type(std::string_view type) {
  return type == "application/xml" || type == "text/xml" || type.ends_with("+xml");
}

Result<std::string> nested_text(std::string_view text, const NestedRule& rule) {
  std::string decoded(text);
  for (NestedForm form : rule.as) {
    if (form == NestedForm::urldecode) decode_form_value(std::string(decoded), decoded);
    if (form != NestedForm::base64) continue;
    auto bytes = parse_base64(trim(decoded, kJsonSpace));
    if (!bytes) return invalid(rule.written + " is no base64");
    decoded = std::move(*bytes);
  }
  if (!rule.as.empty() && rule.as.back() == NestedForm::json) return decoded;
  std::string quoted;
  append_json_string(quoted, valid_utf8(decoded));
  return quoted;
}

}  // namespace

DocumentDecoder::DocumentDecoder(size_t body_bytes_max)
    : body_bytes_max_(body_bytes_max), index_(body_bytes_max * 4 + 4096) {}

Result<void> DocumentDecoder::decode(const DecodeRule& rule, std::string_view content_type, std::string_view body) {
  index_.release(kKeptBytes);
  if (text_.capacity() > kKeptBytes) text_ = {};
  auto decoded = decode_all(rule, content_type, body);
  if (!decoded) (void)keep("{}");
  return decoded;
}

Result<void> DocumentDecoder::decode_all(const DecodeRule& rule, std::string_view content_type, std::string_view body) {
  if (body.size() > body_bytes_max_) {
    return invalid("a body of more than " + std::to_string(body_bytes_max_) + " bytes");
  }
  if (body.starts_with(kByteOrderMark)) body.remove_prefix(kByteOrderMark.size());
  TRIBUTARY_TRY(decode_body(rule.body, content_type, body));
  for (const NestedRule& nested : rule.nested) TRIBUTARY_TRY(decode_nested(nested));
  return {};
}

Result<void> DocumentDecoder::decode_body(BodyForm form, std::string_view content_type, std::string_view body) {
  if (trim(body, kJsonSpace).empty()) return keep("{}");
  switch (form) {
    case BodyForm::json:
      return prove(body);
    case BodyForm::form:
      return decode_form(content_type, body);
    case BodyForm::xml:
      return decode_xml(body);
    case BodyForm::automatic:
      break;
  }
  return decode_automatic(content_type, body);
}

Result<void> DocumentDecoder::decode_automatic(std::string_view content_type, std::string_view body) {
  std::string type = media_type(content_type);
  char first = trim(body, kJsonSpace)[0];
  // What it is counts more than what it is called: libraries send JSON as a form by default.
  if (is_json_type(type)) return prove(body);
  if ((first == '{' || first == '[') && prove(body)) return {};
  if (is_form_type(type)) return decode_form(content_type, body);
  if (is_xml_type(type) || first == '<') return decode_xml(body);
  std::string document;
  JsonOut(document).begin_object().key("body").string(valid_utf8(body)).end_object();
  return keep(std::move(document));
}

Result<void> DocumentDecoder::decode_form(std::string_view content_type, std::string_view body) {
  auto document = media_type(content_type) == "multipart/form-data"
                      ? multipart_to_json(body, header_parameter(content_type, "boundary"))
                      : urlencoded_to_json(body);
  if (!document) return document.error();
  return keep(std::move(*document));
}

Result<void> DocumentDecoder::decode_xml(std::string_view body) {
  auto document = xml_to_json(body);
  if (!document) return document.error();
  return keep(std::move(*document));
}

Result<void> DocumentDecoder::decode_nested(const NestedRule& rule) {
  size_t steps_taken = 0;
  JsonValue place = value_at(root(), rule.at, steps_taken);
  if (!place.is(JsonKind::string) || place.missing()) return {};
  std::string scratch;
  auto inner = nested_text(place.text(scratch), rule);
  if (!inner) return inner.error();
  std::string_view whole = index_.read();
  std::string document;
  document.reserve(whole.size() + inner->size() + kBodyPaddingBytes);
  document += whole.substr(0, place.begin());
  document += *inner;
  document += whole.substr(place.end());
  // Alone, because a text that closes the member and opens another one would be proven with what stands around it.
  inner->reserve(inner->size() + kBodyPaddingBytes);
  if (auto proven = prove(*inner); !proven) return invalid(rule.written + ": " + proven.error().message);
  return keep(std::move(document));
}

Result<void> DocumentDecoder::keep(std::string&& json) {
  text_ = std::move(json);
  text_.reserve(text_.size() + kBodyPaddingBytes);
  return prove(text_);
}

Result<void> DocumentDecoder::prove(std::string_view json) {
  JsonProof proof = index_.build(json, json, kLevelsNoted);
  if (proof == JsonProof::invalid) {
    repair_ = repair_json(json);
    if (repair_.fault_at) return invalid("no JSON: fault at byte " + std::to_string(*repair_.fault_at));
    proof = index_.build(repair_.provable, repair_.readable, kLevelsNoted);
  }
  if (proof == JsonProof::valid) return {};
  return invalid(proof == JsonProof::too_deep    ? "JSON that is nested deeper than 1024 levels"
                 : proof == JsonProof::too_large ? "a document that is too large"
                                                 : "no JSON");
}

}  // namespace tributary
