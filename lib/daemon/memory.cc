#include "daemon/memory.h"

#include <malloc.h>
#include <unistd.h>

#include <fstream>
#include <new>
#include <string_view>

#include "base/exit_status.h"

namespace tandem::daemon {
namespace {

// Above this a buffer is a mapping of its own, which goes when it is freed. By itself glibc raises
// the bound to the largest buffer that was ever freed, up to 32 MiB, and what is smaller than that
// stays in a heap full of holes.
constexpr int kMappedBytes = 256 << 10;

// Allocates nothing. Every bound on what requests may hold is elsewhere; this is for a host that
// has less than that.
[[noreturn]] void end_without_memory() {
  constexpr std::string_view kLine = "error: no memory left: the process ends\n";
  [[maybe_unused]] const ssize_t written = write(STDERR_FILENO, kLine.data(), kLine.size());
  _exit(static_cast<int>(ExitStatus::kUnavailable));
}

}  // namespace

void prepare_memory() {
  mallopt(M_MMAP_THRESHOLD, kMappedBytes);
  std::set_new_handler(end_without_memory);
}

uint64_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  uint64_t total = 0;
  uint64_t resident = 0;
  statm >> total >> resident;
  return resident * static_cast<uint64_t>(sysconf(_SC_PAGESIZE));
}

}  // namespace tandem::daemon
