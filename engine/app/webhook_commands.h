// `tributary webhook ...`: what connectors there are, and what one makes of a call.
#pragma once

#include <string>
#include <vector>

namespace tributary {

struct WebhookFlags {
  std::string directory;  // of connector files of the operator's own
  std::string connector;  // a name, or the path of a file
  std::string config, source;
  std::string payload;  // a file, `-` for standard input, or empty: no body
  std::string method = "POST", target, public_url;
  std::vector<std::string> headers;   // name:value
  std::vector<std::string> secrets;   // newest first
  std::vector<std::string> settings;  // name=value
  bool sign = false;
};

/// Names and titles, a line each.
int list_webhook_connectors(const WebhookFlags& flags);

/// The file of a connector, to copy and change.
int show_webhook_connector(const WebhookFlags& flags);

/// Mistakes of a connector file with line and column, then its own tests.
int check_webhook_connector(const WebhookFlags& flags);

/// What the connector makes of one call, as JSON. 0 when it is genuine (or nothing was there to check it with) and
/// could be read, else 65.
int test_webhook(const WebhookFlags& flags);

}  // namespace tributary
