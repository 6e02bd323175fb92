#include "connectors/http/message.h"

namespace tributary {
namespace {

using Pairs = std::vector<std::pair<std::string, std::string>>;

const std::string* find_first(const Pairs& pairs, std::string_view name) {
  for (const auto& [key, value] : pairs) {
    if (key == name) return &value;
  }
  return nullptr;
}

}  // namespace

std::string_view HttpRequest::header(std::string_view lower_case_name) const {
  const std::string* value = find_first(headers, lower_case_name);
  return value != nullptr ? std::string_view(*value) : std::string_view{};
}

bool HttpRequest::has_header(std::string_view lower_case_name) const {
  return find_first(headers, lower_case_name) != nullptr;
}

std::string_view HttpRequest::parameter(std::string_view name) const {
  const std::string* value = find_first(query, name);
  return value != nullptr ? std::string_view(*value) : std::string_view{};
}

bool HttpRequest::has_parameter(std::string_view name) const { return find_first(query, name) != nullptr; }

}  // namespace tributary
