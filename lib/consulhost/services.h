// This process as a service of Consul: for people, DNS and load balancers. Nothing in tandem decides
// by it, and nothing waits for it.
//
// Two checks go with the service: one that this process passes itself every 5 seconds, with what it
// would say at /readyz, and where it speaks HTTP one in which the agent asks /readyz. A process that
// is dead is critical after 15 seconds, and its entry goes after a while; of one that lives it
// stays, ready or not. An agent that has lost its data is told again. What changes, such as the
// role, is told at once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "base/self.h"
#include "base/timers.h"
#include "consul/transport.h"

namespace tandem::consulhost {

struct Service {
  std::string name;
  std::string id;            // of all services of its agent; the same after a restart
  std::string address = {};  // empty: the agent's
  uint16_t port = 0;
  std::vector<std::string> tags = {};
  std::vector<std::pair<std::string, std::string>> meta = {};  // no value longer than 512 bytes
  std::string ready_url = {};                                  // asked by the agent; empty: none
  std::string ready_host = {};  // the Host it is asked under; empty: the URL's
  int64_t deregister_after_ms = 60'000;
  bool operator==(const Service&) const = default;
};

class Services {
 public:
  // Gives the service as it is now; cheap, as it is asked twice a second.
  using Describe = std::function<Service()>;
  // Says, once, now or later, whether the process is ready. It has a deadline of its own.
  using Ready = std::function<void(UniqueFunction<void(Status)>)>;

  // `transport` outlives this.
  Services(consul::Transport& transport, Time time, Describe describe, Ready ready);
  ~Services();
  Services(const Services&) = delete;
  Services& operator=(const Services&) = delete;

  // Registers, in the next turn, and keeps it so.
  void start();
  // Takes the service out, for no longer than a second, then calls `done` once, now or later. `done`
  // may destroy this.
  void stop(UniqueFunction<void()> done);

 private:
  void look();
  void tell();
  void told_ready(const Status& ready);
  void enter(const Status& ready);
  void entered(const Status& ready, const Result<consul::Answer>& answer);
  void pass(const Status& ready);
  void passed(const Status& ready, const Result<consul::Answer>& answer);
  void put(std::string target, std::string body, consul::Transport::Done done);
  void trouble(const std::string& why);
  void well();
  void left();

  consul::Transport& transport_;
  const Describe describe_;
  const Ready ready_;
  const std::unique_ptr<Timer> looks_;
  const std::unique_ptr<Timer> passes_;
  const std::unique_ptr<Timer> leaving_ends_;
  bool telling_ = false;
  std::optional<uint64_t> sending_;  // a number of the transport
  Service service_;                  // as it is being told
  std::optional<Service> entered_;   // as the agent has it, for all that is known
  bool enters_anew_ = false;         // the agent did not know it any more
  bool may_be_there_ = false;        // an agent was told of it
  enum class Last { kNothing, kWell, kTrouble } last_ = Last::kNothing;  // what was logged
  bool stopping_ = false;
  UniqueFunction<void()> left_;
  Self<Services> self_;  // last: goes first
};

}  // namespace tandem::consulhost
