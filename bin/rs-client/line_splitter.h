// Cuts a stream of bytes into numbered lines, in memory that is bounded by the longest line
// allowed. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::client {

struct Line {
  uint64_t number = 0;  // from 1; empty lines count
  std::string text;     // without its line end; empty where it was too long
  bool too_long = false;
};

class LineSplitter {
 public:
  explicit LineSplitter(size_t max_line_bytes) : max_line_bytes_(max_line_bytes) {}

  void feed(std::string_view bytes);
  // What follows the last line end is a line too.
  void end() { ended_ = true; }

  // The next line that is not blank, or nothing until more is fed.
  std::optional<Line> next();
  // Nothing more will come.
  bool done() const { return ended_ && position_ == buffer_.size() && !skipping_; }

 private:
  std::optional<Line> cut();

  const size_t max_line_bytes_;
  std::string buffer_;
  size_t position_ = 0;  // where the next line starts in buffer_
  size_t searched_ = 0;  // no line end between position_ and here
  uint64_t last_number_ = 0;
  bool skipping_ = false;  // inside a line that is too long
  bool ended_ = false;
};

}  // namespace tandem::client
