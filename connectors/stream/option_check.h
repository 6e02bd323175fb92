// What the checks of several brokers have in common, and how options are read once they were checked.
#pragma once

#include <chrono>
#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/stream/stream_source.h"
#include "engine/base/result.h"

namespace tributary {

struct ServerAddress {
  std::string host;  // without the brackets of an IPv6 address
  int port = 0;
};

/// `host:port`, `192.0.2.1:port` or `[2001:db8::1]:port`. Errors: invalid, with what was expected.
Result<ServerAddress> parse_server_address(std::string_view text);

/// Collects mistakes of one source, each as `place: what is wrong`.
class OptionCheck {
 public:
  explicit OptionCheck(const StreamSource& source) : source_(source) {}

  void add(std::string mistake) { mistakes_.push_back(std::move(mistake)); }
  /// At least one, each host:port.
  void servers();
  /// At least one, none empty, none twice. `word`: what the broker calls them, in the plural.
  void topics(std::string_view word);
  /// Every option's name is one of these.
  void known(std::initializer_list<std::string_view> names);
  /// An option that is given lies within.
  void duration(std::string_view name, std::chrono::milliseconds least, std::chrono::milliseconds most);
  void integer(std::string_view name, int64_t least, int64_t most);
  void word(std::string_view name, std::initializer_list<std::string_view> words);
  /// An option that is given is not empty.
  void not_empty(std::string_view name);

  std::vector<std::string> take() { return std::move(mistakes_); }

 private:
  const StreamSource& source_;
  std::vector<std::string> mistakes_;
};

/// Of options that were checked; `otherwise` when it is not given.
std::chrono::milliseconds option_duration(const StreamSource& source, std::string_view name,
                                          std::chrono::milliseconds otherwise);
int64_t option_integer(const StreamSource& source, std::string_view name, int64_t otherwise);
std::string option_text(const StreamSource& source, std::string_view name, std::string_view otherwise = {});

}  // namespace tributary
