// Who answers reads of the database, whatever its tables are in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/function.h"
#include "base/result.h"
#include "rpc/server.h"

namespace tandem::worker {

class Queries {
 public:
  // The JSON answer, and the index of the state that it was read from.
  using Done = UniqueFunction<void(Result<std::string> answer, uint64_t index)>;
  // How many bytes of answers are on the way to who asks.
  using Queued = std::function<size_t(rpc::Peer)>;

  virtual ~Queries() = default;

  // A large read waits while there are more.
  static constexpr size_t kMaxQueuedBytes = size_t{2} << 20;
  virtual void ask_for_queued_with(Queued queued) = 0;

  // From a state that is no older than now. Errors: kBadInput, kTooLarge, kBusy (too many reads wait,
  // or this one was not begun before the deadline, boot clock, ns); where the tables are elsewhere
  // kUnavailable and kTimeout as well.
  virtual void read(std::string_view query, rpc::Peer peer, int64_t deadline_ns, Done done) = 0;

  // How many reads were too large to be answered beside others.
  virtual uint64_t large_reads() const = 0;
};

}  // namespace tandem::worker
