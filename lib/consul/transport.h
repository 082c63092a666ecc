// The way of requests to Consul's HTTP API, as an interface: consulhost/http_transport.h has that
// of a process, the simulator and tests have their own.
//
// Several agents may be known, and are tried in turn. A call that may be repeated goes to the next
// agent after any failure, one that may not only where nothing of it was sent.
#pragma once

#include <cstdint>
#include <string>

#include "base/function.h"
#include "base/result.h"

namespace tandem::consul {

struct Call {
  std::string method = "GET";
  std::string target;  // path and query: "/v1/kv/tandem/g/record?consistent"
  std::string body = {};
  int64_t timeout_ms = 1000;  // until the last byte of the answer, at each agent
  bool may_repeat = true;     // carried out twice it does what it does once
};

struct Answer {
  int status = 0;
  std::string body;
  uint64_t index = 0;  // X-Consul-Index; 0: none
};

class Transport {
 public:
  // Every status is an Answer. The errors are those of fetch::Fetcher: kUnavailable says that
  // nothing was sent to any agent, all others that the outcome is unknown.
  using Done = UniqueFunction<void(Result<Answer>)>;

  virtual ~Transport() = default;
  // `done` is called once, later than the call, unless it is cancelled or the transport is
  // destroyed. A number for cancel().
  virtual uint64_t send(Call call, Done done) = 0;
  // The completion is not called any more. Does nothing for what is done.
  virtual void cancel(uint64_t number) = 0;
  // The agent that answers now cannot do its work (its cluster has no leader, or refuses): the next
  // calls begin with another one, where one is known.
  virtual void try_another() = 0;
  // The agent that the calls begin with, for people: "127.0.0.1:8500".
  virtual std::string agent() const = 0;
};

}  // namespace tandem::consul
