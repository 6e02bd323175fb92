// The slow path for bodies that simdjson refuses: tells a body that is no JSON, which fails as a whole, from one whose
// only fault is inside a string or a number, which fails one item or none.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace tributary {

struct JsonRepair {
  /// Where the text stops being JSON, by its grammar alone (RFC 8259); nothing when the grammar is kept.
  std::optional<size_t> fault_at;

  // When the grammar is kept: two copies of the text with the same length, so that positions mean the same in all
  // three. Both have lone surrogate escapes replaced by \ufffd and bytes that are not UTF-8 by '?'; `provable` also has
  // the numbers that a 64-bit parser may refuse replaced by 0 and blanks. 64 readable bytes follow the end of
  // `provable`.
  std::string readable;
  std::string provable;

  std::vector<size_t> not_utf8;         // positions of such bytes, ascending
  std::vector<size_t> lone_surrogates;  // positions of their escapes, ascending
};

/// Linear in the text. Nesting beyond 1024 is a fault.
JsonRepair repair_json(std::string_view text);

}  // namespace tributary
