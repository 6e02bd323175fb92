#include "connectors/webhook/signed_json.h"

#include <limits>

#include "connectors/webhook/json_pointer.h"
#include "engine/base/utf8.h"

namespace tributary {
bool SignedJson::is_one_value() {
  if (!valid_) {
    // A prover that skips a mark would see other positions than we do.
    valid_ = !body_.empty() && !body_.starts_with(kByteOrderMark) &&
             index_.build(body_, body_, std::numeric_limits<size_t>::max()) == JsonProof::valid;
  }
  return *valid_;
}

std::optional<std::string> SignedJson::text_at(std::string_view pointer) {
  auto names = pointer_names(pointer);
  if (!names || !is_one_value()) return std::nullopt;
  size_t steps_taken = 0;
  JsonValue value = value_at(index_.root(), *names, steps_taken);
  if (!value.is(JsonKind::string) && !value.is(JsonKind::number)) return std::nullopt;
  std::string scratch;
  return std::string(value.text(scratch));
}

}  // namespace tributary
