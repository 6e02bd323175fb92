#pragma once

#include <array>

#include "engine/store/key_schema.h"

namespace tributary {

/// The families into which state_writer puts each group's number.
constexpr std::array kWrittenFamilies = {Family::vertex, Family::value,    Family::container, Family::fragment,
                                         Family::dedup,  Family::timeline, Family::rejected};

}  // namespace tributary
