#include "database/client.h"

#include <algorithm>
#include <chrono>
#include <thread>
#include <utility>

namespace tandem::torture::database {
namespace {

using history::Kind;
using history::Level;
using history::Operation;
using history::Outcome;

constexpr long kCallTimeoutMs = 6'000;     // the database's own is 5 s
constexpr long kNamedTimeoutMs = 1'000;    // of reads at a replica that may be cut off
constexpr int64_t kGiveUpUs = 30'000'000;  // a write has no known outcome then
constexpr int64_t kBetweenTriesMs = 10;
constexpr uint32_t kImpatientPermille = 150;
constexpr long kMomentMs = 50;

void sleep_ms(int64_t ms) { std::this_thread::sleep_for(std::chrono::milliseconds(ms)); }

}  // namespace

Client::Client(Shared& shared, uint32_t number)
    : shared_(shared),
      number_(number),
      random_(shared.seed * 1000 + number),
      http_(kCallTimeoutMs) {}

void Client::think(int64_t most_ms) { sleep_ms(random_.between<int64_t>(most_ms / 4, most_ms)); }

Operation Client::operation(Kind kind, std::string key) const {
  Operation operation;
  operation.client = number_;
  operation.kind = kind;
  operation.key = std::move(key);
  operation.session = session;
  return operation;
}

support::Answer Client::write(Operation& operation, const char* method, const std::string& url,
                              const std::string& body, long good, long mismatch) {
  const std::string key = "torture-" + std::to_string(number_) + "-" + std::to_string(++calls_);
  bool may_be_done = false;
  support::Answer answer;
  operation.called = now_us();
  // Some give up after a moment: what they wanted may yet be done, or not.
  const bool patient = is_probe || !random_.chance(kImpatientPermille);
  const int64_t give_up_us = operation.called + (patient ? kGiveUpUs : 0);
  do {
    answer = http_.call(method, url, body,
                        {.key = key, .timeout_ms = patient ? kCallTimeoutMs : kMomentMs});
    if (answer.status == good || (mismatch != 0 && answer.status == mismatch)) {
      operation.returned = now_us();
      operation.outcome = answer.status == good ? Outcome::kOk : Outcome::kMismatch;
      const auto json = wire::parse_json(answer.body);
      const wire::Json* index = json ? json->find("index") : nullptr;
      if (index != nullptr && index->as_int() != nullptr) {
        operation.index = static_cast<uint64_t>(*index->as_int());
      }
      return answer;
    }
    // 503 and 507: nothing was done.
    if (answer.status == 0 || answer.status == 504) may_be_done = true;
    const bool again =
        answer.status == 0 || answer.status == 503 || answer.status == 504 || answer.status == 507;
    if (!again) {
      shared_.recorder.wrong(std::string(method) + " " + url + " " + body.substr(0, 300) +
                             " with key " + key + " was answered " + std::to_string(answer.status) +
                             " " + answer.body);
      may_be_done = true;
      break;
    }
    sleep_ms(kBetweenTriesMs);
  } while (now_us() < give_up_us && !shared_.give_up);
  operation.returned = now_us();
  operation.outcome = may_be_done ? Outcome::kUnknown : Outcome::kRefused;
  return answer;
}

void Client::read(Operation operation, const std::string& query, int replica,
                  const std::function<bool(const wire::Json::Array&, history::Operation&)>& take) {
  std::string url = shared_.urls.orch + "/db/read?consistency=";
  support::CallOptions options;
  switch (operation.level) {
    case Level::kLinearizable:
      url += "linearizable";
      break;
    case Level::kSession:
      url += "session";
      options.index = session_index;
      break;
    case Level::kEventual:
      url += "eventual";
  }
  if (replica != 0) {
    url += "&replica=" + std::to_string(replica);
    options.timeout_ms = kNamedTimeoutMs;
  }
  operation.called = now_us();
  const support::Answer answer = http_.call("POST", url, query, options);
  operation.returned = now_us();
  if (answer.status == 0 || answer.status == 503 || answer.status == 504) return;
  if (answer.status == 400 && replica != 0) return;  // there is no such replica now
  const auto json = wire::parse_json(answer.body);
  if (answer.status != 200 || !json || json->as_array() == nullptr ||
      !take(*json->as_array(), operation)) {
    shared_.recorder.wrong("the read " + query + " was answered " + std::to_string(answer.status) +
                           " " + answer.body.substr(0, 500));
    return;
  }
  operation.index = answer.index;
  if (session != 0) session_index = std::max(session_index, answer.index);
  shared_.recorder.add(std::move(operation));
}

}  // namespace tandem::torture::database
