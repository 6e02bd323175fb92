// Through which channel an event came.
#pragma once

#include <string>

#include "engine/ingest/item_fields.h"

namespace tributary {

/// The event's own `channel`, else `context.channel`, in lower case with `browser` read as `web`, when it is a short
/// word
/// ([a-z][a-z0-9_-]{0,31}); else a guess: `web` with a page or a browser library, `mobile` with a device or a phone's
/// operating system, `server` with any other library; else empty.
std::string channel_of(const ItemFields& fields, const ContextFields& context);

}  // namespace tributary
