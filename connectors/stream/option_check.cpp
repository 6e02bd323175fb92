#include "connectors/stream/option_check.h"

#include <fmt/format.h>

#include <algorithm>

#include "engine/base/nearest_word.h"
#include "engine/base/quantity.h"

namespace tributary {

Result<ServerAddress> parse_server_address(std::string_view text) {
  Error expected{ErrorCode::invalid, fmt::format("\"{}\" is not host:port", text)};
  size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return expected;
  std::string_view host = text.substr(0, colon);
  Result<int64_t> port = parse_integer(text.substr(colon + 1));
  if (!port || *port < 1 || *port > 65535) return expected;
  if (host.front() == '[') {
    if (host.size() < 3 || host.back() != ']') return expected;
    host = host.substr(1, host.size() - 2);
    if (host.find_first_not_of("0123456789abcdefABCDEF:.%") != std::string_view::npos) return expected;
  } else if (host.find_first_of(":[]/@ \t") != std::string_view::npos) {
    return expected;
  }
  return ServerAddress{std::string(host), static_cast<int>(*port)};
}

void OptionCheck::servers() {
  if (source_.servers.empty()) add("servers: none is given, one as host:port is needed");
  for (const std::string& server : source_.servers) {
    auto address = parse_server_address(server);
    if (!address) add("servers: " + address.error().message);
  }
}

void OptionCheck::topics(std::string_view word) {
  if (source_.topics.empty()) add(fmt::format("topics: none is given, the names of {} are needed", word));
  for (size_t i = 0; i < source_.topics.size(); ++i) {
    const std::string& topic = source_.topics[i];
    if (topic.empty()) add("topics: one of them is empty");
    auto before = source_.topics.begin() + static_cast<ptrdiff_t>(i);
    if (std::find(source_.topics.begin(), before, topic) != before) {
      add(fmt::format("topics: \"{}\" is named twice", topic));
    }
  }
}

void OptionCheck::known(std::initializer_list<std::string_view> names) {
  std::vector<std::string> candidates(names.begin(), names.end());
  for (const auto& [name, value] : source_.options) {
    if (std::find(names.begin(), names.end(), name) != names.end()) continue;
    auto meant = nearest_word(name, candidates);
    add(fmt::format("options: \"{}\" is unknown{}", name,
                    meant ? fmt::format(", did you mean \"{}\"?", *meant) : std::string()));
  }
}

void OptionCheck::duration(std::string_view name, std::chrono::milliseconds least, std::chrono::milliseconds most) {
  const std::string* text = source_.find_option(name);
  if (text == nullptr) return;
  Result<int64_t> micros = parse_duration(*text);
  if (!micros) return add(fmt::format("options.{}: {}", name, micros.error().message));
  if (std::chrono::microseconds(*micros) < least || std::chrono::microseconds(*micros) > most) {
    add(fmt::format("options.{}: {} is not within {} and {}", name, *text,
                    format_duration(std::chrono::microseconds(least).count()),
                    format_duration(std::chrono::microseconds(most).count())));
  }
}

void OptionCheck::integer(std::string_view name, int64_t least, int64_t most) {
  const std::string* text = source_.find_option(name);
  if (text == nullptr) return;
  Result<int64_t> number = parse_integer(*text);
  if (!number) return add(fmt::format("options.{}: {}", name, number.error().message));
  if (*number < least || *number > most) {
    add(fmt::format("options.{}: {} is not within {} and {}", name, *text, least, most));
  }
}

void OptionCheck::word(std::string_view name, std::initializer_list<std::string_view> words) {
  const std::string* text = source_.find_option(name);
  if (text == nullptr || std::find(words.begin(), words.end(), *text) != words.end()) return;
  auto meant = nearest_word(*text, std::vector<std::string>(words.begin(), words.end()));
  add(fmt::format("options.{}: \"{}\" is none of {}{}", name, *text, fmt::join(words, ", "),
                  meant ? fmt::format(", did you mean \"{}\"?", *meant) : std::string()));
}

void OptionCheck::not_empty(std::string_view name) {
  const std::string* text = source_.find_option(name);
  if (text != nullptr && text->empty()) add(fmt::format("options.{}: is empty", name));
}

std::chrono::milliseconds option_duration(const StreamSource& source, std::string_view name,
                                          std::chrono::milliseconds otherwise) {
  const std::string* text = source.find_option(name);
  if (text == nullptr) return otherwise;
  return std::chrono::duration_cast<std::chrono::milliseconds>(std::chrono::microseconds(*parse_duration(*text)));
}

int64_t option_integer(const StreamSource& source, std::string_view name, int64_t otherwise) {
  const std::string* text = source.find_option(name);
  return text == nullptr ? otherwise : *parse_integer(*text);
}

std::string option_text(const StreamSource& source, std::string_view name, std::string_view otherwise) {
  const std::string* text = source.find_option(name);
  return text == nullptr ? std::string(otherwise) : *text;
}

}  // namespace tributary
