#include "connectors/webhook/connector_library.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <utility>

#include "connectors/webhook/connector_file.h"
#include "connectors/webhook/node_reader.h"
#include "connectors/webhook/shipped_files.h"
#include "engine/base/nearest_word.h"

namespace tributary {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kSuffix = ".yaml";

/// Rules of signatures, which lie beside the connectors, are none.
bool is_connector(std::string_view name) { return name != "signatures"; }

/// A name and not a path: it comes from configuration, but a slip must not read what lies elsewhere.
bool is_name(std::string_view name) {
  auto allowed = [](char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-'; };
  return !name.empty() && std::all_of(name.begin(), name.end(), allowed);
}

LoadedConnector read(std::string_view text, const std::string& origin) {
  auto parsed = parse_connector(text);
  if (auto connector = std::get_if<Connector>(&parsed)) return std::make_shared<const Connector>(std::move(*connector));
  std::vector<ConnectorMistake> mistakes;
  for (const DocumentMistake& mistake : std::get<std::vector<DocumentMistake>>(parsed)) {
    mistakes.push_back({origin, mistake.line, mistake.column, mistake.message});
  }
  return mistakes;
}

LoadedConnector refused(std::string origin, std::string message) {
  return std::vector<ConnectorMistake>{{std::move(origin), 0, 0, std::move(message)}};
}

const ShippedFile* find_shipped(std::string_view name) {
  for (const ShippedFile& file : shipped_files()) {
    if (file.name == name && is_connector(name)) return &file;
  }
  return nullptr;
}

}  // namespace

LoadedConnector load_connector_file(const std::string& path) {
  std::error_code error;
  auto bytes = fs::file_size(path, error);
  if (error) return refused(path, "can't be read: " + error.message());
  if (bytes > kDocumentBytesMax) return refused(path, "larger than a connector file may be");
  std::ifstream file(path, std::ios::binary);
  std::string text(bytes, '\0');
  if (!file.read(text.data(), static_cast<std::streamsize>(bytes))) return refused(path, "can't be read");
  return read(text, path);
}

std::string own_connector_file(std::string_view name, const std::string& directory) {
  if (directory.empty() || !is_name(name) || !is_connector(name)) return {};
  fs::path path = fs::path(directory) / (std::string(name) + std::string(kSuffix));
  std::error_code error;
  return fs::exists(path, error) ? path.string() : std::string();
}

LoadedConnector load_connector(std::string_view name, const std::string& directory) {
  if (std::string path = own_connector_file(name, directory); !path.empty()) return load_connector_file(path);
  if (const ShippedFile* file = find_shipped(name)) return read(file->text, "connector " + std::string(name));
  std::string message = "there is no connector \"" + std::string(name) + "\"";
  if (auto near = nearest_word(std::string(name), connector_names(directory)))
    message += ", did you mean \"" + *near + "\"?";
  return refused(std::string(name), message);
}

std::vector<std::string> connector_names(const std::string& directory) {
  std::vector<std::string> names;
  for (const ShippedFile& file : shipped_files()) {
    if (is_connector(file.name)) names.emplace_back(file.name);
  }
  std::error_code error;
  if (!directory.empty()) {
    for (const auto& entry : fs::directory_iterator(directory, error)) {
      std::string name = entry.path().stem().string();
      // A file of another name can't be loaded by it.
      if (entry.path().extension() == kSuffix && is_name(name) && is_connector(name)) names.push_back(name);
    }
  }
  std::sort(names.begin(), names.end());
  names.erase(std::unique(names.begin(), names.end()), names.end());
  return names;
}

std::optional<std::string> setting_fault(const Connector& connector, std::string_view name) {
  std::vector<std::string> known;
  for (const ConnectorSetting& setting : connector.settings) {
    if (setting.name == name) return std::nullopt;
    known.push_back(setting.name);
  }
  std::string fault = "connector " + connector.name + " has no setting " + shown_text(name);
  if (auto near = nearest_word(name, known)) return fault + ", did you mean \"" + *near + "\"?";
  if (known.empty()) return fault + ", and no other one";
  std::string separator = "; it has ";
  for (const std::string& word : known) fault += std::exchange(separator, ", ") + word;
  return fault;
}

}  // namespace tributary
