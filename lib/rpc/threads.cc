#include "rpc/threads.h"

#include <nng/nng.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <thread>

#include "base/signals_blocked.h"
#include "loop/thread_room.h"
#include "rpc/socket.h"

namespace tandem::rpc {
namespace {

// As its release 1.5.2 counts: two a processor for tasks, up to 16, one for time-outs, up to 8, four
// for names, and one each that polls, wakes and clears away.
size_t nng_threads() {
  const long online = sysconf(_SC_NPROCESSORS_ONLN);
  const size_t processors = online < 1 ? 1 : static_cast<size_t>(online);
  return std::min<size_t>(2 * processors, 16) + std::min<size_t>(processors, 8) + 4 + 3;
}

// Any first call does.
int initialise() {
  nng_aio* aio = nullptr;
  const int code = nng_aio_alloc(&aio, nullptr, nullptr);
  if (code == 0) nng_aio_free(aio);
  return code;
}

}  // namespace

Status start_threads() {
  // One more makes them.
  const size_t count = nng_threads() + loop::kOwnThreads + 1;
  if (Status room = loop::check_thread_room(count); !room) return room;
  // A thread is born with the signals of its maker, and this one is to be told to stop.
  int code = 0;
  std::thread maker;
  {
    const SignalsBlocked blocked;
    maker = std::thread([&code] { code = initialise(); });
  }
  maker.join();
  if (code == 0) return {};
  return fail_nng("cannot start the threads of NNG", code);
}

}  // namespace tandem::rpc
