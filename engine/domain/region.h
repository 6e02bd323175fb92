// Regions of China by province.
#pragma once

#include <string_view>

namespace tributary {

/// `north_china` for `北京`, `北京市` and `beijing`; empty for what is no province. `province` has the width of
/// NFKC.
/// Source: GB/T 2260 for the provinces; the customary grouping into seven regions, and one for Hong Kong, Macao,
/// Taiwan.
std::string_view region_of_province(std::string_view province);

}  // namespace tributary
