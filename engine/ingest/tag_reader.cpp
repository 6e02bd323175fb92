#include "engine/ingest/tag_reader.h"

#include "engine/domain/tag.h"
#include "engine/ingest/tag_name.h"

namespace tributary {
namespace {

constexpr size_t kTagActorBytesMax = 200;
constexpr size_t kTagEvidenceBytesMax = 200;

}  // namespace

void read_tag(const FactProperties& properties, Event& event) {
  std::string type = tag_type_code(properties.text("type", kTagTypeBytesMax));
  std::string name = properties.text("name", kTagNameBytesMax);
  std::string subject = tag_subject(type, name);
  if (subject.empty()) return properties.note_missing();
  bool added = event.name == "Tag Added";
  std::string by = properties.text("by", kTagActorBytesMax);
  std::string origin = properties.code("origin", tag_origins());
  if (origin.empty()) origin = "import";
  FactSaid fact;
  fact.kind = FactKind::tag;
  fact.act = static_cast<uint8_t>(added ? TagAct::added : TagAct::removed);
  fact.subject_text = std::move(subject);
  fact.values = FactValues()
                    .add(TagField::type, std::move(type))
                    .add(TagField::name, std::move(name))
                    .add(TagField::note, properties.text(added ? "note" : "reason", kTagNoteBytesMax))
                    .add(TagField::by, by.empty() ? event.source : std::move(by))
                    .add(TagField::evidence, properties.text("evidence", kTagEvidenceBytesMax))
                    .add(TagField::origin, std::move(origin))
                    .take();
  event.facts.push_back(std::move(fact));
}

}  // namespace tributary
