#include "connectors/bulk/dry_run.h"

#include <boost/asio/awaitable.hpp>

#include "engine/base/time.h"

namespace tributary {
namespace {

class DryRun : public ImportConnection {
 public:
  DryRun(const Source& source, const IngestLimits& limits)
      : source_(source), parser_(limits), index_key_(std::string(32, '\0')) {}

  boost::asio::awaitable<Result<BatchAnswer>> post(std::string& body) override { co_return judge(body); }

 private:
  BatchAnswer judge(std::string& body) {
    BatchAnswer answer;
    body.reserve(body.size() + kBodyPaddingBytes);
    if (auto refused = parser_.parse(body, BodyShape::batch)) {
      const RejectionRow& row = rejection_row(refused->code);
      answer.status = row.http_status;
      answer.code = row.name;
      answer.message = refused->message.empty() ? row.message : refused->message;
      return answer;
    }
    ReceiveContext context;
    context.received_at = system_clock().now();
    auto items = parser_.read_events(source_, index_key_, context);
    answer.status = 200;
    for (size_t index = 0; index < items.size(); ++index) {
      const auto* rejected = std::get_if<Rejected>(&items[index]);
      if (rejected == nullptr) {
        ++answer.counts.accepted;
        continue;
      }
      const RejectionRow& row = rejection_row(rejected->code);
      answer.errors.push_back(
          {index, std::string(row.name), std::string(rejected->message.empty() ? row.message : rejected->message)});
      ++answer.counts.rejected;
    }
    return answer;
  }

  Source source_;
  EventParser parser_;
  KeyedHash index_key_;  // of nobody: no hash leaves this process
};

}  // namespace

std::unique_ptr<ImportConnection> make_dry_run(const Source& source, const IngestLimits& limits) {
  return std::make_unique<DryRun>(source, limits);
}

}  // namespace tributary
