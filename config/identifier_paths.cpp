// The places of its own in which a source's events hold identifiers.
#include <algorithm>
#include <array>

#include "config/reader.h"
#include "engine/base/nearest_word.h"
#include "engine/ingest/event_parser.h"

namespace tributary {
namespace {

constexpr size_t kPathBytesMax = 256, kPathNamesMax = 16;
constexpr std::array<std::string_view, 3> kRoots = {"traits", "properties", "context"};

class PathReader {
 public:
  PathReader(ConfigDraft& draft, const SourceItem& source, std::string path, const IdentifierPathItem& item)
      : draft_(draft), source_(source), path_(std::move(path)), item_(item) {}

  IdentifierPath read() {
    IdentifierPath place;
    if (was_given("kind")) read_kind(place);
    if (was_given("path")) read_names(place);
    read_trust(place);
    return place;
  }

 private:
  bool was_given(const std::string& key) const { return draft_.positions.contains(path_ + "." + key); }

  void mistake(const std::string& key, const std::string& message) {
    std::string path = path_ + "." + key;
    draft_.mistake(draft_.position_of(path), path + ": " + message);
  }

  void read_kind(IdentifierPath& place) {
    auto kind = parse_rule_kind(item_.kind);
    if (!kind) {
      std::string message = "unknown kind \"" + item_.kind + "\"";
      if (auto near = nearest_word(item_.kind, known_kind_names())) {
        message += ", did you mean \"" + *near + "\"?";
      } else if (auto external = parse_kind(item_.kind)) {
        message += "; a type of external id is written " + kind_name(*external);
      }
      return mistake("kind", message);
    }
    if (has_platforms(kind->family) && kind->platform.empty()) {
      return mistake("kind", "which platform? For example " + item_.kind + "/" +
                                 (kind->family == IdentifierFamily::external_id ? "crm" : "shop"));
    }
    place.kind = *kind;
    place.scope = item_.scope;
    check_scope(place);
  }

  /// The normaliser knows which kinds have a scope, and what it begins with.
  static bool scope_is_missing(const IdentifierKind& kind, const std::string& scope) {
    constexpr std::string_view kAnyNumber = "1357924680";
    std::string value = scope.empty() ? std::string(kAnyNumber) : scope + ":" + std::string(kAnyNumber);
    return normalise_identifier(kind, value, "").reason == "scope_missing";
  }

  void check_scope(const IdentifierPath& place) {
    std::string kind = kind_name(place.kind);
    bool needed = scope_is_missing(place.kind, "");
    if (place.scope.empty() && needed) {
      draft_.mistake(draft_.position_of(path_ + ".kind"),
                     path_ + ": the numbers of " + kind + " count within a programme, app or shop; `scope` is missing");
    } else if (needed && scope_is_missing(place.kind, place.scope)) {
      mistake("scope", "the scope of " + kind + " begins with " + place.kind.platform + ": and names an account");
    } else if (!place.scope.empty() && !needed && place.kind.family != IdentifierFamily::external_id) {
      mistake("scope", kind + " has no scope");
    }
  }

  void read_names(IdentifierPath& place) {
    for (size_t start = 0; start <= item_.path.size();) {
      size_t end = std::min(item_.path.find('.', start), item_.path.size());
      place.names.push_back(item_.path.substr(start, end - start));
      start = end + 1;
    }
    bool empty_name = std::any_of(place.names.begin(), place.names.end(), [](auto& name) { return name.empty(); });
    bool good_root = std::find(kRoots.begin(), kRoots.end(), place.names.front()) != kRoots.end();
    if (place.names.size() < 2 || empty_name || !good_root) {
      mistake("path", "expected names joined by dots below traits, properties or context, such as traits.loyalty.card");
    } else if (item_.path.size() > kPathBytesMax || place.names.size() > kPathNamesMax) {
      mistake("path", "longer than 256 bytes or 16 names");
    }
  }

  void read_trust(IdentifierPath& place) {
    bool server = source_.trust == "server";
    if (item_.trust == "verified" && !server) {
      mistake("trust", "what a source with trust browser says is claimed, because its key is public");
    }
    bool in_properties = !place.names.empty() && place.names.front() == "properties";
    bool verified = item_.trust.empty() ? !in_properties : item_.trust == "verified";
    place.trust = verified && server ? Trust::verified : Trust::claimed;
  }

  ConfigDraft& draft_;
  const SourceItem& source_;
  std::string path_;  // of the item
  const IdentifierPathItem& item_;
};

}  // namespace

std::vector<IdentifierPath> identifier_paths_of(ConfigDraft& draft, size_t index) {
  const SourceItem& source = draft.sources[index];
  std::string list = "sources[" + std::to_string(index) + "].identifiers";
  if (source.identifiers.size() > kIdentifierPathsMax) {
    draft.mistake(draft.position_of(list), list + ": at most " + std::to_string(kIdentifierPathsMax) + " places");
  }
  std::vector<IdentifierPath> places;
  places.reserve(source.identifiers.size());
  for (size_t i = 0; i < source.identifiers.size(); ++i) {
    places.push_back(PathReader(draft, source, list + "[" + std::to_string(i) + "]", source.identifiers[i]).read());
  }
  return places;
}

}  // namespace tributary
