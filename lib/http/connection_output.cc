// Connection: how answers leave.
#include <algorithm>
#include <utility>

#include "http/connection.h"

namespace tandem::http {
namespace {

// A longer body goes to the kernel from where its handler has it; what is left is copied only where
// it is not shared.
constexpr size_t kCopiedBytes = 32 << 10;
// Of one connection in a turn, but for the first: what the kernel takes then nobody holds. After
// that it goes on taking megabytes, from every connection at once.
constexpr size_t kPieceBytes = 256 << 10;

}  // namespace

bool Connection::has_output_room() {
  const size_t limit = host_.limits.output_bytes;
  if (out_.size() <= kKeptBytes && !write_pending_) return true;
  const bool has_room = host_.buffers.has_room(held_bytes_, 0);
  if (out_.size() <= limit && !write_pending_ && has_room) return true;
  if (!write_out()) return false;
  return !write_pending_ || (has_room && out_.size() + pending_bytes() <= limit);
}

// A short answer always goes out: its request may have changed something.
bool Connection::has_room_for(const Response& response) {
  const size_t bytes = is_head_ ? 0 : response.body.size();
  return bytes <= BufferBudget::kLittleBytes || host_.buffers.has_room(held_bytes_, bytes);
}

void Connection::put_body(std::string_view body, const SharedBytes& shared) {
  if (body.size() > kCopiedBytes) {
    if (!write_out()) return;
    if (!write_pending_) {
      const int64_t written = stream_.try_write(body);
      if (written < 0) return die();
      const auto begin = static_cast<size_t>(written);
      if (begin == body.size()) return;
      SharedBytes left =
          shared.empty() ? SharedBytes(std::string(body.substr(begin))) : shared.from(begin);
      return write_later(std::move(left), body.size() - begin);
    }
  }
  out_ += body;
}

void Connection::write_later(SharedBytes bytes, size_t held_bytes) {
  write_pending_ = true;
  writing_bytes_ = held_bytes;
  writing_since_ms_ = host_.loop.now_ms();
  unwritten_ = std::move(bytes);
  write_piece();
}

void Connection::write_piece() {
  const size_t bytes = std::min(unwritten_.size(), kPieceBytes);
  stream_.write(unwritten_.first(bytes));
  unwritten_ = bytes == unwritten_.size() ? SharedBytes() : unwritten_.from(bytes);
}

// False where the connection broke.
bool Connection::write_out() {
  if (write_pending_ || out_.empty()) return true;
  const int64_t written = stream_.try_write(out_);
  if (written < 0) {
    die();
    return false;
  }
  if (static_cast<size_t>(written) == out_.size()) {
    clear(out_, kKeptBytes);
    return true;
  }
  const size_t held_bytes = out_.capacity();
  write_later(SharedBytes(std::exchange(out_, {})).from(static_cast<size_t>(written)), held_bytes);
  return true;
}

void Connection::on_drained() {
  if (unwritten_.empty()) {
    write_pending_ = false;
    writing_bytes_ = 0;
  }
  touch();
}

void Connection::flush() {
  if (phase_ == Phase::kDead) return;
  if (stream_over_) {
    stream_over_ = false;
    detach_and_tell();
  }
  if (!unwritten_.empty() && stream_.pending_bytes() == 0) write_piece();
  if (!write_out()) return;
  const bool all_written = !write_pending_ && out_.empty();
  if (peer_ended_ && phase_ == Phase::kOpen && !busy() && !has_input()) phase_ = Phase::kClosing;
  if (phase_ == Phase::kClosing && all_written && !busy()) return linger();
  // There may be room again for requests that had to wait.
  if (phase_ == Phase::kOpen && all_written && !busy() && reading_paused_) touch();
  update_wait();
  count_held();
  if (streaming_ && all_written) tell_taken();
}

void Connection::count_held() {
  if (phase_ == Phase::kDead) return;
  const size_t held = parser_.held_bytes() + handled_bytes_ + input_.capacity() +
                      decoded_path_.capacity() + decoded_query_.capacity() + out_.capacity() +
                      writing_bytes_;
  host_.buffers.change(held_bytes_, held);
  held_bytes_ = held;
}

std::optional<uint64_t> Connection::slow_since_ms(uint64_t now_ms) const {
  if (phase_ == Phase::kDead || !write_pending_) return std::nullopt;
  if (writing_bytes_ <= BufferBudget::kLittleBytes) return std::nullopt;
  if (now_ms - writing_since_ms_ < host_.limits.slow_timeout_ms) return std::nullopt;
  return writing_since_ms_;
}

bool Connection::dawdles(uint64_t now_ms) const {
  if (phase_ != Phase::kOpen || wait_ != Wait::kRequest || !parser_.is_in_head()) return false;
  return now_ms + host_.limits.request_timeout_ms >= deadline_ms_ + host_.limits.head_time_ms;
}

void Connection::trim() {
  if (!idle()) return;
  parser_.trim();
  for (std::string* text : {&out_, &input_, &decoded_path_, &decoded_query_}) clear(*text, 0);
  count_held();
}

void Connection::linger() {
  // Nothing more will come: closing now loses nothing.
  if (peer_ended_) return die();
  phase_ = Phase::kLingering;
  stream_.shutdown();
  if (std::exchange(reading_paused_, false)) stream_.resume_reading();
  update_wait();
}

}  // namespace tandem::http
