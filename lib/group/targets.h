// The replicas of a group as its gateway (gateway.h) needs them: what is known of each, as a hint,
// and the way there. GroupTargets has them of the registry, the leadership and rpc; the simulator
// has its own.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/function.h"
#include "base/result.h"
#include "base/shared_bytes.h"
#include "repl/types.h"
#include "wire/envelope.h"

namespace tandem::group {

class Targets {
 public:
  struct Target {
    repl::ReplicaId id = 0;
    bool connected = false;
    bool quiet = false;     // has said nothing for a while
    bool keeps_up = false;  // in sync, or not far behind
  };
  // How a call ended, for the log.
  struct Ended {
    wire::Method method = wire::Method::kPing;
    repl::ReplicaId replica = 0;  // asked last; 0: none
    uint32_t attempts = 0;
    uint16_t status = 0;
    int64_t took_ns = 0;
    std::string_view request_id;
  };
  using Completion = UniqueFunction<void(Result<std::string_view>)>;

  virtual ~Targets() = default;
  virtual repl::ReplicaId leader() const = 0;  // by the record; 0: there is none
  virtual bool leader_open() const = 0;        // it takes writes
  // A member of the set besides the leader has space on its disk: it may lead soon.
  virtual bool another_has_space() const = 0;
  virtual std::string_view leader_noun() const = 0;
  virtual bool connected(repl::ReplicaId id) const = 0;
  virtual bool quiet(repl::ReplicaId id) const = 0;
  // All that are known, by id.
  virtual void list(std::vector<Target>& targets) const = 0;
  // Asks one. REQUIRES: connected(id). `done` is called at most once, never from inside the call.
  // Errors: kUnavailable (it was not asked), kTooLarge, any other: whether it was is not known.
  virtual void call(repl::ReplicaId id, std::string_view payload, uint64_t timeout_ms,
                    Completion done) = 0;
  // A part of the answer that is being told, to be kept beyond that; none where it cannot be.
  virtual SharedBytes keep(repl::ReplicaId id, std::string_view part) const = 0;
  virtual void read_served(repl::ReplicaId id) = 0;
  virtual void ended(const Ended& call) = 0;
};

}  // namespace tandem::group
