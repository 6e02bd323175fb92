// Pixels: an event told by the parameters of an image's address. Mail programs and pages without scripts send them.
#pragma once

#include <string>
#include <string_view>

#include "connectors/http/message.h"
#include "engine/engine.h"

namespace tributary {

/// RudderStack's form: each parameter but the write key is a field with a string value, dots make paths.
///
/// Shape: one JSON event with `type`, `channel`, `integrations`, `originalTimestamp` and `sentAt` = `now`. Text that is
/// no
///        valid UTF-8 is passed on, so that the parser refuses the event and it is counted.
std::string rudder_pixel_event(const HttpRequest& request, EventType type, Timestamp now);

/// Jitsu's form: `data` is the event as base64 of JSON, the other parameters are set on top of it. Numbers of `data`
/// keep their text. Data that is no JSON object is passed on as it is, for the parser to refuse.
std::string jitsu_pixel_event(const HttpRequest& request);

/// 200 with a transparent GIF of one point, not to be cached.
HttpResponse pixel_answer();

}  // namespace tributary
