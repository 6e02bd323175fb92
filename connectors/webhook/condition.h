// A condition of a connector file. Values only; value_file.h reads them, evaluation.h applies them.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "connectors/webhook/value.h"

namespace re2 {
class RE2;
}

namespace tributary {

struct Condition {
  enum class Form : uint8_t {
    equals,       // of: [value, value]
    in,           // of: [value, candidates...]
    prefix,       // of: [value, prefix]
    matches,      // of: [value], `pattern`
    exists,       // of: [value]
    empty,        // of: [place]
    same_secret,  // of: [value, setting]
    negation,     // conditions: [one]
    all,          // conditions
    any,          // conditions
  };
  Form form = Form::all;
  std::vector<Value> of;
  std::vector<Condition> conditions;
  std::shared_ptr<const re2::RE2> pattern;
};

}  // namespace tributary
