#include "engine/app/version.h"

#include "engine/base/json_out.h"

namespace tributary {

std::string version_json() {
  std::string text;
  JsonOut out(text);
  out.begin_object().key("name").string("tributary").key("version").string(TRIBUTARY_VERSION);
  out.key("build").string(TRIBUTARY_BUILD_TYPE);
  out.key("compiler").string(__VERSION__).end_object();
  return text;
}

}  // namespace tributary
