// Streams of a connection.
#include <charconv>

#include "base/log.h"
#include "http/connection.h"

namespace tandem::http {

void Connection::begin_stream(std::string_view content_type, std::span<const NameValue> headers) {
  if (!awaiting_) return detach();
  if (!is_safe(content_type, headers)) {
    answer({.status = 200, .content_type = content_type, .body = {}, .headers = headers});
    return detach();
  }
  keep_alive_ = keep_alive_ && chunked_ && !host_.draining;
  const size_t before = out_.size();
  ResponseHead head = head_of_answer(200, content_type, headers);
  head.length = chunked_ ? ResponseHead::Length::kChunked : ResponseHead::Length::kNone;
  append_head(out_, head);
  finish_request(200, out_.size() - before);
  streaming_ = true;
  if (!is_head_ && !host_.draining && !peer_ended_) return;
  if (stream_is_whole() && !is_head_) {
    die();
  } else {
    finish_stream();
  }
  detach();
}

bool Connection::stream_write(std::string_view bytes) {
  if (!streaming_ || phase_ == Phase::kDead) return false;
  if (bytes.empty()) return true;  // an empty chunk would end the stream
  if (chunked_) {
    char size[16];
    const auto end = std::to_chars(size, size + sizeof size, bytes.size(), 16).ptr;
    out_.append(size, static_cast<size_t>(end - size));
    out_ += "\r\n";
    out_ += bytes;
    out_ += "\r\n";
  } else {
    out_ += bytes;
  }
  count_held();
  const size_t backlog = out_.size() + pending_bytes();
  // The owner of a whole one waits until it is taken.
  const bool too_slow = backlog > host_.limits.stream_backlog_bytes && !stream_is_whole();
  if (too_slow || !host_.buffers.has_room(held_bytes_, 0)) {
    log::debug("dropped a slow reader of an event stream", {{"request_id", request_id_}});
    die();
    return false;
  }
  touch();
  return true;
}

void Connection::end_stream() {
  if (streaming_ && phase_ != Phase::kDead) finish_stream();
}

void Connection::break_stream() {
  if (streaming_) die();
}

void Connection::finish_stream() {
  streaming_ = false;
  if (chunked_ && !is_head_) out_ += "0\r\n\r\n";
  if (!keep_alive_) phase_ = Phase::kClosing;
  if (!in_handler_ && phase_ == Phase::kOpen) parser_.next();
  touch();
}

}  // namespace tandem::http
