#include "rpc/pipe.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "wire/bytes.h"

namespace tandem::rpc {
namespace {

constexpr size_t kLengthBytes = 4;
constexpr size_t kReadBytes = size_t{64} << 10;
// Larger buffers are given back once empty: one large message must not pin memory for each pipe.
constexpr size_t kKeepBytes = size_t{256} << 10;

}  // namespace

Pipe::Pipe(Inbox& inbox, uint32_t id, nng_stream* stream, size_t max_message_bytes)
    : max_message_bytes_(max_message_bytes), stream_(stream), received_(kReadBytes, '\0') {
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

void Pipe::send(std::string_view message) {
  wire::ByteWriter(waiting_).text(message);
  if (sending_.empty()) send_more();
}

// What the kernel does not take at once waits for room in an operation of its own.
void Pipe::send_more() {
  while (true) {
    if (sending_.empty()) std::swap(sending_, waiting_);
    if (sending_.empty()) return;
    char* data = sending_.data() + sent_bytes_;
    const size_t size = sending_.size() - sent_bytes_;
    const size_t sent = immediate_.send(stream_, data, size);
    if (sent == 0) return nng_stream_send(stream_, send_->over(data, size));
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
  sending_.clear();
  if (sending_.capacity() > kKeepBytes) sending_.shrink_to_fit();
}

void Pipe::receive_more() {
  nng_stream_recv(stream_, receive_->over(received_.data() + received_bytes_,
                                          received_.size() - received_bytes_));
}

bool Pipe::on_received(size_t bytes, UniqueFunction<void(std::string_view message)> give) {
  received_bytes_ += bytes;
  ++reads_;
  size_t begin = 0;
  size_t wanted = kReadBytes;
  while (received_bytes_ - begin >= kLengthBytes) {
    const std::string_view rest(received_.data() + begin, received_bytes_ - begin);
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
  if (begin > 0) std::memmove(received_.data(), received_.data() + begin, received_bytes_);
  if (received_.size() < wanted) received_.resize(wanted);
  if (received_bytes_ == 0 && received_.size() > kKeepBytes) {
    received_.resize(kReadBytes);
    received_.shrink_to_fit();
  }
  receive_more();
  return true;
}

}  // namespace tandem::rpc
