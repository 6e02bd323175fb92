#include "engine/ingest/status_words.h"

#include "engine/ingest/vocabulary.h"

namespace tributary {

std::optional<Status> find_status(std::string_view text) {
  auto code = find_code(statuses(), text);
  if (!code) return std::nullopt;
  if (*code == "potential") return Status::potential;
  if (*code == "interested") return Status::interested;
  return *code == "won" ? Status::won : Status::lost;
}

std::optional<std::string_view> find_loss_reason(std::string_view text) { return find_code(loss_reasons(), text); }

}  // namespace tributary
