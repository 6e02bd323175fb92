#include "tests/model/audit.h"

#include <algorithm>
#include <map>
#include <set>

#include "engine/identity/clusters.h"
#include "engine/profile/fragment.h"
#include "engine/query/rules_reader.h"
#include "engine/store/container_rows.h"

namespace tributary::model {
namespace {

class Auditor {
 public:
  Auditor(const StateReader& reader, WorkspaceId workspace)
      : reader_(reader), workspace_(workspace), rules_(*RulesReader().rules(reader, workspace)) {}

  Audit run() {
    read_containers();
    check_vertices();
    check_values();
    check_fragments();
    check_timeline();
    return std::move(audit_);
  }

 private:
  void expect(bool holds, const std::string& otherwise) {
    if (!holds) audit_.problems.push_back(otherwise);
  }

  // Keys of a family after the workspace, with their values.
  std::map<std::string, std::string> rows(Family family) {
    std::string prefix = id_key(workspace_, Hash128{}).substr(0, 4);
    std::map<std::string, std::string> rows;
    auto at = reader_.scan(family, prefix);
    for (; at->valid(); at->next()) rows.emplace(at->key().substr(4), at->value());
    expect(static_cast<bool>(at->status()), "a scan failed");
    return rows;
  }

  void read_containers() {
    std::set<Hash128> roots, headers;
    for (const auto& [key, value] : rows(Family::container)) {
      Hash128 root = Hash128::from_bytes(key.substr(0, 16));
      roots.insert(root);
      if (key.size() == 17) headers.insert(root);
    }
    expect(roots == headers, "evidence rows without the header of their container");
    for (const Hash128& root : headers) {
      auto container = load_container(reader_, workspace_, root, rules_);
      if (!container) {
        audit_.problems.push_back(container.error().message);
        continue;
      }
      check_container(*container);
    }
    audit_.containers = headers.size();
  }

  void check_container(const Container& container) {
    Clusters clusters = compute_clusters(container, rules_);
    audit_.customers += clusters.clusters.size();
    check_header(container, clusters);
    bool has_root = container.find(container.root) != nullptr;
    expect(has_root, "a container whose root is not its member");
    for (const ContainerMember& member : container.members) {
      if (member.foreign) {
        foreign_.emplace_back(member.id, member.out);
        continue;
      }
      out_of_[member.id] = member.out;
      bool erased = (member.out & OutFlags::kErased) != 0;
      audit_.hubs += member.out != 0 && !erased ? 1 : 0;
      expect(container_of_.emplace(member.id, container.root).second, "an identifier in two containers");
      kind_of_[member.id] = member.kind;
    }
    for (const Evidence& evidence : container.evidence) {
      expect(evidence_.emplace(evidence.hash, evidence).second, "one evidence in two containers");
    }
  }

  void check_header(const Container& container, const Clusters& clusters) {
    std::string bytes;
    expect(*reader_.get(Family::container, container_header_key(workspace_, container.root), bytes), "no header");
    ContainerSummary header = *decode_summary(bytes);
    const ContainerSummary& recounted = container.summary;
    bool simple = is_simple(recounted, rules_);
    audit_.containers_not_simple += simple ? 0 : 1;
    expect(header.simple == simple, "a header with a wrong simple mark");
    expect(header.customers == clusters.clusters.size(), "a header with a wrong number of customers");
    expect(header.strong == recounted.strong && header.verified_strong == recounted.verified_strong &&
               header.weak_links == recounted.weak_links && header.evidence == recounted.evidence,
           "a header with wrong counts");
    std::map<RefusalReason, uint32_t> refused;
    for (const Refusal& refusal : clusters.refusals) ++refused[refusal.reason];
    expect(header.refused_cannot == refused[RefusalReason::cannot_link] &&
               header.refused_trust == refused[RefusalReason::join_not_trusted] &&
               header.refused_limit == refused[RefusalReason::limit] &&
               header.refused_window == refused[RefusalReason::window],
           "a header with wrong refusals");
    expect(header.rules_version == rules_.version(), "a header of other rules");
    expect(header.out == recounted.out && header.decisions == recounted.decisions,
           "a header with wrong marks: out " + std::to_string(header.out) + " of " + std::to_string(recounted.out) +
               ", decisions " + std::to_string(header.decisions) + " of " + std::to_string(recounted.decisions));
  }

  void check_vertices() {
    auto vertices = rows(Family::vertex);
    audit_.identifiers = vertices.size();
    expect(vertices.size() == container_of_.size(), "vertices and members of containers differ in number");
    for (const auto& [key, value] : vertices) {
      Hash128 id = Hash128::from_bytes(key);
      VertexRow row = *decode_vertex(value);
      auto container = container_of_.find(id);
      expect(container != container_of_.end() && container->second == row.root,
             "a vertex that names another container");
      expect(kind_of_[id] == row.kind, "a vertex of another kind than its evidence says");
      expect(out_of_[id] == row.out, "a vertex and its container differ in whether it is out");
      bool erased = (row.out & OutFlags::kErased) != 0;
      audit_.identifiers -= erased ? 1 : 0;
      bool has_row = static_cast<bool>(*load_hub(reader_, workspace_, id));
      expect(erased ? !has_row : row.out == 0 || has_row, "a hub without its row, or a row of what was erased");
    }
    for (const auto& [id, out] : foreign_) {
      expect(container_of_.contains(id), "a foreign member that is at home nowhere");
      bool same_blocked = ((out ^ out_of_[id]) & OutFlags::kNobody) == 0;
      expect(out != 0 && out_of_[id] != 0 && same_blocked, "a foreign member that is not out as it is at home");
    }
  }

  void check_values() {
    auto values = rows(Family::value);
    expect(values.size() == container_of_.size(), "values and identifiers differ in number");
    for (const auto& [key, value] : values) {
      IdentifierValue row = *decode_identifier_value(value);
      Hash128 id = Hash128::from_bytes(key);
      expect(kind_of_.contains(id) && kind_of_[id] == kind_code(row.kind), "a value of another kind");
      expect((out_of_[id] & OutFlags::kErased) == 0 || row.value.empty(), "a value of what was erased");
    }
  }

  void check_fragments() {
    size_t fragments = 0;
    for (const auto& [key, value] : rows(Family::fragment)) {
      ++fragments;
      auto evidence = evidence_.find(Hash128::from_bytes(std::string_view(key).substr(16)));
      if (evidence == evidence_.end()) {
        audit_.problems.push_back("a fragment without evidence");
        continue;
      }
      Fragment fragment = *decode_fragment(value);
      const Hash128 home = home_of(evidence->second.members).id;
      expect(Hash128::from_bytes(key.substr(0, 16)) == home, "a fragment outside its home");
      const FirstEvent& first = evidence->second.first;
      expect(first.at == fragment.first_at && first.message_id == fragment.first_message_id,
             "an evidence whose first event is not its fragment's");
      events_of_[evidence->first] = fragment.events;
    }
    expect(fragments == evidence_.size(), "fragments and evidence differ in number");
  }

  void check_timeline() {
    std::map<Hash128, uint64_t> counted;
    for (const auto& [key, value] : rows(Family::timeline)) {
      TimelineRow row = *decode_timeline(value);
      ++counted[row.evidence];
      auto evidence = evidence_.find(row.evidence);
      bool at_home =
          evidence != evidence_.end() && home_of(evidence->second.members).id == Hash128::from_bytes(key.substr(0, 16));
      expect(at_home, "an event on a timeline that is not its evidence's home");
    }
    expect(counted == events_of_, "events on timelines and in fragments differ in number");
  }

  const StateReader& reader_;
  WorkspaceId workspace_;
  RuleSet rules_;
  Audit audit_;
  std::map<Hash128, Hash128> container_of_;
  std::map<Hash128, KindCode> kind_of_;
  std::map<Hash128, uint8_t> out_of_;
  std::vector<std::pair<Hash128, uint8_t>> foreign_;
  std::map<Hash128, Evidence> evidence_;
  std::map<Hash128, uint64_t> events_of_;
};

}  // namespace

Audit audit(const StateReader& reader, WorkspaceId workspace) { return Auditor(reader, workspace).run(); }

}  // namespace tributary::model
