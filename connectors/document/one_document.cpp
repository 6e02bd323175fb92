#include "connectors/document/one_document.h"

#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/yaml.h>

#include <sstream>
#include <string>

namespace tributary {
namespace {

/// Thrown out of yaml-cpp's loop, as yaml-cpp's own exceptions; never leaves find_second_document().
struct SecondDocument {
  YAML::Mark mark;
};

class DocumentCounter final : public YAML::EventHandler {
 public:
  void OnDocumentStart(const YAML::Mark& mark) override {
    if (++documents_ > 1) throw SecondDocument{mark};
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark&, YAML::anchor_t) override {}
  void OnAlias(const YAML::Mark&, YAML::anchor_t) override {}
  void OnScalar(const YAML::Mark&, const std::string&, YAML::anchor_t, const std::string&) override {}
  void OnSequenceStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnSequenceEnd() override {}
  void OnMapStart(const YAML::Mark&, const std::string&, YAML::anchor_t, YAML::EmitterStyle::value) override {}
  void OnMapEnd() override {}

 private:
  size_t documents_ = 0;
};

}  // namespace

std::optional<DocumentPlace> find_second_document(std::string_view text) {
  std::istringstream in{std::string(text)};
  DocumentCounter counter;
  try {
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(counter)) {
    }
  } catch (const SecondDocument& second) {
    return DocumentPlace{static_cast<size_t>(second.mark.line) + 1, static_cast<size_t>(second.mark.column) + 1};
  } catch (const YAML::Exception&) {
    // In the first document, or in none.
  }
  return std::nullopt;
}

}  // namespace tributary
