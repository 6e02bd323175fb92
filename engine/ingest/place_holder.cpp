#include "engine/ingest/place_holder.h"

#include <algorithm>
#include <array>

#include "engine/ingest/text_fold.h"

namespace tributary {
namespace {

constexpr size_t kPlaceHolderBytesMax = 27;  // full-width letters have three bytes
constexpr std::array<std::string_view, 18> kPlaceHolders = {"无",  "暂无", "未知", "不详", "待定", "待补",
                                                            "n/a", "na",   "none", "null", "nil",  "undefined",
                                                            "nan", "-",    "--",   "/",    ".",    "?"};

}  // namespace

bool is_place_holder(std::string_view text) {
  if (text.size() > kPlaceHolderBytesMax) return false;
  auto folded = nfkc_casefold(text);
  return folded && std::find(kPlaceHolders.begin(), kPlaceHolders.end(), *folded) != kPlaceHolders.end();
}

}  // namespace tributary
