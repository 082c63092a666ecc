#include "replica_report.h"

#include <memory>
#include <string>
#include <utility>

#include "group/replica_info.h"
#include "send.h"
#include "wire/json.h"

namespace tandem::front {
namespace {

constexpr uint64_t kTimeoutMs = 300;

// One report under way, shared by the completions of the calls: the last of them to go, called or
// not, answers.
class Report {
 public:
  Report(const std::vector<OrderReplicas::View>& views, const Renderer& renderer,
         http::Responder responder)
      : renderer_(renderer), responder_(std::move(responder)) {
    for (const OrderReplicas::View& view : views) {
      rows_.push_back({view.id, false, view.leads, view.in_sync, {}, {}});
    }
  }
  ~Report() { send(responder_, renderer_.replicas(rows_)); }
  Report(const Report&) = delete;
  Report& operator=(const Report&) = delete;

  void take(size_t row, const Result<std::string_view>& answer) {
    const auto told = group::told_info(answer);
    rows_[row].alive = told.has_value();
    const wire::Json* orders = told ? told->find("orders") : nullptr;
    const int64_t* count = orders == nullptr ? nullptr : orders->as_int();
    if (count != nullptr && *count > 0) rows_[row].last_order = *count - 1;
    const wire::Json* mirror = told ? told->find("mirror") : nullptr;
    if (mirror != nullptr) rows_[row].mirror = *mirror;
  }

 private:
  const Renderer& renderer_;
  http::Responder responder_;
  std::vector<ReplicaRow> rows_;
};

}  // namespace

void report_replicas(OrderReplicas& replicas, const Renderer& renderer, http::Responder responder) {
  const std::vector<OrderReplicas::View> views = replicas.views();
  const auto report = std::make_shared<Report>(views, renderer, std::move(responder));
  const std::string question = group::info_question();
  for (size_t row = 0; row < views.size(); ++row) {
    if (!views[row].connected) continue;
    replicas.call(
        views[row].id, question, kTimeoutMs,
        [report, row](const Result<std::string_view>& answer) { report->take(row, answer); });
  }
}

}  // namespace tandem::front
