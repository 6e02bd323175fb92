// Foreign bytes up to the parser: gate, target, body framing, decompression. The reader must give the same requests
// however the bytes are cut, and the unwrapped body must stay within its limits.
#include <cstdlib>
#include <cstring>
#include <string>
#include <string_view>
#include <vector>

#include "connectors/http/request_reader.h"
#include "connectors/http/unwrap.h"

namespace {

using namespace tributary;

struct Seen {
  std::vector<std::string> requests;
  bool refused = false;
  friend bool operator==(const Seen&, const Seen&) = default;
};

void require(bool condition) {
  if (!condition) std::abort();
}

void unwrap(const HttpRequest& request) {
  IngestLimits limits;
  limits.decompressed_bytes_max = 1 << 20;
  std::string buffer;
  std::string_view text;
  if (unwrap_body(request, limits, buffer, text)) return;
  require(text.size() <=
          std::max(limits.decompressed_bytes_max, request.body.size() * 3));  // U+FFFD for a byte of a form
  volatile char padding = 0;
  for (size_t i = 0; i < kBodyPaddingBytes; ++i) padding = padding ^ text.data()[text.size() + i];
}

std::string summary(const HttpRequest& request) {
  std::string text = request.method + ' ' + request.target;
  for (const std::string& segment : request.path) text += '\n' + segment;
  for (const auto& [name, value] : request.headers) text += '\n' + name + ": " + value;
  return text + '\n' + request.body;
}

Seen read(std::string_view bytes, size_t step) {
  ReaderLimits limits;
  limits.body_bytes_max = 64 << 10;
  RequestReader reader(limits);
  Seen seen;
  while (true) {
    switch (reader.advance()) {
      case RequestReader::Step::head:
        reader.accept_body();
        break;
      case RequestReader::Step::body:
        require(reader.request().body.size() <= limits.body_bytes_max);
        seen.requests.push_back(summary(reader.request()));
        unwrap(reader.request());
        reader.next();
        break;
      case RequestReader::Step::refused:
        seen.refused = true;
        return seen;
      case RequestReader::Step::need_bytes: {
        if (bytes.empty()) return seen;
        std::span<char> space = reader.space();
        size_t count = std::min({space.size(), bytes.size(), step});
        require(count > 0);
        std::memcpy(space.data(), bytes.data(), count);
        reader.received(count);
        bytes.remove_prefix(count);
        break;
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view bytes(reinterpret_cast<const char*>(data), size);
  Seen whole = read(bytes, size + 1);
  // A refusal may come earlier when bytes arrive one by one, but never a request more or a different one.
  Seen cut = read(bytes, 1);
  require(cut.requests == whole.requests);
  require(cut.refused == whole.refused);

  // The body alone, under each codec that a header can name.
  for (const char* encoding : {"", "zstd", "deflate"}) {
    HttpRequest request;
    request.body.assign(bytes);
    request.body.reserve(bytes.size() + kBodyPaddingBytes);
    request.headers = {{"content-encoding", encoding}, {"content-type", "application/x-www-form-urlencoded"}};
    unwrap(request);
  }
  return 0;
}
