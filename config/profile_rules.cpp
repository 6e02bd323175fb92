// The file with rules of profiles.
#include "config/reader.h"
#include "config/secret_file.h"
#include "connectors/profile/profile_document.h"

namespace tributary {

void read_profile_rules(ConfigDraft& draft) {
  const std::string& file = draft.config.profile.rules_file;
  if (file.empty()) return;
  auto text = read_small_file(file, kDocumentBytesMax);
  if (!text) {
    draft.mistake(draft.position_of("profile.rules"), "profile.rules: " + text.error().message);
    return;
  }
  auto parsed = parse_profile_rules(*text);
  if (auto* mistakes = std::get_if<std::vector<DocumentMistake>>(&parsed)) {
    for (const DocumentMistake& m : *mistakes) {
      draft.mistake({file, static_cast<int>(m.line), static_cast<int>(m.column)}, m.message);
    }
    return;
  }
  draft.config.engine.tags = std::move(std::get<ProfileRules>(parsed).tags);
}

}  // namespace tributary
