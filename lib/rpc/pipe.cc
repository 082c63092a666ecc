#include "rpc/pipe.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "wire/bytes.h"

namespace tandem::rpc {
namespace {

constexpr size_t kLengthBytes = 4;
constexpr size_t kReadBytes = size_t{64} << 10;
constexpr size_t kSendBytesInTurn = size_t{512} << 10;
// Larger buffers are given back once empty: one large message must not pin memory for each pipe.
constexpr size_t kKeepBytes = size_t{256} << 10;

}  // namespace

Pipe::Pipe(Inbox& inbox, uint32_t id, nng_stream* stream, size_t max_message_bytes)
    : max_message_bytes_(max_message_bytes), stream_(stream) {
  move_to_buffer(kReadBytes, 0);
  receive_.emplace(inbox, Completion::What::kReceived, id);
  send_.emplace(inbox, Completion::What::kSent, id);
  receive_more();
}

Pipe::~Pipe() {
  // Closing ends what is under way; the operations wait for that; only then nobody uses the stream.
  nng_stream_close(stream_);
  receive_.reset();
  send_.reset();
  nng_stream_free(stream_);
}

std::pair<char*, size_t> Pipe::Frames::piece(size_t begin) {
  if (begin < bytes.size()) return {bytes.data() + begin, bytes.size() - begin};
  const std::string_view left = rest.view().substr(begin - bytes.size());
  return {const_cast<char*>(left.data()), left.size()};
}

void Pipe::send(std::string_view message, SharedBytes rest) {
  if (waiting_.empty() || !waiting_.back().rest.empty()) {
    waiting_.push_back({std::exchange(spare_, {}), {}});
  }
  Frames& frames = waiting_.back();
  wire::ByteWriter(frames.bytes).u32(static_cast<uint32_t>(message.size() + rest.size()));
  frames.bytes += message;
  frames.rest = std::move(rest);
  if (sending_.empty()) send_more();
}

// What the kernel does not take at once waits for room in an operation of its own; and what would
// hold the loop for long, as the other end may read as fast as this one writes, for the next turn.
void Pipe::send_more() {
  size_t in_turn = 0;
  while (true) {
    if (sending_.empty()) {
      if (waiting_.empty()) return;
      sending_ = std::move(waiting_.front());
      waiting_.pop_front();
    }
    const auto [data, size] = sending_.piece(sent_bytes_);
    const bool goes_on = in_turn < kSendBytesInTurn;
    const size_t sent = goes_on ? immediate_.send(stream_, data, size) : 0;
    if (sent == 0) return nng_stream_send(stream_, send_->over(data, size));
    in_turn += sent;
    count_sent(sent);
  }
}

void Pipe::on_sent(size_t bytes) {
  count_sent(bytes);
  send_more();
}

void Pipe::count_sent(size_t bytes) {
  sent_bytes_ += bytes;
  if (sent_bytes_ < sending_.size()) return;
  sent_bytes_ = 0;
  if (sending_.bytes.capacity() <= kKeepBytes) spare_ = std::move(sending_.bytes);
  spare_.clear();
  sending_ = {};
}

void Pipe::receive_more() {
  nng_stream_recv(
      stream_, receive_->over(received_.get() + received_bytes_, buffer_bytes_ - received_bytes_));
}

// A new one, with what the present one holds from `begin` on.
void Pipe::move_to_buffer(size_t bytes, size_t begin) {
  std::shared_ptr<char[]> buffer = std::make_shared_for_overwrite<char[]>(bytes);
  if (received_bytes_ > 0) std::memcpy(buffer.get(), received_.get() + begin, received_bytes_);
  received_ = std::move(buffer);
  buffer_bytes_ = bytes;
}

SharedBytes Pipe::share(std::string_view part) const {
  if (part.size() < buffer_bytes_ / 2) return SharedBytes(std::string(part));
  return {received_, part};
}

bool Pipe::on_received(size_t bytes, UniqueFunction<void(std::string_view message)> give) {
  received_bytes_ += bytes;
  ++reads_;
  size_t begin = 0;
  size_t wanted = kReadBytes;
  while (received_bytes_ - begin >= kLengthBytes) {
    const std::string_view rest(received_.get() + begin, received_bytes_ - begin);
    const size_t length = wire::ByteReader(rest).u32();
    if (length > max_message_bytes_) return false;
    if (rest.size() - kLengthBytes < length) {
      wanted = std::max(wanted, kLengthBytes + length);
      break;
    }
    give(rest.substr(kLengthBytes, length));
    begin += kLengthBytes + length;
  }
  received_bytes_ -= begin;
  const bool shared = received_.use_count() > 1;
  const bool too_large = received_bytes_ == 0 && buffer_bytes_ > kKeepBytes;
  if (shared || too_large || buffer_bytes_ < wanted) {
    move_to_buffer(wanted, begin);
  } else if (begin > 0) {
    std::memmove(received_.get(), received_.get() + begin, received_bytes_);
  }
  receive_more();
  return true;
}

}  // namespace tandem::rpc
