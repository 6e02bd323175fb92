#include "engine/linkage/similarity.h"

#include <algorithm>
#include <array>
#include <vector>

#include "engine/base/utf8.h"

namespace tributary {
namespace {

char32_t code_point_of(std::string_view sequence) {
  auto first = static_cast<unsigned char>(sequence.front());
  if (sequence.size() == 1) return first;
  char32_t value = first & (0x7fU >> sequence.size());
  for (char c : sequence.substr(1)) value = value << 6 | (static_cast<unsigned char>(c) & 0x3f);
  return value;
}

/// The characters of `of` that have a partner in `other` no further away than `reach`, in order.
struct JaroMatches {
  std::u32string a, b;
};

JaroMatches jaro_matches(std::u32string_view a, std::u32string_view b) {
  size_t longer = std::max(a.size(), b.size());
  size_t reach = longer / 2 > 0 ? longer / 2 - 1 : 0;
  std::vector<bool> taken(b.size());
  JaroMatches matches;
  for (size_t i = 0; i < a.size(); ++i) {
    for (size_t j = i > reach ? i - reach : 0; j < std::min(b.size(), i + reach + 1); ++j) {
      if (taken[j] || a[i] != b[j]) continue;
      taken[j] = true;
      matches.a += a[i];
      break;
    }
  }
  for (size_t j = 0; j < b.size(); ++j) {
    if (taken[j]) matches.b += b[j];
  }
  return matches;
}

}  // namespace

std::u32string code_points(std::string_view utf8) {
  std::u32string result;
  result.reserve(utf8.size());
  while (!utf8.empty()) {
    size_t bytes = utf8_sequence(utf8);
    result += bytes == 0 ? U'\ufffd' : code_point_of(utf8.substr(0, bytes));
    utf8.remove_prefix(std::max<size_t>(bytes, 1));
  }
  return result;
}

double jaro_winkler(std::u32string_view a, std::u32string_view b) {
  constexpr size_t kPrefixMax = 4;
  constexpr double kPrefixWeight = 0.1;
  if (a == b) return 1;
  JaroMatches matches = jaro_matches(a, b);
  if (matches.a.empty()) return 0;
  size_t moved = 0;
  for (size_t i = 0; i < matches.a.size(); ++i) moved += matches.a[i] != matches.b[i] ? 1 : 0;
  size_t transposed = moved / 2;
  auto common = static_cast<double>(matches.a.size());
  double jaro = (common / static_cast<double>(a.size()) + common / static_cast<double>(b.size()) +
                 (common - static_cast<double>(transposed)) / common) /
                3;
  size_t prefix = 0;
  while (prefix < std::min({kPrefixMax, a.size(), b.size()}) && a[prefix] == b[prefix]) ++prefix;
  return jaro + static_cast<double>(prefix) * kPrefixWeight * (1 - jaro);
}

size_t edit_distance(std::u32string_view a, std::u32string_view b) {
  while (!a.empty() && !b.empty() && a.front() == b.front()) {
    a.remove_prefix(1);
    b.remove_prefix(1);
  }
  while (!a.empty() && !b.empty() && a.back() == b.back()) {
    a.remove_suffix(1);
    b.remove_suffix(1);
  }
  // Rows of the table of distances between the fronts of a and b: this one, and the two before.
  std::array<std::vector<size_t>, 3> rows;
  for (std::vector<size_t>& row : rows) row.resize(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) rows[0][j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    std::vector<size_t>& row = rows[i % 3];
    const std::vector<size_t>& above = rows[(i + 2) % 3];
    const std::vector<size_t>& two_above = rows[(i + 1) % 3];
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      row[j] = std::min({above[j] + 1, row[j - 1] + 1, above[j - 1] + (a[i - 1] != b[j - 1] ? 1 : 0)});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
        row[j] = std::min(row[j], two_above[j - 2] + 1);
    }
  }
  return rows[a.size() % 3][b.size()];
}

}  // namespace tributary
