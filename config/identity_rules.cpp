// Which workspace gets the rules of which file.
#include <algorithm>
#include <map>
#include <optional>
#include <set>

#include "config/reader.h"
#include "config/secret_file.h"
#include "connectors/identity/rules_document.h"
#include "engine/base/nearest_word.h"
#include "engine/domain/workspace.h"

namespace tributary {
namespace {

class IdentityRules {
 public:
  explicit IdentityRules(ConfigDraft& draft) : draft_(draft), identity_(draft.config.identity) {
    for (const Source& source : draft.config.sources) known_.insert(source.workspace_name);
    for (const ApiKey& key : draft.config.api_keys) known_.insert(key.workspace_name);
    known_.erase("");  // missing ones were reported
  }

  void read() {
    for (const WorkspaceRulesItem& item : draft_.workspace_rules) check(item);
    // Also when nobody uses it: a mistake shall be found before the first source is written.
    if (!identity_.rules_file.empty()) rules_in(identity_.rules_file, "identity.rules");
    for (const std::string& workspace : known_) add(workspace);
  }

 private:
  static std::string path_of(const WorkspaceRulesItem& item) { return "identity.workspaces[" + item.workspace + "]"; }

  bool was_given(const std::string& path) const { return draft_.positions.contains(path); }

  void mistake(const std::string& path, const std::string& message) {
    draft_.mistake(draft_.position_of(path), path + ": " + message);
  }

  void check(const WorkspaceRulesItem& item) {
    if (!known_.contains(item.workspace)) {
      std::string message = "no source and no API key belongs to this workspace";
      auto near = nearest_word(item.workspace, {known_.begin(), known_.end()});
      if (near) message += ", did you mean \"" + *near + "\"?";
      mistake(path_of(item), message);
    }
    if (!item.rules.empty()) rules_in(item.rules, path_of(item) + ".rules");
    bool none = was_given(path_of(item) + ".rules") ? item.rules.empty() : identity_.rules_file.empty();
    if (none && was_given(path_of(item) + ".apply")) mistake(path_of(item) + ".apply", "there is no file to apply");
  }

  void add(const std::string& workspace) {
    IdentityConfig::OfWorkspace entry;
    entry.workspace = workspace;
    entry.id = workspace_id(workspace);
    entry.rules_file = identity_.rules_file;
    std::string apply = identity_.apply;
    auto own = std::find_if(draft_.workspace_rules.begin(), draft_.workspace_rules.end(),
                            [&](const WorkspaceRulesItem& item) { return item.workspace == workspace; });
    if (own != draft_.workspace_rules.end()) {
      if (was_given(path_of(*own) + ".rules")) entry.rules_file = own->rules;
      if (was_given(path_of(*own) + ".apply")) apply = own->apply;
    }
    if (entry.rules_file.empty()) return;
    const std::optional<Rules>& rules = files_[entry.rules_file];
    if (!rules) return;
    entry.rules = *rules;
    entry.automatic = apply == "auto";
    identity_.workspaces.push_back(std::move(entry));
  }

  /// Reads a file once; its mistakes are told once.
  void rules_in(const std::string& file, const std::string& path) {
    auto [known, fresh] = files_.try_emplace(file);
    if (!fresh) return;
    auto text = read_small_file(file, kDocumentBytesMax);
    if (!text) return mistake(path, text.error().message);
    auto parsed = parse_rules(*text);
    if (auto mistakes = std::get_if<std::vector<DocumentMistake>>(&parsed)) {
      for (const DocumentMistake& m : *mistakes) {
        draft_.mistake({file, static_cast<int>(m.line), static_cast<int>(m.column)}, m.message);
      }
    } else {
      known->second = std::move(std::get<Rules>(parsed));
    }
  }

  ConfigDraft& draft_;
  IdentityConfig& identity_;
  std::set<std::string> known_;                        // workspaces
  std::map<std::string, std::optional<Rules>> files_;  // none: it has mistakes
};

}  // namespace

void read_identity_rules(ConfigDraft& draft) { IdentityRules(draft).read(); }

}  // namespace tributary
