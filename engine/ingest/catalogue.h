// The events the product knows by name, and what their properties hold. Any other event is a custom one.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace tributary {

/// Events that the product makes itself (Segment Entered, Status Changed ...) are not in the catalogue.
struct CatalogueEvent {
  std::string_view name;      // canonical: "Order Completed"
  std::string_view required;  // property names between blanks, alternatives with '|': "order_id currency revenue|total"
};

/// The catalogue's row for a name in any of its spellings, or null: case, width, blanks, '_' and '-' do not count;
/// Chinese names as listed, one that two events share is none. Names over 64 bytes and bytes that are not UTF-8 are not
/// in the catalogue. An exact name costs one lookup; only names beyond ASCII allocate.
const CatalogueEvent* find_catalogue_event(std::string_view name);

/// All rows, one family of events after the other.
std::span<const CatalogueEvent> catalogue();

/// What a property may hold, by its name: type-checked for catalogue events only; unknown names may hold anything.
enum class PropertyType : uint8_t { any, text, number, boolean, list };
PropertyType catalogue_property(std::string_view name);

}  // namespace tributary
