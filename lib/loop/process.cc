#include "loop/process.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include "base/check.h"
#include "base/number.h"

namespace tandem::loop {
namespace {

// Debian 12's C library has no wrappers that C++ can include beside <signal.h>.
int open_pidfd(pid_t pid) { return static_cast<int>(syscall(SYS_pidfd_open, pid, 0)); }
int send_pidfd_signal(int pidfd, int signal_number) {
  return static_cast<int>(syscall(SYS_pidfd_send_signal, pidfd, signal_number, nullptr, 0));
}

std::string process_name(pid_t pid) { return "process " + std::to_string(pid); }

struct ProcessState {
  char state = '?';  // as in proc(5); Z: ended, not yet reaped
  int64_t threads = 0;
  uint64_t start_ticks = 0;
};

// The state is field 3, the number of threads field 20, the start time field 22. The name, field 2, may hold spaces and brackets:
// fields are counted after its last bracket.
Result<ProcessState> read_state(pid_t pid) {
  const std::string path = "/proc/" + std::to_string(pid) + "/stat";
  std::ifstream file(path);
  std::string text;
  if (!file || !std::getline(file, text)) {
    return fail(ErrorKind::kNotFound, process_name(pid) + " does not exist");
  }
  const size_t name_end = text.rfind(')');
  if (name_end == std::string::npos || name_end + 2 >= text.size()) {
    return fail(ErrorKind::kBug, "cannot understand '" + path + "'");
  }
  std::string_view rest = std::string_view(text).substr(name_end + 2);
  ProcessState state;
  state.state = rest.front();
  std::string_view threads;
  for (int field = 3; field < 22; ++field) {
    const size_t space = rest.find(' ');
    if (space == std::string_view::npos) {
      return fail(ErrorKind::kBug, "cannot understand '" + path + "'");
    }
    if (field == 20) threads = rest.substr(0, space);
    rest.remove_prefix(space + 1);
  }
  const auto start_ticks = parse_number<uint64_t>(rest.substr(0, rest.find(' ')));
  if (!start_ticks) return fail(ErrorKind::kBug, "cannot understand '" + path + "'");
  state.start_ticks = *start_ticks;
  state.threads = parse_number<int64_t>(threads).value_or(0);
  return state;
}

Result<std::string> read_boot_id() {
  const std::string path = "/proc/sys/kernel/random/boot_id";
  std::ifstream file(path);
  std::string id;
  if (!file || !std::getline(file, id)) return fail_errno("cannot read '" + path + "'", errno);
  return id;
}

// A /proc that shows the processes of another namespace has no entry of ours, or one of another
// number.
bool proc_is_of_our_pids() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self", error);
  return !error && self == std::to_string(getpid());
}

// Ours with the additions, each name once.
std::vector<std::string> merge_environment(
    const std::vector<std::pair<std::string, std::string>>& additions) {
  std::vector<std::string> merged;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text(*entry);
    bool replaced = false;
    for (const auto& [name, value] : additions) {
      replaced = replaced || text.starts_with(name + "=");
    }
    if (!replaced) merged.emplace_back(text);
  }
  for (const auto& [name, value] : additions) merged.push_back(name + "=" + value);
  return merged;
}

// The null-terminated array of char* that execve wants; the strings stay the caller's.
std::vector<char*> pointers_to(std::vector<std::string>& strings) {
  std::vector<char*> pointers;
  for (std::string& string : strings) pointers.push_back(string.data());
  pointers.push_back(nullptr);
  return pointers;
}

uv_stdio_container_t inherit(int fd) {
  uv_stdio_container_t container{};
  container.flags = UV_INHERIT_FD;
  container.data.fd = fd;
  return container;
}

std::vector<uv_stdio_container_t> descriptors_of(const ProcessOptions& options) {
  std::vector<uv_stdio_container_t> descriptors(1);
  descriptors[0].flags = UV_IGNORE;  // libuv opens /dev/null
  descriptors.push_back(inherit(options.stdout_fd >= 0 ? options.stdout_fd : STDOUT_FILENO));
  descriptors.push_back(inherit(options.stderr_fd >= 0 ? options.stderr_fd : STDERR_FILENO));
  for (const auto& [number, fd] : options.extra_fds) {
    CHECK_MSG(static_cast<size_t>(number) == descriptors.size(), "descriptors rise without a gap");
    descriptors.push_back(inherit(fd));
  }
  return descriptors;
}

}  // namespace

Result<ProcessIdentity> process_identity(pid_t pid) {
  const Result<ProcessState> state = read_state(pid);
  if (!state) return fail(state.error());
  Result<std::string> boot_id = read_boot_id();
  if (!boot_id) return fail(boot_id.error());
  return ProcessIdentity{pid, state->start_ticks, *std::move(boot_id)};
}

bool same_process(const ProcessIdentity& identity) {
  const Result<ProcessState> state = read_state(identity.pid);
  if (!state || state->start_ticks != identity.start_ticks) return false;
  if (state->state == 'Z' || state->state == 'X') return false;
  const Result<std::string> boot_id = read_boot_id();
  return boot_id && *boot_id == identity.boot_id;
}

bool proven_ended(const ProcessIdentity& identity) {
  const Result<std::string> boot_id = read_boot_id();
  if (identity.pid <= 0 || !boot_id || *boot_id != identity.boot_id) return false;
  if (kill(identity.pid, 0) != 0 && errno == ESRCH) return true;
  const Result<ProcessState> state = read_state(identity.pid);
  if (!state || !proc_is_of_our_pids()) return false;
  if (state->start_ticks != identity.start_ticks) return true;
  // Other threads of it may live on for a while.
  return (state->state == 'Z' || state->state == 'X') && state->threads <= 1;
}

bool is_stopped(const ProcessIdentity& identity) {
  const Result<ProcessState> state = read_state(identity.pid);
  return state && (state->state == 'T' || state->state == 't') && same_process(identity);
}

Process::Process(Loop& loop, UniqueFunction<void(int64_t, int)> on_exit)
    : loop_(loop), on_exit_(std::move(on_exit)) {}

Status Process::spawn(const ProcessOptions& options) {
  CHECK(handle_ == nullptr);
  std::vector<std::string> args = options.args;
  args.insert(args.begin(), options.program);
  std::vector<char*> arg_pointers = pointers_to(args);
  std::vector<std::string> environment = merge_environment(options.environment);
  std::vector<char*> environment_pointers = pointers_to(environment);
  std::vector<uv_stdio_container_t> descriptors = descriptors_of(options);

  uv_process_options_t uv{};
  uv.file = options.program.c_str();
  uv.args = arg_pointers.data();
  uv.env = environment_pointers.data();
  uv.cwd = options.working_directory.empty() ? nullptr : options.working_directory.c_str();
  uv.flags = UV_PROCESS_DETACHED;  // a session of its own
  uv.stdio = descriptors.data();
  uv.stdio_count = static_cast<int>(descriptors.size());
  uv.exit_cb = [](uv_process_t* handle, int64_t exit_status, int signal_number) {
    auto* self = static_cast<Process*>(handle->data);
    if (self == nullptr) return;
    self->running_ = false;
    if (self->on_exit_) self->on_exit_(exit_status, signal_number);
  };

  handle_.reset(std::make_unique<uv_process_t>().release());
  handle_->data = this;
  const int code = uv_spawn(loop_.raw(), handle_.get(), &uv);
  if (code != 0) return fail_uv("cannot run '" + options.program + "'", code);
  pid_ = handle_->pid;
  running_ = true;
  return {};
}

Status Process::signal(int signal_number) {
  CHECK(handle_ != nullptr);
  if (!running_) return {};
  // Until on_exit nobody has reaped the child, so that its pid is its own.
  const int code = uv_process_kill(handle_.get(), signal_number);
  if (code == UV_ESRCH) return {};
  if (code != 0) return fail_uv("cannot signal " + process_name(pid_), code);
  return {};
}

ProcessWatch::ProcessWatch(Loop& loop, UniqueFunction<void()> on_end)
    : loop_(loop), on_end_(std::move(on_end)) {}

ProcessWatch::~ProcessWatch() {
  poll_.reset();
  if (pidfd_ >= 0) close(pidfd_);
}

Status ProcessWatch::start(const ProcessIdentity& identity) {
  CHECK(pidfd_ < 0);
  const std::string what = "cannot watch " + process_name(identity.pid);
  const int pidfd = open_pidfd(identity.pid);
  if (pidfd < 0) {
    const int error = errno;
    if (error == ESRCH) return fail(ErrorKind::kNotFound, what + ": it does not exist");
    return fail_errno(what, error);
  }
  // Looked at after the descriptor is open: from here on it names this very process or none.
  if (!same_process(identity)) {
    close(pidfd);
    return fail(ErrorKind::kNotFound, what + ": it has ended");
  }
  pidfd_ = pidfd;
  poll_.emplace(loop_, pidfd_, [this](int) {
    poll_->stop();
    on_end_();
  });
  poll_->start(UV_READABLE);
  return {};
}

Status ProcessWatch::signal(int signal_number) {
  if (pidfd_ < 0) return fail(ErrorKind::kNotFound, "cannot signal a process that is not watched");
  if (send_pidfd_signal(pidfd_, signal_number) == 0) return {};
  if (errno == ESRCH) return fail(ErrorKind::kNotFound, "cannot signal a process that has ended");
  return fail_errno("cannot signal a watched process", errno);
}

}  // namespace tandem::loop
