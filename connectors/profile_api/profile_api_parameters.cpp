#include "connectors/profile_api/profile_api_parameters.h"

#include <algorithm>

#include "connectors/profile_api/profile_api_answers.h"
#include "engine/base/text.h"
#include "engine/base/utf8.h"

namespace tributary {
namespace {

constexpr size_t kListMost = 200;
constexpr size_t kEventsFallback = 10;

std::optional<ParameterFault> read_moment(const HttpRequest& request, std::string_view name,
                                          std::optional<Timestamp>& moment) {
  std::string_view text = request.parameter(name);
  if (text.empty()) return std::nullopt;
  moment = parse_iso8601(text);
  if (moment) return std::nullopt;
  return ParameterFault{"The parameter `" + std::string(name) + "` is not an ISO 8601 date or time."};
}

}  // namespace

bool NamedPage::wants(std::string_view name) const {
  if (name <= after) return false;
  return include.empty() || std::binary_search(include.begin(), include.end(), name, std::less<>());
}

Parsed<NamedPage> named_page(const HttpRequest& request, size_t limit_fallback) {
  NamedPage page;
  auto limit = number_parameter(request, "limit", {1, kListMost, limit_fallback});
  if (auto* fault = std::get_if<ParameterFault>(&limit)) return *fault;
  page.limit = std::get<size_t>(limit);
  auto verbose = verbose_parameter(request);
  if (auto* fault = std::get_if<ParameterFault>(&verbose)) return *fault;
  page.verbose = std::get<bool>(verbose);
  page.include = listed(request.parameter("include"));
  std::sort(page.include.begin(), page.include.end());
  if (std::string_view next = request.parameter("next"); !next.empty()) {
    auto name = position_name(next);
    if (!name) return ParameterFault{"The parameter `next` is not of a cursor."};
    page.after = std::move(*name);
  }
  return page;
}

Parsed<TraitClass> trait_class(const HttpRequest& request) {
  std::string_view name = request.parameter("class");
  if (name.empty()) return TraitClass::all;
  if (name == "computed_trait") return TraitClass::computed;
  if (name == "audience") return TraitClass::audience;
  return ParameterFault{"The parameter `class` is neither `audience` nor `computed_trait`."};
}

Parsed<TimelineQuery> events_page(const HttpRequest& request) {
  TimelineQuery query;
  auto limit = number_parameter(request, "limit", {1, kListMost, kEventsFallback});
  if (auto* fault = std::get_if<ParameterFault>(&limit)) return *fault;
  query.limit = std::get<size_t>(limit);
  if (auto fault = read_moment(request, "start", query.from)) return *fault;
  if (auto fault = read_moment(request, "end", query.until)) return *fault;
  query.names = listed(request.parameter("include"));
  query.not_names = listed(request.parameter("exclude"));
  query.cursor = request.parameter("next");
  std::string_view sort = request.parameter("sort");
  if (!sort.empty() && sort != "asc" && sort != "desc") {
    return ParameterFault{"The parameter `sort` is neither `asc` nor `desc`."};
  }
  query.oldest_first = sort == "asc";
  return query;
}

std::vector<std::string> listed(std::string_view text) {
  std::vector<std::string> names;
  while (!text.empty()) {
    size_t end = std::min(text.find(','), text.size());
    std::string_view name = trim(text.substr(0, end));
    if (!name.empty()) names.emplace_back(name);
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return names;
}

std::string_view invalid_character(std::string_view name) {
  for (size_t at = 0; at < name.size(); ++at) {
    char c = name[at];
    bool good = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' || c == '-' ||
                c == '.' || c == '/';
    if (!good) return name.substr(at, std::max<size_t>(utf8_sequence(name.substr(at)), 1));
  }
  return {};
}

}  // namespace tributary
