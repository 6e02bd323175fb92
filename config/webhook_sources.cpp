// Sources that platforms call: their connector, its secrets and settings.
#include <filesystem>
#include <map>

#include "config/connector_settings.h"
#include "connectors/webhook/connector.h"
#include "connectors/webhook/verifier.h"

namespace tributary {
namespace {

/// Where nobody signs, the path is the only secret.
constexpr size_t kUnguessablePathBytes = 16;

/// One source from what was written.
class WebhookReader {
 public:
  WebhookReader(ConfigDraft& draft, size_t index)
      : draft_(draft), item_(draft.sources[index]), path_("sources[" + std::to_string(index) + "]") {
    webhook_.source = draft.config.sources[index];
  }

  void read(std::map<std::string, std::string>& paths) {
    webhook_.settings.public_url = item_.public_url.empty() ? draft_.config.public_url : item_.public_url;
    webhook_.settings.secrets = item_.secrets;
    webhook_.settings.channel = item_.channel;
    if (item_.connector.empty() || !load()) return;  // a missing one was reported when it was read
    read_connector_settings(draft_, path_, item_.settings, *webhook_.connector, webhook_.settings);
    for (const std::string& fault : check_settings(webhook_.connector->signature, webhook_.settings))
      mistake("", fault);
    check_path(paths);
    if (webhook_.connector->signature.trust == SignatureTrust::weak) webhook_.source.trust = SourceTrust::browser;
    draft_.config.webhook_sources.push_back(std::move(webhook_));
  }

 private:
  bool load() {
    webhook_.connector = find_connector(draft_, path_ + ".connector", item_.connector);
    return webhook_.connector != nullptr;
  }

  void check_path(std::map<std::string, std::string>& paths) {
    webhook_.path = item_.path.empty() ? item_.id : item_.path;
    bool is_step = webhook_.path == "." || webhook_.path == "..";  // of an address, which clients take out of it
    if (is_step || !is_config_id(webhook_.path)) return mistake(".path", "expected 1 to 64 of A-Z a-z 0-9 _ . -");
    if (webhook_.connector->signature.none && webhook_.path.size() < kUnguessablePathBytes) {
      mistake(".path", "connector " + webhook_.connector->name + " verifies nothing, so the path is the only secret: " +
                           "give one of at least " + std::to_string(kUnguessablePathBytes) + " characters");
    }
    auto [first, fresh] = paths.emplace(webhook_.path, path_);
    if (!fresh) mistake(".path", "\"" + webhook_.path + "\" is already the path of " + first->second);
  }

  void mistake(const std::string& below, const std::string& message) {
    draft_.mistake(draft_.position_of(path_ + below), path_ + below + ": " + message);
  }

  ConfigDraft& draft_;
  const SourceItem& item_;
  std::string path_;  // of the item
  WebhookSource webhook_;
};

}  // namespace

void read_webhook_sources(ConfigDraft& draft) {
  const std::string& own = draft.config.webhooks.connectors_dir;
  std::error_code error;
  if (!own.empty() && !std::filesystem::is_directory(own, error)) {
    draft.mistake(draft.position_of("webhooks.connectors"), "webhooks.connectors: there is no folder " + own);
  }
  std::map<std::string, std::string> paths;  // to the item that has it
  for (size_t i = 0; i < draft.sources.size(); ++i) {
    if (draft.sources[i].kind == kWebhookKind) WebhookReader(draft, i).read(paths);
  }
}

}  // namespace tributary
