#include "loop/descriptor_limit.h"

#include <sys/resource.h>

#include <algorithm>
#include <string>

namespace tandem::loop {
namespace {

constexpr rlim_t kEnough = 1 << 20;
constexpr size_t kLeastReserve = 64;  // rs-orch with nine workers has about 30 open
constexpr size_t kMostReserve = 1024;

}  // namespace

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  const rlim_t wanted = std::min(limit.rlim_max, kEnough);
  if (limit.rlim_cur >= wanted) return;
  limit.rlim_cur = wanted;
  (void)setrlimit(RLIMIT_NOFILE, &limit);
}

size_t descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return kEnough;
  return std::min(limit.rlim_cur, kEnough);
}

Status check_descriptor_limit(size_t least) {
  const size_t limit = descriptor_limit();
  if (limit >= least) return {};
  return fail(ErrorKind::kExhausted, "only " + std::to_string(limit) + " files may be open, " +
                                         std::to_string(least) +
                                         " are needed: see ulimit -n, LimitNOFILE=");
}

size_t connections_that_fit(size_t descriptor_limit) {
  const size_t reserve = std::clamp(descriptor_limit / 4, kLeastReserve, kMostReserve);
  if (descriptor_limit <= 2 * reserve) return std::max<size_t>(descriptor_limit / 2, 1);
  return descriptor_limit - reserve;
}

size_t peers_that_fit(size_t descriptor_limit) {
  const size_t taken = connections_that_fit(descriptor_limit);
  return descriptor_limit > taken ? std::max<size_t>((descriptor_limit - taken) / 2, 1) : 1;
}

}  // namespace tandem::loop
