// Server-sent events (the "text/event-stream" format of the HTML standard) out of a stream of
// bytes. Pure.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace tandem::client {

struct Event {
  std::string id;    // the last one given, also by an earlier event
  std::string name;  // "message" where none is given
  std::string data;
};

class EventParser {
 public:
  void feed(std::string_view bytes) { buffer_ += bytes; }
  // The next whole event that has data.
  std::optional<Event> next();
  // A new connection: what was cut off is dropped, the last id stays.
  void restart();

  const std::string& last_id() const { return last_id_; }
  void set_last_id(std::string id) { last_id_ = std::move(id); }
  // Bytes of an event that is not complete yet.
  size_t pending_bytes() const { return buffer_.size() + data_.size(); }

 private:
  void take_field(std::string_view line);

  std::string buffer_;
  std::string last_id_;
  std::string id_;  // of the event being read
  std::string name_;
  std::string data_;
  bool has_data_ = false;
};

}  // namespace tandem::client
