// The processes of the fleet: starting, adopting, telling to stop, and what follows their end.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstring>
#include <utility>

#include "base/exit_status.h"
#include "base/log.h"
#include "fleet.h"
#include "storage/directory.h"

namespace tandem::orch {
namespace {

constexpr int64_t kSteadyMs = 5000;  // who ran for so long does not fail "again"
constexpr int64_t kLongestPauseMs = 5000;
constexpr int64_t kElectionFirstMs = 50;

int64_t pause_ms(int failures) {
  return failures <= 1 ? 0
                       : std::min<int64_t>(kLongestPauseMs, int64_t{50} << std::min(failures, 10));
}

std::string describe_exit(int64_t status, int signal) {
  if (signal != 0) {
    const char* name = sigabbrev_np(signal);
    const std::string told = name != nullptr ? std::string("SIG") + name : std::to_string(signal);
    return "killed by " + told + " (" + strsignal(signal) + ")";
  }
  return "exit status " + std::to_string(status);
}

}  // namespace

// --- starting ---

bool Fleet::restart_if_due(Slot& slot, const std::string& reason) {
  if (now_ms() < slot.next_start_ms || !formats_are_known(slot)) return false;
  if (!prepare_directory(slot)) return false;
  const Status started = start_worker(slot, reason);
  if (started) return true;
  ++slot.failures;
  slot.next_start_ms = now_ms() + std::max<int64_t>(1000, pause_ms(slot.failures));
  events_.tell("trouble", "cannot start a worker: " + started.error().message,
               worker_fields(slot.id, 0));
  return false;
}

Status Fleet::start_worker(Slot& slot, const std::string& reason) {
  if (adopt_holder(slot)) return {};
  int pipe_fds[2];
  if (pipe2(pipe_fds, O_CLOEXEC | O_NONBLOCK) != 0) return fail_errno("cannot make a pipe", errno);
  const std::string id = std::to_string(slot.id);
  loop::ProcessOptions options;
  options.program = config_.worker_program;
  if (!config_.worker_config.empty()) options.args = {"--config", config_.worker_config};
  for (const auto& [key, value] : std::vector<std::pair<std::string, std::string>>{
           {"worker.id", id},
           {"worker.group", config_.group},
           {"worker.directory", directory_of(slot.id)},
           {"worker.max_in_sync", std::to_string(config_.max_in_sync)},
           {"rpc.url", worker_url(config_, slot.id)},
           {"coord.backend", config_.coord_backend},
           {"coord.root", config_.coord_root}}) {
    options.args.push_back("--set");
    options.args.push_back(key + "=" + value);
  }
  if (!config_.host_name.empty()) {
    options.args.insert(options.args.end(), {"--set", "host.name=" + config_.host_name});
  }
  options.environment = {{"RS_READY_FD", "3"}};
  options.extra_fds = {{3, pipe_fds[1]}};
  slot.child =
      std::make_unique<loop::Process>(loop_, [this, slot_id = slot.id](int64_t status, int signal) {
        on_exit(slot_id, End{status, signal});
      });
  const Status spawned = slot.child->spawn(options);
  close(pipe_fds[1]);
  if (!spawned) {
    close(pipe_fds[0]);
    slot.child.reset();
    return spawned;
  }
  slot.pid = slot.child->pid();
  slot.session = 0;
  slot.told_to_stop = false;
  slot.overdue = false;
  slot.started_ms = now_ms();
  slot.ready_fd = pipe_fds[0];
  slot.ready = std::make_unique<loop::Poll>(loop_, slot.ready_fd,
                                            [this, slot_id = slot.id](int) { on_ready(slot_id); });
  slot.ready->start(UV_READABLE);
  events_.tell("spawn", reason, worker_fields(slot.id, slot.pid));
  return {};
}

// The worker has written its newline, or closed the pipe by dying: the registry tells which.
void Fleet::on_ready(repl::ReplicaId id) {
  Slot& ready = slots_.at(id);
  ready.ready.reset();
  close(std::exchange(ready.ready_fd, -1));
  workers_.refresh([this](const Status&) { reconcile(); });
}

// --- adopting ---

void Fleet::worker_up(const group::ReplicaLink& worker) {
  Slot& up = slot(worker.member.id);
  const loop::ProcessIdentity identity{static_cast<pid_t>(worker.member.pid),
                                       worker.member.start_ticks, worker.member.boot_id};
  if (!up.running() && !adopt(up, identity, "it was started by an earlier orchestrator")) return;
  // Where another process of this id runs, the entry is that of a dead one, whose pid may be in use
  // again.
  if (up.pid != identity.pid || !loop::same_process(identity)) return;
  up.session = worker.member.session;
  if (std::exchange(config_refused_, false)) set_trouble("");
}

// Every registered worker is watched, or is dead: then whoever waits for it is told.
void Fleet::adopt_registered() {
  std::vector<std::pair<repl::ReplicaId, uint64_t>> unwatched;
  for (const auto& [id, worker] : workers_.all()) {
    if (slot(id).session != worker.member.session)
      unwatched.emplace_back(id, worker.member.session);
  }
  for (const auto& [id, session] : unwatched) {
    const group::ReplicaLink* worker = workers_.find(id);
    if (worker == nullptr || worker->member.session != session) continue;
    worker_up(*worker);
    if (slot(id).session == session) continue;
    // It is dead, or lives and cannot be watched now.
    leadership_.doubt(id);
  }
}

// A worker of an earlier orchestrator that has not registered yet has its directory locked.
bool Fleet::adopt_holder(Slot& slot) {
  const auto holder = storage::directory_holder(directory_of(slot.id));
  if (!holder || !*holder) return false;
  const auto identity = loop::process_identity(**holder);
  return identity && adopt(slot, *identity, "it has the directory and has not registered yet");
}

Status Fleet::adopt(Slot& slot, const loop::ProcessIdentity& identity, const std::string& reason) {
  slot.watch = std::make_unique<loop::ProcessWatch>(
      loop_, [this, id = slot.id] { on_exit(id, std::nullopt); });
  const Status started = slot.watch->start(identity);
  if (!started) {
    slot.watch.reset();
    return started;
  }
  slot.pid = identity.pid;
  slot.session = 0;
  slot.told_to_stop = false;
  slot.overdue = false;
  slot.started_ms = now_ms();
  events_.tell("adopt", reason, worker_fields(slot.id, slot.pid));
  if (stopping_) tell_to_stop(slot);
  return {};
}

// --- ending ---

void Fleet::on_exit(repl::ReplicaId id, const std::optional<End>& end) {
  Slot& dead = slots_.at(id);
  const pid_t pid = std::exchange(dead.pid, 0);
  const uint64_t session = std::exchange(dead.session, 0);
  const bool asked = std::exchange(dead.told_to_stop, false);
  std::vector<PidDone> on_death = std::exchange(dead.on_death, {});
  // This runs inside a callback of one of these: they go at the next turn of the timer.
  ended_.emplace_back(std::move(dead.child), std::move(dead.watch));
  if (dead.ready_fd >= 0) {
    dead.ready.reset();
    close(std::exchange(dead.ready_fd, -1));
  }
  // One that came up and was killed, or was told to stop, did not fail: its replacement is not to
  // wait.
  const bool killed = end && end->signal == SIGKILL;
  const bool failed = session == 0 || (!killed && !asked);
  const bool steady = now_ms() - dead.started_ms > kSteadyMs;
  dead.failures = !failed ? 0 : steady ? 1 : dead.failures + 1;
  dead.next_start_ms = now_ms() + pause_ms(dead.failures);
  if (id == leadership_.leader() && leadership_.record()->in_sync.size() > 1) {
    // Its replacement must not take the processor from those who choose the next master.
    dead.next_start_ms = std::max(dead.next_start_ms, now_ms() + kElectionFirstMs);
  }
  dead.exit_status.reset();
  if (end && end->signal == 0) dead.exit_status = end->status;
  config_refused_ = config_refused_ ||
                    dead.exit_status == static_cast<int64_t>(ExitStatus::kConfig) ||
                    dead.exit_status == static_cast<int64_t>(ExitStatus::kUsage);
  events_.tell(asked ? "stop" : "death", end ? describe_exit(end->status, end->signal) : "ended",
               worker_fields(id, pid));
  // From here on the slot may be in use by the next process: what follows may start it.
  if (session != 0) leadership_.replica_dead(id, session);
  for (PidDone& done : on_death) done(pid);
  if (!stopping_) {
    reconcile();
    return;
  }
  const bool left = std::any_of(slots_.begin(), slots_.end(),
                                [](const auto& item) { return item.second.running(); });
  if (left || !all_stopped_) return;
  kill_timer_.stop();
  std::exchange(all_stopped_, nullptr)();
}

void Fleet::send_signal(Slot& slot, int signal_number) {
  const Status sent =
      slot.child ? slot.child->signal(signal_number) : slot.watch->signal(signal_number);
  if (!sent) log::warning("cannot signal a worker", {{"pid", slot.pid}});
}

void Fleet::tell_to_stop(Slot& slot) {
  slot.told_to_stop = true;
  slot.stop_by_ms = now_ms() + static_cast<int64_t>(config_.stop_timeout_ms);
  send_signal(slot, SIGTERM);
}

}  // namespace tandem::orch
