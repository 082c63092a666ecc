#include "clocks.h"

#include <fmt/format.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "sim/random.h"

namespace tandem::torture {
namespace {

constexpr double kMostSeconds = 7200;
constexpr uint64_t kParts = 1000;

// As many small steps as large ones.
int64_t some_step(sim::Random& random) {
  const double part = static_cast<double>(random.below(kParts + 1)) / kParts;
  const auto seconds = static_cast<int64_t>(std::llround(std::pow(kMostSeconds, part)));
  return random.chance(500) ? seconds : -seconds;
}

}  // namespace

Status Clocks::make() const {
  std::error_code error;
  std::filesystem::create_directory(directory_, error);
  return error ? fail_errno("cannot make '" + directory_ + "'", error.value()) : Status{};
}

// In place: the shim has the file mapped, and reads a number of so many bytes.
bool Clocks::set(pid_t pid, int64_t seconds) const {
  const std::string path = directory_ + "/" + std::to_string(pid);
  std::fstream file(path, std::ios::in | std::ios::out | std::ios::binary);
  file << fmt::format("{:<31}\n", seconds);
  return file.good();
}

Result<std::string> Clocks::step(const std::vector<pid_t>& pids, uint64_t choice) {
  sim::Random random(choice);
  const bool alike = random.chance(500);
  int64_t seconds = some_step(random);
  std::string told;
  for (const pid_t pid : pids) {
    if (!told.empty() && !alike) seconds = some_step(random);
    if (!set(pid, seconds)) continue;
    stepped_.push_back(pid);
    if (told.empty() || !alike) told += fmt::format("{}{:+} s", told.empty() ? "" : ", ", seconds);
  }
  if (told.empty()) return fail(ErrorKind::kUnavailable, "they are gone");
  return told;
}

void Clocks::set_right() {
  for (const pid_t pid : stepped_) set(pid, 0);
  stepped_.clear();
}

}  // namespace tandem::torture
