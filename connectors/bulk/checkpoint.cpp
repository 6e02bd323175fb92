#include "connectors/bulk/checkpoint.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>

#include "engine/base/json_out.h"
#include "engine/base/keyed_hash.h"

namespace tributary {
namespace {

constexpr size_t kSampleBytes = 64 << 10;

std::string to_json(const Checkpoint& checkpoint) {
  std::string json;
  JsonOut out(json);
  out.begin_object().key("version").number(1).key("input").string(checkpoint.input);
  out.key("offset").unsigned_number(checkpoint.place.offset).key("line").unsigned_number(checkpoint.place.line);
  out.key("accepted").unsigned_number(checkpoint.counts.accepted);
  out.key("duplicate").unsigned_number(checkpoint.counts.duplicate);
  out.key("rejected").unsigned_number(checkpoint.counts.rejected);
  out.key("report_bytes").unsigned_number(checkpoint.report_bytes).end_object();
  return json + "\n";
}

Result<void> write_synced(const std::string& path, const std::string& bytes) {
  std::string context = "writing " + path;
  int descriptor = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (descriptor < 0) return errno_error(context, errno);
  ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
  int failure = written < 0 ? errno : 0;
  if (failure == 0 && static_cast<size_t>(written) != bytes.size()) failure = ENOSPC;
  if (failure == 0 && ::fdatasync(descriptor) != 0) failure = errno;
  ::close(descriptor);
  if (failure != 0) return errno_error(context, failure);
  return {};
}

}  // namespace

std::string import_fingerprint(std::string_view file, std::string_view mapping_text, std::string_view source) {
  std::string_view head = file.substr(0, kSampleBytes);
  std::string_view tail = file.substr(file.size() - std::min(file.size(), kSampleBytes));
  std::string parts =
      std::to_string(file.size()) + sha256(head) + sha256(tail) + sha256(mapping_text) + std::string(source);
  std::string hex;
  for (unsigned char byte : sha256(parts)) {
    hex += "0123456789abcdef"[byte >> 4];
    hex += "0123456789abcdef"[byte & 15];
  }
  return hex;
}

Result<void> save_checkpoint(const std::string& path, const Checkpoint& checkpoint) {
  std::string temporary = path + ".new";
  TRIBUTARY_TRY(write_synced(temporary, to_json(checkpoint)));
  if (std::rename(temporary.c_str(), path.c_str()) != 0) return errno_error("renaming " + temporary, errno);
  return {};
}

Result<std::optional<Checkpoint>> load_checkpoint(const std::string& path) {
  std::error_code missing;
  if (!std::filesystem::exists(path, missing)) return std::optional<Checkpoint>();
  std::ifstream file(path, std::ios::binary);
  if (!file) return errno_error("opening " + path, errno);
  std::string text(std::istreambuf_iterator<char>(file), {});
  boost::json::error_code error;
  auto value = boost::json::parse(text, error);
  const auto* object = error ? nullptr : value.if_object();
  Error damaged(ErrorCode::corrupt, "reading " + path + ": not a checkpoint; --restart begins anew");
  if (!object || !object->if_contains("version") || object->at("version") != 1) return damaged;
  try {
    Checkpoint checkpoint;
    checkpoint.input = boost::json::value_to<std::string>(object->at("input"));
    auto number = [&](const char* key) { return boost::json::value_to<uint64_t>(object->at(key)); };
    checkpoint.place = {number("offset"), number("line")};
    checkpoint.counts = {number("accepted"), number("duplicate"), number("rejected")};
    checkpoint.report_bytes = number("report_bytes");
    return std::optional<Checkpoint>(checkpoint);
  } catch (const std::exception&) {
    return damaged;
  }
}

}  // namespace tributary
