// Through which channel an event came, and where in it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "engine/domain/channel.h"
#include "engine/ingest/item_fields.h"

namespace tributary {

/// The channel that a word names: its code, its Chinese label or one of them, or a usual English name. Case, width,
/// blanks, '_' and '-' do not count. Null for any other word, for one over 64 bytes and for bytes that are not UTF-8.
const Channel* channel_named(std::string_view word);

struct ChannelReading {
  std::string_view code;  // static or of the source; empty: nothing tells
  bool unknown = false;   // something is said, and it is no channel: code is `other`
};

/// The event's own `channel`, else `context.channel`. `properties.channel` is what an event is about, as of
/// Unsubscribed, not how it came. What an SDK puts in by itself counts only where nobody says more: of `web`, `browser`
/// and `mobile` at the top the context's word is preferred, and `server` is no channel at all. Where nothing is said:
/// the source's own, else a page or a browser's library is a website, a device or a phone's operating system an app.
ChannelReading read_channel(const ItemFields& fields, const ContextFields& context, std::string_view source_channel);

/// The event's own `touchpoint`, else `context.touchpoint`, trimmed. Empty where none is said, and for what can be
/// none, which EventFlags::kPropertyWrong tells: over kTouchpointBytesMax, or neither text nor number.
std::string read_touchpoint(const ItemFields& fields, const ContextFields& context, uint8_t& flags);

}  // namespace tributary
