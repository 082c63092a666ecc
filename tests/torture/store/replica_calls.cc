#include "store/replica_calls.h"

#include <algorithm>
#include <string_view>

#include "base/check.h"

namespace tandem::torture::store {
namespace {

constexpr uint64_t kEachTimeoutMs = 250;
constexpr uint64_t kAllTimeoutMs = 10'000;
constexpr size_t kBatch = 500;

}  // namespace

ReplicaCalls::ReplicaCalls(const std::vector<std::string>& urls) {
  for (const std::string& url : urls) {
    clients_.push_back(std::make_unique<rpc::Client>(loop_, rpc::ClientOptions{.url = url}));
    const Status started = clients_.back()->start();
    CHECK(started.has_value());
  }
}

ReplicaCalls::~ReplicaCalls() {
  clients_.clear();
  loop_.run();  // what libuv has yet to close
}

std::vector<ReplicaAnswer> ReplicaCalls::ask_each(const wire::Request& request) {
  std::vector<ReplicaAnswer> answers(clients_.size());
  size_t left = clients_.size();
  for (size_t i = 0; i < clients_.size(); ++i)
    call(i, request, {&answers[i], &left}, kEachTimeoutMs);
  wait(left);
  return answers;
}

std::vector<ReplicaAnswer> ReplicaCalls::ask_all(size_t replica, wire::Method method,
                                                 const std::vector<std::string>& bodies) {
  std::vector<ReplicaAnswer> answers(bodies.size());
  for (size_t from = 0; from < bodies.size(); from += kBatch) {
    const size_t end = std::min(bodies.size(), from + kBatch);
    size_t left = end - from;
    for (size_t i = from; i < end; ++i) {
      wire::Request request;
      request.method = method;
      request.consistency = wire::Consistency::kEventual;
      request.budget_ms = kAllTimeoutMs;
      request.body = bodies[i];
      call(replica, request, {&answers[i], &left}, kAllTimeoutMs);
    }
    wait(left);
    const auto silent = [](const ReplicaAnswer& answer) { return answer.status == 0; };
    if (std::any_of(answers.begin() + static_cast<int64_t>(from),
                    answers.begin() + static_cast<int64_t>(end), silent)) {
      break;
    }
  }
  return answers;
}

void ReplicaCalls::call(size_t replica, const wire::Request& request, Pending pending,
                        uint64_t timeout_ms) {
  std::string payload;
  wire::encode(request, payload);
  clients_[replica]->call(payload, timeout_ms, [pending](Result<std::string_view> outcome) {
    --*pending.left;
    wire::Response response;
    if (!outcome || !wire::decode(*outcome, response)) return;
    *pending.answer = {response.status, std::string(response.body)};
  });
}

// Every call has its outcome within its time, so this ends.
void ReplicaCalls::wait(const size_t& left) {
  while (left > 0) loop_.run_once();
}

}  // namespace tandem::torture::store
