#include "connectors/bulk/export_command.h"

#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <optional>

#include "connectors/bulk/export_connection.h"
#include "engine/base/ascii.h"

namespace tributary {
namespace {

constexpr int kUsageCode = 64, kDataCode = 65, kUnavailableCode = 69, kIoCode = 74;
constexpr size_t kLastLineBytesMax = 64;

void tell(const std::string& message) { std::fprintf(stderr, "export: %s\n", message.c_str()); }

int fail(int code, const std::string& message) {
  tell(message);
  return code;
}

/// Where the export goes. The destructor leaves FILE.part as it is.
class ExportOutput {
 public:
  /// A link is followed; what is no regular file, such as a pipe, is written to as it is.
  explicit ExportOutput(const std::string& file) : file_(file == "-" ? "" : file) {
    std::error_code none;
    auto kind = std::filesystem::status(file_, none).type();
    direct_ =
        !file_.empty() && kind != std::filesystem::file_type::regular && kind != std::filesystem::file_type::not_found;
    if (std::filesystem::is_symlink(file_, none)) file_ = std::filesystem::weakly_canonical(file_, none).string();
    part_ = direct_ ? file_ : file_ + ".part";
  }
  ~ExportOutput() {
    if (!to_stdout() && descriptor_ >= 0) ::close(descriptor_);
  }
  ExportOutput(const ExportOutput&) = delete;
  ExportOutput& operator=(const ExportOutput&) = delete;

  /// What is exported is personal data: nobody else may read it.
  bool open() {
    if (to_stdout()) {
      descriptor_ = STDOUT_FILENO;
      return true;
    }
    if (direct_) {
      descriptor_ = ::open(file_.c_str(), O_WRONLY | O_CLOEXEC);
      return descriptor_ >= 0 || failed("opening " + file_);
    }
    ::unlink(part_.c_str());  // of another run, or of somebody else
    descriptor_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    return descriptor_ >= 0 || failed("opening " + part_);
  }

  bool write(std::string_view bytes) {
    while (!bytes.empty()) {
      ssize_t written = ::write(descriptor_, bytes.data(), bytes.size());
      if (written < 0 && errno == EINTR) continue;
      if (written < 0) return failed("writing " + name());
      bytes.remove_prefix(static_cast<size_t>(written));
    }
    return true;
  }

  bool finish() {
    if (to_stdout() || direct_) return true;
    if (::fdatasync(descriptor_) != 0) return failed("writing " + part_);
    return ::rename(part_.c_str(), file_.c_str()) == 0 || failed("renaming " + part_);
  }

  bool to_stdout() const { return file_.empty(); }
  std::string name() const { return to_stdout() ? "standard output" : part_; }
  const std::string& fault() const { return fault_; }

 private:
  bool failed(const std::string& what) {
    fault_ = what + ": " + std::strerror(errno);
    return false;
  }

  std::string file_, part_;
  bool direct_ = false;
  int descriptor_ = -1;
  std::string fault_;
};

/// Remembers how the export ended.
class LastLine {
 public:
  void add(std::string_view bytes) {
    bytes_ += bytes.size();
    if (bytes.size() >= kLastLineBytesMax) {
      end_.assign(bytes.substr(bytes.size() - kLastLineBytesMax));
      return;
    }
    end_ += bytes;
    if (end_.size() > kLastLineBytesMax) end_.erase(0, end_.size() - kLastLineBytesMax);
  }

  /// What the last line counts; nothing when it is not the line that ends an export.
  std::optional<std::string> count(bool csv) const {
    std::string_view end = end_;
    std::string_view before = csv ? "#end," : R"({"end":true,"count":)";
    std::string_view behind = csv ? "\r\n" : "}\n";
    if (!end.ends_with(behind)) return std::nullopt;
    end.remove_suffix(behind.size());
    size_t line = end.rfind('\n');
    if (line != std::string_view::npos) end.remove_prefix(line + 1);
    if (!end.starts_with(before)) return std::nullopt;
    end.remove_prefix(before.size());
    bool digits = !end.empty() && end.find_first_not_of("0123456789") == std::string_view::npos;
    return digits ? std::optional(std::string(end)) : std::nullopt;
  }

  uint64_t bytes() const { return bytes_; }

 private:
  std::string end_;
  uint64_t bytes_ = 0;
};

std::string percent_encoded(std::string_view text) {
  std::string out;
  for (char c : text) {
    constexpr char kDigits[] = "0123456789ABCDEF";
    bool plain = (c >= '0' && c <= '9') || (ascii_lower(c) >= 'a' && ascii_lower(c) <= 'z') || c == '-' || c == '.';
    if (plain) {
      out += c;
    } else {
      out += {'%', kDigits[static_cast<unsigned char>(c) >> 4], kDigits[static_cast<unsigned char>(c) & 15]};
    }
  }
  return out;
}

std::string target_of(const ExportOptions& options) {
  std::string target = "/v1/export?what=" + options.what + "&format=" + options.format;
  if (options.byte_order_mark) target += "&bom=true";
  if (!options.from.empty()) target += "&from=" + percent_encoded(options.from);
  if (!options.to.empty()) target += "&to=" + percent_encoded(options.to);
  return target;
}

int refused(const ServerAnswer& answer) {
  ServerRefusal refusal = read_server_refusal(answer.body);
  std::string said = "the server answered " + std::to_string(answer.status);
  if (!refusal.code.empty()) said += " " + refusal.code;
  if (!refusal.message.empty()) said += ": " + refusal.message;
  bool usage = answer.status >= 400 && answer.status < 500 && answer.status != 429;
  return fail(usage ? kUsageCode : kUnavailableCode, said);
}

std::string remains(const ExportOutput& output, const LastLine& last) {
  std::string text = " after " + std::to_string(last.bytes()) + " bytes; what came is not complete";
  return output.to_stdout() ? text : text + ", it stays in " + output.name();
}

}  // namespace

int run_export(const ExportOptions& options) {
  auto started = std::chrono::steady_clock::now();
  if (options.api_key.empty()) return fail(kUsageCode, "no API key; give --api-key-file");
  if (options.server.empty()) return fail(kUsageCode, "no server; give --server or --config");
  bool csv = options.format == "csv";
  if (options.byte_order_mark && !csv) return fail(kUsageCode, "--bom is for --format csv");
  auto server = parse_server_url(options.server);
  if (!server) return fail(kUsageCode, server.error().message);
  server->ca_file = options.ca_file;
  ExportOutput output(options.output_file);
  LastLine last;
  bool open = false;
  auto take = [&](std::string_view bytes) {
    if (!open) open = output.open();  // not before there is something to write
    last.add(bytes);
    return open && output.write(bytes);
  };
  auto fetched = fetch_export(*server, target_of(options), options.api_key, take);
  if (!fetched && fetched.error().code == ErrorCode::invalid) return fail(kUsageCode, fetched.error().message);
  if (!fetched) return fail(kUnavailableCode, fetched.error().message + (open ? remains(output, last) : ""));
  if (fetched->status != 200) return refused(*fetched);
  if (!fetched->taken) return fail(kIoCode, output.fault());
  auto count = last.count(csv);
  if (!count)
    return fail(kDataCode, "the answer has no line that ends an export: it broke off" + remains(output, last));
  if (!output.finish()) return fail(kIoCode, output.fault());
  char took[32];
  std::snprintf(took, sizeof took, "%.1f s",
                std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count());
  tell(*count + " " + options.what + ", " + std::to_string(last.bytes()) + " bytes in " + took);
  return 0;
}

}  // namespace tributary
