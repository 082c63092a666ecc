#include "coord/temporary_name.h"

#include <unistd.h>

#include <charconv>
#include <cstdint>
#include <string_view>
#include <vector>

#include "base/ids.h"
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

template <typename Number>
bool take_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size() && number > 0;
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
  pid_t pid = 0;
  if (parts.size() == 1) {
    const std::vector<std::string_view> earlier = split(name, '-');
    if (earlier.size() != 2 || !parse_hex_id(earlier[1]) || !take_number(earlier[0], pid)) {
      return false;
    }
    const auto there = loop::process_identity(pid);
    return !there && there.error().kind == ErrorKind::kNotFound;
  }
  uint64_t start_ticks = 0;
  if (parts.size() != 4 || !take_number(parts[0], pid) || !take_number(parts[1], start_ticks)) {
    return false;
  }
  const auto there = loop::process_identity(pid);
  if (!there) return there.error().kind == ErrorKind::kNotFound;
  return there->start_ticks != start_ticks || there->boot_id != parts[2];
}

}  // namespace tandem::coord
