// What top shows: the lines of a screen, out of two looks at the services. Pure.
//
// Everything has its place: a replica that dies keeps its row, and what comes and goes (reasons,
// events) stands where nothing else moves for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "look.h"
#include "wire/json.h"

namespace tandem::client {

struct TopLook {
  std::vector<Seen> seen;
  wire::Json::Array events;  // the newest ones, as the services list them
  int64_t at_ms = 0;         // wall clock
};

struct TopLine {
  enum class Style { kPlain, kTitle, kHead, kBad, kDim };
  Style style = Style::kPlain;
  std::string text;  // printable; no wider than the screen
  bool operator==(const TopLine&) const = default;
};

struct TopScreen {
  size_t columns = 80;
  size_t rows = 24;
};

// `before` may be null: then there are no rates yet. Exactly screen.rows lines.
std::vector<TopLine> top_lines(const TopLook& now, const TopLook* before, const TopScreen& screen,
                               bool paused);

// Cut so that it takes no more than so many columns; what was cut ends with "…".
std::string fitted(const std::string& printable_text, size_t columns);

}  // namespace tandem::client
