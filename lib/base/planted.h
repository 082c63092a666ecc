// Planted bugs: each switches one rule off, so that a simulator can show that it would notice
// (tests/sim). A library with planted bugs names them in its planted.h: an enumeration Bug whose
// first value is kNone, and their names in the same order. In the libraries that the programs link
// they do not exist: planted() is constant false there. The variants of those libraries that only
// the simulator links are built with TANDEM_PLANTED_BUGS, and one bug may be chosen before a run.
#pragma once

#include <array>
#include <cstddef>
#include <optional>
#include <string_view>

namespace tandem {

template <typename Bug>
using BugNames = std::array<std::string_view, static_cast<size_t>(Bug::kCount)>;

template <typename Bug>
std::optional<Bug> bug_named(const BugNames<Bug>& names, std::string_view name) {
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == name) return static_cast<Bug>(i);
  }
  return std::nullopt;
}

#ifdef TANDEM_PLANTED_BUGS
template <typename Bug>
inline Bug planted_bug = Bug::kNone;
template <typename Bug>
void plant(Bug bug) {
  planted_bug<Bug> = bug;
}
template <typename Bug>
bool planted(Bug bug) {
  return planted_bug<Bug> == bug;
}
#else
template <typename Bug>
constexpr bool planted(Bug) {
  return false;
}
#endif

}  // namespace tandem
