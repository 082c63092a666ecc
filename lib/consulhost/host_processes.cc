#include "consulhost/host_processes.h"

#include <sys/stat.h>
#include <unistd.h>

#include <string_view>
#include <utility>

#include "wire/stored_json.h"

namespace tandem::consulhost {
namespace {

// The inode names the namespace (namespaces(7)).
int64_t namespace_of_self(const char* path) {
  struct stat about {};
  return stat(path, &about) == 0 ? static_cast<int64_t>(about.st_ino) : 0;
}

class ProcessWatch final : public consul::Processes::Watch {
 public:
  ProcessWatch(loop::Loop& loop, UniqueFunction<void()> on_end) : watch_(loop, std::move(on_end)) {}
  Status start(const loop::ProcessIdentity& process) { return watch_.start(process); }

 private:
  loop::ProcessWatch watch_;
};

int64_t integer_of(const wire::Json& json, std::string_view key) {
  const wire::Json* member = json.find(key);
  return member != nullptr && member->as_int() != nullptr ? *member->as_int() : 0;
}

std::string text_of(const wire::Json& json, std::string_view key) {
  const wire::Json* member = json.find(key);
  return member != nullptr && member->as_string() != nullptr ? *member->as_string() : "";
}

}  // namespace

HostProcesses::HostProcesses(loop::Loop& loop, const std::string& host_name)
    : loop_(loop),
      here_(coord::this_host(host_name)),
      self_(loop::process_identity(getpid()).value_or(loop::ProcessIdentity{})),
      pid_namespace_(namespace_of_self("/proc/self/ns/pid")),
      time_namespace_(namespace_of_self("/proc/self/ns/time")),
      looks_(loop) {}

wire::Json HostProcesses::self() const {
  wire::Json json;
  wire::set_stored_text(json, "host", here_.name);
  json.set("boot_id", here_.boot_id);
  json.set("pid_namespace", pid_namespace_);
  json.set("time_namespace", time_namespace_);
  json.set("pid", static_cast<int64_t>(getpid()));
  json.set("start_ticks", self_.start_ticks);
  return json;
}

std::optional<loop::ProcessIdentity> HostProcesses::one_of_ours(const wire::Json& process) const {
  const bool ours = self_.pid != 0 && pid_namespace_ != 0 && !here_.boot_id.empty() &&
                    wire::stored_text(process, "host") == here_.name &&
                    text_of(process, "boot_id") == here_.boot_id &&
                    integer_of(process, "pid_namespace") == pid_namespace_;
  // Older programs do not say it.
  const bool same_clock = process.find("time_namespace") == nullptr ||
                          integer_of(process, "time_namespace") == time_namespace_;
  const int64_t pid = integer_of(process, "pid");
  const int64_t start_ticks = integer_of(process, "start_ticks");
  if (!ours || !same_clock || pid <= 0 || start_ticks <= 0 || !std::in_range<pid_t>(pid))
    return std::nullopt;
  return loop::ProcessIdentity{static_cast<pid_t>(pid), static_cast<uint64_t>(start_ticks),
                               here_.boot_id};
}

bool HostProcesses::proven_dead(const wire::Json& process) const {
  const auto identity = one_of_ours(process);
  return identity && loop::proven_ended(*identity);
}

std::unique_ptr<consul::Processes::Watch> HostProcesses::watch(const wire::Json& process,
                                                               UniqueFunction<void()> on_end) {
  const auto identity = one_of_ours(process);
  if (!identity) return nullptr;
  auto watch = std::make_unique<ProcessWatch>(loop_, std::move(on_end));
  if (!watch->start(*identity)) return nullptr;
  return watch;
}

void HostProcesses::may_replace(const coord::Member& earlier, const coord::Member& later,
                                UniqueFunction<void(Status)> done) {
  looks_.run<Status>(
      [earlier, later, here = here_] { return coord::may_replace(earlier, later, here); },
      std::move(done));
}

void HostProcesses::member_proven_dead(coord::Member member,
                                       UniqueFunction<void(Result<bool>)> done) {
  looks_.run<Result<bool>>(
      [member = std::move(member), here = here_] { return coord::lock_proves_death(member, here); },
      std::move(done));
}

}  // namespace tandem::consulhost
