#include "line_splitter.h"

#include <algorithm>

namespace tandem::client {

void LineSplitter::feed(std::string_view bytes) {
  buffer_.erase(0, position_);
  searched_ -= position_;
  position_ = 0;
  buffer_ += bytes;
}

std::optional<Line> LineSplitter::next() {
  while (std::optional<Line> line = cut()) {
    if (line->text.ends_with('\r')) line->text.pop_back();
    const bool blank = line->text.find_first_not_of(" \t") == std::string::npos;
    if (!blank || line->too_long) return line;
  }
  return std::nullopt;
}

std::optional<Line> LineSplitter::cut() {
  size_t end = buffer_.find('\n', std::max(searched_, position_));
  const bool whole =
      end != std::string::npos || (ended_ && (position_ < buffer_.size() || skipping_));
  if (!whole) {
    searched_ = buffer_.size();
    if (buffer_.size() - position_ > max_line_bytes_) {
      // Remembered as too long; its bytes are let go.
      skipping_ = true;
      position_ = buffer_.size();
    }
    return std::nullopt;
  }
  end = std::min(end, buffer_.size());
  Line line;
  line.number = ++last_number_;
  line.too_long = skipping_ || end - position_ > max_line_bytes_;
  if (!line.too_long) line.text = buffer_.substr(position_, end - position_);
  position_ = searched_ = std::min(end + 1, buffer_.size());
  skipping_ = false;
  return line;
}

}  // namespace tandem::client
