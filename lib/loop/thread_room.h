// Whether the process may have the threads that it will need. NNG ends the process or hangs where it
// gets no thread, libuv ends it, and both only once they need one: so it is tried before.
#pragma once

#include <cstddef>

#include "base/result.h"

namespace tandem::loop {

// Of a process besides those of NNG: libuv's pool, and of a replica those of its log and of what is
// done in the background.
constexpr size_t kOwnThreads = 8;

// Makes `count` threads that are there at the same time, with stacks as libraries take them, and
// ends them again. kExhausted where the system refuses one of them, or the address space that a
// process needs beside them.
Status check_thread_room(size_t count);

}  // namespace tandem::loop
