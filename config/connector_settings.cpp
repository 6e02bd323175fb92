#include "config/connector_settings.h"

#include "config/secret_file.h"
#include "connectors/webhook/connector.h"
#include "connectors/webhook/connector_library.h"
#include "connectors/webhook/decode.h"

namespace tributary {
namespace {

constexpr std::string_view kSecretFileSuffix = "_file";

std::optional<std::string> text_of(const JsonValue& value) {
  std::string scratch;
  if (value.is(JsonKind::string)) return std::string(value.text(scratch));
  if (value.is(JsonKind::number) || value.is(JsonKind::boolean)) return std::string(value.raw());
  return std::nullopt;
}

void mistake_at(ConfigDraft& draft, const std::string& path, const std::string& message) {
  draft.mistake(draft.position_of(path), path + ": " + message);
}

/// `x_file` is the file of the secret `x`, unless the connector has a setting of that whole name.
bool names_secret_file(const Connector& connector, std::string_view name) {
  return name.ends_with(kSecretFileSuffix) && setting_fault(connector, name).has_value();
}

}  // namespace

std::shared_ptr<const Connector> find_connector(ConfigDraft& draft, const std::string& path, const std::string& name) {
  LoadedConnector loaded = load_connector(name, draft.config.webhooks.connectors_dir);
  if (auto connector = std::get_if<std::shared_ptr<const Connector>>(&loaded)) return std::move(*connector);
  for (const ConnectorMistake& found : std::get<std::vector<ConnectorMistake>>(loaded)) {
    if (found.line == 0) {
      mistake_at(draft, path, found.message);
    } else {
      draft.mistake({found.origin, static_cast<int>(found.line), static_cast<int>(found.column)}, found.message);
    }
  }
  return nullptr;
}

std::vector<std::pair<std::string, std::string>> read_pairs(ConfigDraft& draft, const std::string& path,
                                                            const std::string& json) {
  std::vector<std::pair<std::string, std::string>> pairs;
  if (json.empty()) return pairs;
  DocumentDecoder written(json.size());
  std::string document = json;
  document.reserve(document.size() + kBodyPaddingBytes);
  if (!written.decode({}, "application/json", document)) {
    mistake_at(draft, path, "expected a map");
    return pairs;
  }
  for_each_member(written.root(), [&](const JsonValue& key, const JsonValue& value) {
    std::string scratch;
    std::string name(key.text(scratch));
    if (auto text = text_of(value)) {
      pairs.emplace_back(std::move(name), std::move(*text));
    } else {
      mistake_at(draft, path, "\"" + name + "\": expected one value");
    }
  });
  return pairs;
}

void read_connector_settings(ConfigDraft& draft, const std::string& item_path, const std::string& json,
                             const Connector& connector, WebhookSettings& settings) {
  const std::string path = item_path + ".settings";
  auto add = [&](std::string_view name, std::string value) {
    if (auto fault = setting_fault(connector, name)) return mistake_at(draft, path, *fault);
    if (settings.find(name) != nullptr) {
      return mistake_at(draft, path, "\"" + std::string(name) + "\" is given twice");
    }
    settings.values.emplace_back(name, std::move(value));
  };
  for (auto& [name, value] : read_pairs(draft, path, json)) {
    if (!names_secret_file(connector, name)) {
      add(name, std::move(value));
    } else if (auto secrets = read_secrets(value, false); !secrets) {
      mistake_at(draft, path, name + ": " + secrets.error().message);
    } else {
      add(std::string_view(name).substr(0, name.size() - kSecretFileSuffix.size()), std::move(secrets->front()));
    }
  }
  for (const ConnectorSetting& setting : connector.settings) {
    const std::string* given = settings.find(setting.name);
    if (!setting.required || (given != nullptr && !given->empty())) continue;
    mistake_at(draft, path, "connector " + connector.name + " needs \"" + setting.name + "\": " + setting.help);
  }
}

}  // namespace tributary
