#include "connectors/bulk/input_file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>
#include <utility>
#include <vector>

#include "connectors/bulk/byte_stream.h"
#include "connectors/bulk/decompress.h"
#include "connectors/bulk/transcode.h"

namespace tributary {
namespace {

constexpr size_t kMagicBytes = 4;
constexpr size_t kMarkBytes = 2;

class OwnedDescriptor {
 public:
  explicit OwnedDescriptor(int number) : number_(number) {}
  ~OwnedDescriptor() {
    if (number_ >= 0) ::close(number_);
  }
  OwnedDescriptor(const OwnedDescriptor&) = delete;
  OwnedDescriptor& operator=(const OwnedDescriptor&) = delete;
  int number() const { return number_; }

 private:
  int number_;
};

Result<void> write_all(int descriptor, std::string_view bytes, const std::string& context) {
  while (!bytes.empty()) {
    ssize_t written = ::write(descriptor, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return errno_error(context, errno);
    bytes.remove_prefix(static_cast<size_t>(written));
  }
  return {};
}

/// The stream's bytes in a file that nobody else sees and that is gone with the process.
Result<MappedFile> spool(ByteStream& stream) {
  const char* wanted = std::getenv("TMPDIR");
  std::string directory = wanted && *wanted ? wanted : "/var/tmp";
  std::string context = "writing the text to a temporary file in " + directory;
  std::string name = directory + "/tributary-import-XXXXXX";
  OwnedDescriptor file(::mkostemp(name.data(), O_CLOEXEC));
  if (file.number() < 0) return errno_error(context, errno);
  ::unlink(name.c_str());
  std::vector<char> buffer(256 << 10);
  while (true) {
    auto count = stream.read(buffer);
    if (!count) return count.error();
    if (*count == 0) return MappedFile::of_descriptor(file.number(), context);
    TRIBUTARY_TRY(write_all(file.number(), {buffer.data(), *count}, context));
  }
}

/// Whether it can be read only once, from its front.
bool passes_by(const std::string& path) {
  struct stat status{};
  if (path == kStandardInput) return true;
  return ::stat(path.c_str(), &status) == 0 && (S_ISFIFO(status.st_mode) || S_ISCHR(status.st_mode));
}

Result<std::unique_ptr<ByteStream>> open_passing(const std::string& path) {
  if (path == kStandardInput) return stream_of_descriptor(STDIN_FILENO, "standard input");
  int descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);  // until the process ends, as standard input is
  if (descriptor < 0) return errno_error("opening " + path, errno);
  return stream_of_descriptor(descriptor, path);
}

}  // namespace

Result<std::unique_ptr<InputFile>> open_input_file(const std::string& path, TextWanted wanted) {
  auto input = std::make_unique<InputFile>();
  std::unique_ptr<ByteStream> stored;
  uint64_t stored_bytes = 0;
  if (passes_by(path)) {
    auto opened = open_passing(path);
    if (!opened) return opened.error();
    stored = std::move(*opened);
  } else {
    auto mapped = MappedFile::open(path);
    if (!mapped) return mapped.error();
    input->stored.emplace(std::move(*mapped));
    stored = stream_of_memory(input->stored->bytes());
    stored_bytes = input->stored->bytes().size();
  }
  auto peeked = peek(std::move(stored), kMagicBytes);
  if (!peeked) return peeked.error();
  Compression compression = compression_of(peeked->head);
  auto unpacked = peek(decompress(compression, std::move(peeked->stream)), kMarkBytes);
  if (!unpacked) return unpacked.error();
  std::string utf16 = utf16_of(unpacked->head);
  if (input->stored && compression == Compression::none && utf16.empty() && !wanted.gb18030) {
    input->text = std::make_unique<ImportText>(input->stored->bytes());
    return input;
  }
  auto stream = std::move(unpacked->stream);
  if (!utf16.empty()) {
    stream = transcode(utf16, 2, std::move(stream));
  } else if (wanted.gb18030) {
    stream = transcode("GB18030", 1, std::move(stream));
  }
  if (!wanted.whole) {
    input->text = std::make_unique<ImportText>(std::move(stream), stored_bytes);
    return input;
  }
  auto spooled = spool(*stream);
  if (!spooled) return spooled.error();
  input->spooled.emplace(std::move(*spooled));
  input->text = std::make_unique<ImportText>(input->spooled->bytes());
  return input;
}

}  // namespace tributary
