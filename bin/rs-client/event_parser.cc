#include "event_parser.h"

#include <utility>

namespace tandem::client {

std::optional<Event> EventParser::next() {
  size_t start = 0;
  std::optional<Event> event;
  while (!event) {
    const size_t end = buffer_.find('\n', start);
    if (end == std::string::npos) break;
    std::string_view line(buffer_.data() + start, end - start);
    if (line.ends_with('\r')) line.remove_suffix(1);
    start = end + 1;
    if (!line.empty()) {
      take_field(line);
      continue;
    }
    last_id_ = id_.empty() ? last_id_ : std::exchange(id_, {});
    if (has_data_) event = Event{last_id_, name_.empty() ? "message" : name_, data_};
    name_.clear();
    data_.clear();
    has_data_ = false;
  }
  buffer_.erase(0, start);
  return event;
}

void EventParser::restart() {
  buffer_.clear();
  id_.clear();
  name_.clear();
  data_.clear();
  has_data_ = false;
}

void EventParser::take_field(std::string_view line) {
  if (line.front() == ':') return;  // a comment, which keeps the connection alive
  const size_t colon = line.find(':');
  const std::string_view field = line.substr(0, colon);
  std::string_view value =
      colon == std::string_view::npos ? std::string_view() : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    if (has_data_) data_ += '\n';
    data_ += value;
    has_data_ = true;
  } else if (field == "event") {
    name_ = value;
  } else if (field == "id") {
    id_ = value;
  }
}

}  // namespace tandem::client
