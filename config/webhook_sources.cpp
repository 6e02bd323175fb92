// Sources that platforms call: their connector, its secrets and settings.
#include <filesystem>
#include <map>

#include "config/reader.h"
#include "config/secret_file.h"
#include "connectors/webhook/connector.h"
#include "connectors/webhook/connector_library.h"
#include "connectors/webhook/decode.h"
#include "connectors/webhook/verifier.h"

namespace tributary {
namespace {

constexpr std::string_view kSecretFileSuffix = "_file";
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
    if (item_.connector.empty() || !load()) return;  // a missing one was reported when it was read
    read_settings();
    check_settings_of_connector();
    check_path(paths);
    if (webhook_.connector->signature.trust == SignatureTrust::weak) webhook_.source.trust = SourceTrust::browser;
    draft_.config.webhook_sources.push_back(std::move(webhook_));
  }

 private:
  bool load() {
    LoadedConnector loaded = load_connector(item_.connector, draft_.config.webhooks.connectors_dir);
    if (auto connector = std::get_if<std::shared_ptr<const Connector>>(&loaded)) {
      webhook_.connector = std::move(*connector);
      return true;
    }
    for (const ConnectorMistake& found : std::get<std::vector<ConnectorMistake>>(loaded)) {
      if (found.line == 0) {
        mistake(".connector", found.message);
      } else {
        draft_.mistake({found.origin, static_cast<int>(found.line), static_cast<int>(found.column)}, found.message);
      }
    }
    return false;
  }

  void read_settings() {
    if (item_.settings.empty()) return;
    // With the digits of a number as they were written: most of them are ids.
    DocumentDecoder written(item_.settings.size());
    std::string document = item_.settings;
    document.reserve(document.size() + kBodyPaddingBytes);
    if (!written.decode({}, "application/json", document)) return mistake(".settings", "expected a map");
    for_each_member(written.root(), [&](const JsonValue& key, const JsonValue& value) {
      std::string scratch;
      std::string name(key.text(scratch));
      std::optional<std::string> text = text_of(value);
      if (!text) {
        mistake(".settings", "\"" + name + "\": expected one value");
      } else if (std::string_view(name).ends_with(kSecretFileSuffix) && setting_fault(*webhook_.connector, name)) {
        read_secret(name.substr(0, name.size() - kSecretFileSuffix.size()), *text);
      } else {
        add_setting(name, std::move(*text));
      }
    });
  }

  static std::optional<std::string> text_of(const JsonValue& value) {
    std::string scratch;
    if (value.is(JsonKind::string)) return std::string(value.text(scratch));
    if (value.is(JsonKind::number) || value.is(JsonKind::boolean)) return std::string(value.raw());
    return std::nullopt;
  }

  void read_secret(std::string_view name, const std::string& file) {
    auto secrets = read_secrets(file, false);
    if (!secrets) return mistake(".settings", std::string(name) + "_file: " + secrets.error().message);
    add_setting(name, std::move(secrets->front()));
  }

  void add_setting(std::string_view name, std::string value) {
    if (auto fault = setting_fault(*webhook_.connector, name)) return mistake(".settings", *fault);
    if (webhook_.settings.find(name) != nullptr) {
      return mistake(".settings", "\"" + std::string(name) + "\" is given twice");
    }
    webhook_.settings.values.emplace_back(name, std::move(value));
  }

  void check_settings_of_connector() {
    for (const auto& setting : webhook_.connector->settings) {
      const std::string* given = webhook_.settings.find(setting.name);
      if (!setting.required || (given != nullptr && !given->empty())) continue;
      mistake(".settings",
              "connector " + webhook_.connector->name + " needs \"" + setting.name + "\": " + setting.help);
    }
    for (const std::string& fault : check_settings(webhook_.connector->signature, webhook_.settings))
      mistake("", fault);
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
