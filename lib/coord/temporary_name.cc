#include "coord/temporary_name.h"

#include <unistd.h>

#include <cstdint>
#include <string_view>
#include <vector>

#include "base/ids.h"
#include "base/number.h"
#include "loop/process.h"

namespace tandem::coord {
namespace {

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const size_t end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

}  // namespace

std::string temporary_name() {
  const std::string pid = std::to_string(getpid());
  const std::string random = hex_id(random_id());
  const auto own = loop::process_identity(getpid());
  // Without a descriptor left nothing can be read: then as an earlier program.
  if (!own) return pid + "-" + random;
  return pid + "." + std::to_string(own->start_ticks) + "." + own->boot_id + "." + random;
}

bool is_abandoned(const std::string& name) {
  const std::vector<std::string_view> parts = split(name, '.');
  if (parts.size() == 1) {
    const std::vector<std::string_view> earlier = split(name, '-');
    const auto pid = parse_number<pid_t>(earlier[0], 1);
    if (earlier.size() != 2 || !parse_hex_id(earlier[1]) || !pid) return false;
    const auto there = loop::process_identity(*pid);
    return !there && there.error().kind == ErrorKind::kNotFound;
  }
  if (parts.size() != 4) return false;
  const auto pid = parse_number<pid_t>(parts[0], 1);
  const auto start_ticks = parse_number<uint64_t>(parts[1], 1);
  if (!pid || !start_ticks) return false;
  const auto there = loop::process_identity(*pid);
  if (!there) return there.error().kind == ErrorKind::kNotFound;
  return there->start_ticks != *start_ticks || there->boot_id != parts[2];
}

}  // namespace tandem::coord
