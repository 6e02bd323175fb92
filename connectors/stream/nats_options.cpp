#include "connectors/stream/nats_options.h"

#include <fmt/format.h>

#include "connectors/stream/consumer.h"
#include "connectors/stream/option_check.h"

namespace tributary {

namespace {

constexpr std::chrono::milliseconds kAckWaitLeast{1'000};
constexpr std::chrono::milliseconds kAckWaitMost{24LL * 3600 * 1000};
constexpr int64_t kMaxAckPendingMost = 1'000'000;

// Source: "NATS Subjects" of the NATS documentation: tokens between dots; `*` is one token, `>` the rest, both alone.
bool is_subject_filter(std::string_view subject) {
  for (size_t begin = 0; begin <= subject.size();) {
    size_t end = std::min(subject.find('.', begin), subject.size());
    std::string_view token = subject.substr(begin, end - begin);
    if (token.empty() || token.find_first_of(std::string_view(" \t\r\n\0", 5)) != std::string_view::npos) return false;
    if (token.size() > 1 && token.find_first_of("*>") != std::string_view::npos) return false;
    if (token == ">" && end != subject.size()) return false;
    begin = end + 1;
  }
  return true;
}

// Of streams and durables. Source: "Naming" in the JetStream documentation.
bool is_nats_name(std::string_view name) {
  return !name.empty() && name.size() <= 200 &&
         name.find_first_of(std::string_view(" \t\r\n.*>/\\\0", 10)) == std::string_view::npos;
}

void check_nats_names(const StreamSource& source, OptionCheck& check) {
  if (!is_nats_name(source.group)) {
    check.add(fmt::format("group: \"{}\" cannot name a durable consumer: letters, digits, - and _", source.group));
  }
  const std::string* stream = source.find_option("stream");
  if (stream != nullptr && !is_nats_name(*stream)) {
    check.add(fmt::format("options.stream: \"{}\" cannot name a stream", *stream));
  }
  for (size_t i = 0; i < source.topics.size(); ++i) {
    const std::string& subject = source.topics[i];
    if (!subject.empty() && !is_subject_filter(subject)) {
      check.add(fmt::format("topics: \"{}\" is no subject: tokens between dots, * for one, > for the rest", subject));
    }
    for (size_t other = 0; other < i; ++other) {
      if (subject == source.topics[other]) continue;  // said already
      if (nats_durable(source, subject) != nats_durable(source, source.topics[other])) continue;
      check.add(fmt::format("topics: \"{}\" and \"{}\" would share the durable {}; make them two sources",
                            source.topics[other], subject, nats_durable(source, subject)));
    }
  }
}

void check_nats_credentials(const StreamSource& source, OptionCheck& check) {
  if (!source.username.empty() && source.password.empty()) check.add("username: is given without a password");
  if (!source.password.empty() && source.find_option("credentials_file") != nullptr) {
    check.add("options.credentials_file: excludes a password");
  }
  if (source.tls.certificate_file.empty() != source.tls.key_file.empty()) {
    check.add("tls: a certificate and its key go together");
  }
}

}  // namespace

NatsOptions read_nats_options(const StreamSource& source) {
  NatsOptions options;
  options.stream = option_text(source, "stream");
  options.domain = option_text(source, "domain");
  options.credentials_file = option_text(source, "credentials_file");
  options.ack_wait = option_duration(source, "ack_wait", options.ack_wait);
  options.max_ack_pending = option_integer(source, "max_ack_pending", options.max_ack_pending);
  options.only_new = option_text(source, "deliver_policy", "all") == "new";
  return options;
}

std::string nats_durable(const StreamSource& source, std::string_view subject) {
  if (source.topics.size() == 1) return source.group;
  std::string durable = source.group + '-';
  for (char letter : subject) {
    if (letter == '*') {
      durable += "any";
    } else if (letter == '>') {
      durable += "all";
    } else {
      durable += is_nats_name(std::string_view(&letter, 1)) ? letter : '_';
    }
  }
  return durable;
}

std::vector<std::string> check_nats(const StreamSource& source) {
  OptionCheck check(source);
  check.servers();
  check.topics("subjects");
  check.known({"stream", "domain", "credentials_file", "ack_wait", "max_ack_pending", "deliver_policy"});
  check.not_empty("domain");
  check.not_empty("credentials_file");
  check.duration("ack_wait", kAckWaitLeast, kAckWaitMost);
  check.integer("max_ack_pending", 1, kMaxAckPendingMost);
  check.word("deliver_policy", {"all", "new"});
  check_nats_names(source, check);
  check_nats_credentials(source, check);
  return check.take();
}

}  // namespace tributary
