#include "loop/thread_room.h"

#include <pthread.h>
#include <sys/mman.h>

#include <cerrno>
#include <condition_variable>
#include <cstring>
#include <mutex>
#include <string>
#include <vector>

#include "base/signals_blocked.h"

namespace tandem::loop {
namespace {

// For what a process that has just started holds, some clients and their requests.
constexpr size_t kLeastAddressBytes = 64 << 20;

// Where all wait until the last one is there.
struct Gate {
  std::mutex mutex;
  std::condition_variable opened;
  bool open = false;
};

void* wait_at(void* gate_of_all) {
  auto& gate = *static_cast<Gate*>(gate_of_all);
  std::unique_lock lock(gate.mutex);
  gate.opened.wait(lock, [&gate] { return gate.open; });
  return nullptr;
}

Status check_address_space() {
  void* const room = mmap(nullptr, kLeastAddressBytes, PROT_NONE,
                          MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (room == MAP_FAILED) {
    return fail(ErrorKind::kExhausted, std::string("cannot reserve 64 MiB of address space: ") +
                                           std::strerror(errno) + ": see ulimit -v, LimitAS=");
  }
  munmap(room, kLeastAddressBytes);
  return {};
}

}  // namespace

Status check_thread_room(size_t count) {
  Gate gate;
  std::vector<pthread_t> threads;
  threads.reserve(count);
  int error = 0;
  {
    const SignalsBlocked blocked;
    while (error == 0 && threads.size() < count) {
      pthread_t thread{};
      error = pthread_create(&thread, nullptr, wait_at, &gate);
      if (error == 0) threads.push_back(thread);
    }
  }
  // Beside their stacks.
  Status status = error == 0 ? check_address_space() : Status();
  {
    const std::lock_guard lock(gate.mutex);
    gate.open = true;
  }
  gate.opened.notify_all();
  for (const pthread_t thread : threads) pthread_join(thread, nullptr);
  if (error == 0) return status;
  return fail(ErrorKind::kExhausted, "cannot start " + std::to_string(count) +
                                         " threads: " + std::strerror(error) + " at the " +
                                         std::to_string(threads.size() + 1) +
                                         ". one: see ulimit -u, ulimit -v, TasksMax=");
}

}  // namespace tandem::loop
