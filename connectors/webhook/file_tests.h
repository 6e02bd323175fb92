// The tests that stand in a connector file, run: mapping and answers, without the signature.
#pragma once

#include <string>
#include <vector>

#include "connectors/webhook/connector.h"

namespace tributary {

struct FileTestReport {
  size_t tests = 0;
  std::vector<std::string> failures;     // one text each: name of the test, what was expected, what came
  std::vector<std::string> not_reached;  // event rules that no test reaches, with their lines
};

FileTestReport run_file_tests(const Connector& connector);

}  // namespace tributary
