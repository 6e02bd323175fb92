// Decompression of a body that is never whole in memory.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace tributary {

/// Purpose: gives back what was compressed while it arrives. Memory: the codec's window, at most 16 MiB, whatever a
/// frame
///          asks for. What comes out has no bound; the caller takes it in steps. Owner: one thread.
class InflateStream {
 public:
  enum class Step {
    output,   // there may be more of this input: ask again
    no_more,  // all input was taken
    damaged,
  };

  virtual ~InflateStream() = default;
  /// Replaces `out` by the next bytes, at most kStepBytes, and takes what it used off `input`.
  virtual Step next(std::string_view& input, std::string& out) = 0;
  /// The input may end here: nothing is missing of a member or frame. True before the first byte.
  virtual bool whole() const = 0;

  static constexpr size_t kStepBytes = 128 << 10;
};

/// The decompressor of a body that begins so and was sent with this Content-Encoding; null for a body that is not
/// compressed. gzip is recognised by its bytes, whatever the header says. One or more members or frames follow each
/// other. Errors: nothing for an encoding that is not known here.
std::optional<std::unique_ptr<InflateStream>> inflate_stream_for(std::string_view first_bytes,
                                                                 std::string_view content_encoding);

}  // namespace tributary
