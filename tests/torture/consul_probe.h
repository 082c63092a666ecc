// Writes to each Consul server over and over: when it is that Consul takes writes, through whomever.
// Threads of its own, one a server.
#pragma once

#include <atomic>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

namespace tandem::torture {

class ConsulProbe {
 public:
  explicit ConsulProbe(const std::vector<std::string>& urls);
  ~ConsulProbe() { stop(); }
  ConsulProbe(const ConsulProbe&) = delete;
  ConsulProbe& operator=(const ConsulProbe&) = delete;

  void stop();
  // The moments when a write was answered, in us, ascending. REQUIRES: it has been stopped.
  std::vector<int64_t> writes() const;

 private:
  struct Server {
    std::string key_url;
    std::vector<int64_t> writes;
  };
  void run(Server& server) const;

  std::atomic<bool> stopped_ = false;
  std::vector<Server> servers_;
  std::vector<std::thread> threads_;
};

}  // namespace tandem::torture
