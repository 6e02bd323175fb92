#include "engine/query/positions.h"

#include "engine/store/key_schema.h"

namespace tributary {

Result<std::vector<SourcePosition>> read_positions(const StateReader& reader, WorkspaceId workspace,
                                                   std::string_view source) {
  std::vector<SourcePosition> positions;
  auto rows = reader.scan(Family::meta, position_prefix(workspace));
  for (; rows->valid(); rows->next()) {
    auto position = decode_position(rows->value());
    if (!position) return position.error();
    if (position->source == source) positions.push_back(std::move(*position));
  }
  TRIBUTARY_TRY(rows->status());
  return positions;
}

}  // namespace tributary
