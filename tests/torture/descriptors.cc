#include "descriptors.h"

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <iterator>

#include "sim/random.h"

namespace tandem::torture {
namespace {

constexpr int64_t kMostLess = 2;
constexpr int64_t kMostMore = 6;

int64_t open_descriptors(pid_t pid) {
  std::error_code error;
  const std::filesystem::directory_iterator all("/proc/" + std::to_string(pid) + "/fd", error);
  return error ? 0 : std::distance(begin(all), end(all));
}

}  // namespace

Result<std::string> Descriptors::exhaust(pid_t pid, uint64_t choice) {
  const int64_t open = open_descriptors(pid);
  if (open == 0) return fail(ErrorKind::kUnavailable, "it is gone");
  const int64_t most =
      std::max<int64_t>(0, open + sim::Random(choice).between(-kMostLess, kMostMore));
  rlimit old{};
  if (prlimit(pid, RLIMIT_NOFILE, nullptr, &old) != 0)
    return fail_errno("cannot look at limits", errno);
  rlimit limit = old;
  limit.rlim_cur = static_cast<rlim_t>(most);
  if (prlimit(pid, RLIMIT_NOFILE, &limit, nullptr) != 0)
    return fail_errno("cannot limit descriptors", errno);
  before_.emplace(pid, old);
  return std::to_string(most) + " descriptors, " + std::to_string(open) + " of them open";
}

void Descriptors::give_back() {
  for (const auto& [pid, limit] : before_) prlimit(pid, RLIMIT_NOFILE, &limit, nullptr);
  before_.clear();
}

}  // namespace tandem::torture
