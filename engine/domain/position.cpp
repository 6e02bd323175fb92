#include "engine/domain/position.h"

#include "engine/base/bytes.h"

namespace tributary {
namespace {

constexpr uint8_t kPositionPayloadVersion = 1;

}  // namespace

void encode_position(const SourcePosition& position, std::string& payload) {
  ByteWriter out(payload);
  out.u8(kPositionPayloadVersion);
  out.u64(position.next);
  out.text(position.source);
  out.text(position.stream);
}

Result<SourcePosition> decode_position(std::string_view payload) {
  ByteReader in(payload);
  if (in.u8() != kPositionPayloadVersion) return Error{ErrorCode::corrupt, "position record has an unknown version"};
  SourcePosition position;
  position.next = in.u64();
  position.source = in.text();
  position.stream = in.text();
  if (!in.ok() || !in.at_end()) return Error{ErrorCode::corrupt, "position record is cut short"};
  return position;
}

}  // namespace tributary
