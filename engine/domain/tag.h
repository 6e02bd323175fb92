// The vocabulary of tags, as facts of kind `tag` keep it: of a customer, that it has a tag; of a workspace, the library
// of the tags that may be given.
#pragma once

#include <cstddef>
#include <cstdint>

namespace tributary {

/// What was said. The first two are of a customer, the others of the library. Stored: never renumber.
enum class TagAct : uint8_t {
  added = 1,
  removed = 2,
  proposed = 3,
  approved = 4,
  rejected = 5,
  retired = 6,
  renamed = 7,  // a proposal, which waits on under its new name
  merged = 8,   // a proposal, into a tag that there is
};

/// Stored: never renumber.
enum class TagField : uint8_t {
  type = 1,  // ASCII snake_case
  name = 2,  // as it was written
  note = 3,  // of a removal: why
  by = 4,
  evidence = 5,  // message id of an event
  origin = 6,    // a code of tag_origins()
  label_zh = 7,
  label_en = 8,
  description = 9,
  exclusive_group = 10,  // a customer has at most one tag of a group
  needs_note = 11,       // "true"
  into = 12,             // the subject that takes the place of what was renamed or merged; `name` is its name
};

constexpr size_t kTagTypeBytesMax = 64;
constexpr size_t kTagNameBytesMax = 256;  // 64 characters
constexpr size_t kTagNoteBytesMax = 4000;

/// Of origin: a rule gave it, and may take it away again.
constexpr char kTagOriginRule[] = "rule";
constexpr char kTagOriginManual[] = "manual";

}  // namespace tributary
