// The body of a delivery as one JSON document.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "connectors/webhook/connector.h"
#include "engine/base/result.h"
#include "engine/ingest/json_index.h"
#include "engine/ingest/json_repair.h"

namespace tributary {

/// Owner: one thread; keeps the memory of ordinary bodies.
class DocumentDecoder {
 public:
  explicit DocumentDecoder(size_t body_bytes_max);

  /// 64 readable bytes follow the body, which must outlive the values. An empty body is {}.
  /// Errors: invalid, with a text for people: what the body was expected to be and is not; the document is {} then.
  Result<void> decode(const DecodeRule& rule, std::string_view content_type, std::string_view body);

  JsonValue root() const { return index_.root(); }

 private:
  Result<void> decode_all(const DecodeRule& rule, std::string_view content_type, std::string_view body);
  Result<void> decode_body(BodyForm form, std::string_view content_type, std::string_view body);
  Result<void> decode_automatic(std::string_view content_type, std::string_view body);
  Result<void> decode_form(std::string_view content_type, std::string_view body);
  Result<void> decode_xml(std::string_view body);
  Result<void> decode_nested(const NestedRule& rule);
  Result<void> keep(std::string&& json);
  Result<void> prove(std::string_view json);

  size_t body_bytes_max_;
  JsonIndex index_;
  std::string text_;   // a document that is not the body itself
  JsonRepair repair_;  // of a document with numbers or characters that the prover does not take
};

}  // namespace tributary
