#include "config/secret_file.h"

#include <cerrno>
#include <fstream>
#include <sstream>

namespace tributary {
namespace {

constexpr size_t kSecretFileBytesMax = 64 << 10;

std::string trimmed(const std::string& text) {
  size_t first = text.find_first_not_of(" \t\r\n");
  if (first == std::string::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t\r\n") - first + 1);
}

}  // namespace

Result<std::string> read_small_file(const std::string& path, size_t bytes_max) {
  std::ifstream in(path, std::ios::binary);
  if (!in) return errno_error("reading " + path, errno);
  std::string text(bytes_max + 1, '\0');
  in.read(text.data(), static_cast<std::streamsize>(text.size()));
  // A directory opens and then fails to read.
  if (in.bad() || (in.fail() && !in.eof())) return errno_error("reading " + path, errno);
  text.resize(static_cast<size_t>(in.gcount()));
  if (text.size() > bytes_max) {
    return Error(ErrorCode::invalid, "reading " + path + ": longer than " + std::to_string(bytes_max) + " bytes");
  }
  return text;
}

Result<std::vector<std::string>> read_secrets(const std::string& path, bool many) {
  auto text = read_small_file(path, kSecretFileBytesMax);
  if (!text) return text.error();
  std::vector<std::string> secrets;
  std::istringstream lines(*text);
  for (std::string line; std::getline(lines, line);) {
    std::string secret = trimmed(line);
    if (!secret.empty()) secrets.push_back(secret);
  }
  if (secrets.empty()) return Error(ErrorCode::invalid, "reading " + path + ": the file holds no secret");
  if (!many && secrets.size() > 1) return Error(ErrorCode::invalid, "reading " + path + ": expected one line");
  return secrets;
}

}  // namespace tributary
