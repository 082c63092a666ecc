// The number of files and sockets that the process may have open. Its soft limit is low (1024) for
// the sake of programs that call select(2), which nothing here does: it is raised to the hard one,
// as systemd advises and Go does. Children get the raised one, as libuv knows no other: the only
// ones are daemons that would do the same.
#pragma once

#include <cstddef>

#include "base/result.h"

namespace tandem::loop {

// At start. Where the system refuses, what was stays.
void raise_descriptor_limit();

// What a process needs that serves nobody yet.
constexpr size_t kLeastDescriptors = 40;
// kExhausted where fewer than `least` may be open.
Status check_descriptor_limit(size_t least = kLeastDescriptors);

// The soft limit now.
size_t descriptor_limit();

// How many connections of clients by HTTP fit under a limit: all but a reserve for the process's
// own work, such as starting workers, files, and links to other processes.
size_t connections_that_fit(size_t descriptor_limit);

// How many links of other processes fit into half of that reserve. At least one.
size_t peers_that_fit(size_t descriptor_limit);

}  // namespace tandem::loop
