#include "consul_probe.h"

#include <algorithm>
#include <chrono>

#include "moment.h"
#include "support/http_call.h"

namespace tandem::torture {
namespace {

constexpr long kTimeoutMs = 2000;  // a server that waits for a leader answers when there is one
constexpr int64_t kPauseMs = 100;

}  // namespace

ConsulProbe::ConsulProbe(const std::vector<std::string>& urls) {
  for (const std::string& url : urls)
    servers_.push_back({url + "/v1/kv/torture/" + std::to_string(servers_.size()), {}});
  for (Server& server : servers_) threads_.emplace_back([this, &server] { run(server); });
}

void ConsulProbe::run(Server& server) const {
  support::HttpCall http(kTimeoutMs);
  while (!stopped_) {
    // Another value each time: the same one would be no write.
    const auto answer = http.call("PUT", server.key_url, std::to_string(now_us()));
    if (answer.status == 200) server.writes.push_back(now_us());
    std::this_thread::sleep_for(std::chrono::milliseconds(kPauseMs));
  }
}

void ConsulProbe::stop() {
  stopped_ = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

std::vector<int64_t> ConsulProbe::writes() const {
  std::vector<int64_t> all;
  for (const Server& server : servers_)
    all.insert(all.end(), server.writes.begin(), server.writes.end());
  std::sort(all.begin(), all.end());
  return all;
}

}  // namespace tandem::torture
