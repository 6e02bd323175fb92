#include "engine/domain/profile_change.h"

#include "engine/base/bytes.h"
#include "engine/base/hash_bytes.h"

namespace tributary {
namespace {

constexpr uint8_t kProfileChangeVersion = 1;

}  // namespace

std::string_view watched_figure_name(WatchedFigure figure) {
  switch (figure) {
    case WatchedFigure::lifecycle:
      return "lifecycle";
    case WatchedFigure::rfm_cell:
      return "rfm_cell";
  }
  return "unknown";
}

std::string_view profile_change_cause_name(ProfileChangeCause cause) {
  switch (cause) {
    case ProfileChangeCause::event:
      return "event";
    case ProfileChangeCause::time:
      return "time";
    case ProfileChangeCause::identity:
      return "identity";
    case ProfileChangeCause::rules:
      return "rules";
    case ProfileChangeCause::first_seen:
      return "first_seen";
  }
  return "unknown";
}

void encode_profile_change(const ProfileChange& change, std::string& payload) {
  ByteWriter out(payload);
  out.u8(kProfileChangeVersion);
  out.raw(change.customer.view());
  out.u8(static_cast<uint8_t>(change.figure));
  out.text(change.from);
  out.text(change.to);
  out.i64(change.effective_at.micros);
  out.u8(static_cast<uint8_t>(change.cause));
}

Result<ProfileChange> decode_profile_change(std::string_view payload) {
  ByteReader in(payload);
  if (in.u8() != kProfileChangeVersion) {
    return Error{ErrorCode::corrupt, "profile change record has an unknown version"};
  }
  ProfileChange change;
  change.customer = read_hash(in);
  change.figure = static_cast<WatchedFigure>(in.u8());
  change.from = in.text();
  change.to = in.text();
  change.effective_at = Timestamp{in.i64()};
  change.cause = static_cast<ProfileChangeCause>(in.u8());
  if (!in.ok() || !in.at_end()) return Error{ErrorCode::corrupt, "profile change record is cut short"};
  return change;
}

}  // namespace tributary
