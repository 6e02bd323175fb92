#include "connectors/stream/message_place.h"

#include "connectors/http/request_target.h"
#include "engine/base/utf8.h"

namespace tributary {

std::string place_of_named(std::string_view where, std::string_view name) {
  return valid_utf8(where) + '/' + encoded_component(name);
}

}  // namespace tributary
