// consul::Processes of this host. A process is one of ours where it names this host, this boot and
// this namespace of pids: containers share the host's boot id, often its name, and never its pids.
// The namespace of time has to be the same, too, as it shifts the start times that are compared.
// What cannot be read here (a host without /proc) makes no proofs.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "consul/processes.h"
#include "coord/job_queue.h"
#include "coord/member_locks.h"
#include "loop/loop.h"
#include "loop/process.h"

namespace tandem::consulhost {

class HostProcesses final : public consul::Processes {
 public:
  // `host_name` empty: as the system says. `loop` outlives this.
  HostProcesses(loop::Loop& loop, const std::string& host_name);

  wire::Json self() const override;
  bool proven_dead(const wire::Json& process) const override;
  std::unique_ptr<Watch> watch(const wire::Json& process, UniqueFunction<void()> on_end) override;

  void may_replace(const coord::Member& earlier, const coord::Member& later,
                   UniqueFunction<void(Status)> done) override;
  void member_proven_dead(coord::Member member, UniqueFunction<void(Result<bool>)> done) override;
  std::string host_name() const override { return here_.name; }

 private:
  std::optional<loop::ProcessIdentity> one_of_ours(const wire::Json& process) const;

  loop::Loop& loop_;
  const coord::Host here_;
  loop::ProcessIdentity self_;  // of pid 0 where it cannot be read
  int64_t pid_namespace_ = 0;   // 0: not known
  int64_t time_namespace_ = 0;  // 0: not known, or the kernel has none
  coord::JobQueue looks_;       // at locks of members, which blocks
};

}  // namespace tandem::consulhost
