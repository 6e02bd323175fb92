// How people name a status and why a customer is lost: codes, and labels in Chinese and English.
#pragma once

#include <optional>
#include <string_view>

#include "engine/domain/status.h"

namespace tributary {

std::optional<Status> find_status(std::string_view text);
/// The code.
std::optional<std::string_view> find_loss_reason(std::string_view text);

}  // namespace tributary
