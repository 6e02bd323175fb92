// Sources that are fetched from brokers: where, what, and the mapping of their messages.
#include <fstream>
#include <iterator>

#include "config/connector_settings.h"
#include "config/settings.h"
#include "connectors/stream/stream_source.h"
#include "connectors/webhook/connector.h"
#include "connectors/webhook/connector_library.h"
#include "engine/base/bytes.h"

namespace tributary {
namespace {

/// Everything a feed depends on, so that a reload can tell whether it changed.
std::string fingerprint_of(const SourceItem& item, const StreamSource& stream, const std::string& connectors_dir) {
  std::string all;
  ByteWriter out(all);
  for (const std::string* text :
       {&item.id, &item.name, &item.workspace, &item.kind, &item.default_country, &item.trust, &item.settings,
        &item.group, &item.mapping, &item.username, &item.password, &item.ca_file, &item.certificate_file,
        &item.key_file, &item.options, &item.order_namespace, &item.channel, &item.tracking_plan}) {
    out.text(*text);
  }
  out.u8(item.tls);
  out.u8(stream.source.enabled);
  for (const auto& [name, value] : stream.settings.values) {  // secrets as their files have them
    out.text(name);
    out.text(value);
  }
  for (const auto* list : {&item.servers, &item.topics}) {
    out.varint(list->size());
    for (const std::string& text : *list) out.text(text);
  }
  std::string own_mapping = item.mapping.empty() ? "" : own_connector_file(item.mapping, connectors_dir);
  for (const IdentifierPathItem& path : item.identifiers) {
    for (const std::string* text : {&path.kind, &path.path, &path.scope, &path.trust}) out.text(*text);
  }
  for (const std::string& name : {item.tracking_plan, own_mapping}) {
    if (name.empty()) continue;
    std::ifstream file(name, std::ios::binary);
    out.text(std::string(std::istreambuf_iterator<char>(file), {}));
  }
  return all;
}

class StreamReader {
 public:
  StreamReader(ConfigDraft& draft, size_t index, StreamKind kind)
      : draft_(draft), item_(draft.sources[index]), path_("sources[" + std::to_string(index) + "]") {
    stream_.source = draft.config.sources[index];
    stream_.kind = kind;
  }

  void read() {
    stream_.servers = item_.servers;
    stream_.topics = item_.topics;
    stream_.group = item_.group;
    stream_.settings.channel = item_.channel;
    stream_.username = item_.username;
    stream_.password = item_.password;
    stream_.options = read_pairs(draft_, path_ + ".options", item_.options);
    read_tls();
    read_mapping();
    // What is missing was named when it was read.
    if (has_all_keys()) {
      for (const std::string& fault : check_stream(stream_)) mistake("", fault);
    }
    stream_.fingerprint = fingerprint_of(item_, stream_, draft_.config.webhooks.connectors_dir);
    draft_.config.stream_sources.push_back(std::make_shared<const StreamSource>(std::move(stream_)));
  }

 private:
  bool has_all_keys() const {
    for (const char* key : {".servers", ".topics", ".group"}) {
      if (!draft_.positions.contains(path_ + key)) return false;
    }
    return true;
  }

  void read_tls() {
    stream_.tls = {item_.tls, item_.ca_file, item_.certificate_file, item_.key_file};
    bool any = !item_.ca_file.empty() || !item_.certificate_file.empty() || !item_.key_file.empty();
    if (any && !item_.tls) mistake(".tls", "files for TLS are given, but tls is not true");
    if (item_.certificate_file.empty() != item_.key_file.empty()) {
      mistake(".certificate_file", "certificate_file and key_file need each other");
    }
    const std::pair<const char*, const std::string*> files[] = {
        {".ca_file", &item_.ca_file}, {".certificate_file", &item_.certificate_file}, {".key_file", &item_.key_file}};
    for (const auto& [key, file] : files) {
      if (!file->empty() && !std::ifstream(*file)) mistake(key, *file + " can't be read");
    }
  }

  void read_mapping() {
    if (item_.mapping.empty()) {
      if (!item_.settings.empty()) mistake(".settings", "settings belong to a mapping, and there is none");
      return;
    }
    stream_.mapping = find_connector(draft_, path_ + ".mapping", item_.mapping);
    if (stream_.mapping != nullptr) {
      read_connector_settings(draft_, path_, item_.settings, *stream_.mapping, stream_.settings);
    }
  }

  void mistake(const std::string& below, const std::string& message) {
    draft_.mistake(draft_.position_of(path_ + below), path_ + below + ": " + message);
  }

  ConfigDraft& draft_;
  const SourceItem& item_;
  std::string path_;  // of the item
  StreamSource stream_;
};

}  // namespace

void read_stream_sources(ConfigDraft& draft) {
  for (size_t i = 0; i < draft.sources.size(); ++i) {
    if (auto kind = parse_stream_kind(draft.sources[i].kind)) StreamReader(draft, i, *kind).read();
  }
}

}  // namespace tributary
