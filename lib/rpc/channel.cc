#include "rpc/channel.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "wire/frame.h"

namespace tandem::rpc {
namespace {

// Larger buffers are given back once sent: one large answer must not pin memory for each client.
constexpr size_t kSpareBytes = size_t{256} << 10;
// What there is beside the usual room, as a share of it.
constexpr size_t kReserveShare = 16;
// Lengths on the wire are u32.
constexpr size_t kLongestMessage = size_t{1} << 31;

}  // namespace

Channel::Channel(size_t max_message_bytes, size_t max_queued_bytes)
    : own_max_message_bytes_(std::min(max_message_bytes, kLongestMessage)),
      max_queued_bytes_(max_queued_bytes),
      max_message_bytes_(own_max_message_bytes_) {
  CHECK_MSG(max_message_bytes > kPreambleBytes + wire::kItemHeaderBytes,
            "a message must have room for an item");
}

void Channel::open(uint64_t link, size_t peer_max_message_bytes) {
  link_ = link;
  max_message_bytes_ = std::min(own_max_message_bytes_, peer_max_message_bytes);
  batches_.clear();
  queued_bytes_ = 0;
  sent_ = acknowledged_ = received_ = told_ = 0;
  acknowledge_now_ = false;
}

size_t Channel::max_payload_bytes() const {
  const size_t overhead = kPreambleBytes + wire::kItemHeaderBytes;
  return max_message_bytes_ > overhead ? max_message_bytes_ - overhead : 0;
}

Outgoing Channel::new_batch() {
  Outgoing batch{std::exchange(spare_, {}), {}};
  batch.bytes.assign(kPreambleBytes, '\0');
  return batch;
}

Channel::Added Channel::add(uint64_t id, std::string_view payload, SharedBytes rest, Room room) {
  const size_t payload_bytes = payload.size() + rest.size();
  const size_t bytes = wire::kItemHeaderBytes + payload_bytes;
  if (payload_bytes > max_payload_bytes()) return Added::kTooLarge;
  // An empty queue takes one item of any allowed size.
  const size_t limit =
      max_queued_bytes_ + (room == Room::kReserve ? max_queued_bytes_ / kReserveShare : 0);
  if (queued_bytes_ > 0 && queued_bytes_ + bytes > limit) return Added::kFull;
  if (batches_.empty() || !batches_.back().rest.empty() ||
      batches_.back().size() + bytes > max_message_bytes_) {
    batches_.push_back(new_batch());
  }
  wire::begin_item(batches_.back().bytes, id, payload, rest.size());
  batches_.back().rest = std::move(rest);
  queued_bytes_ += bytes;
  return Added::kYes;
}

bool Channel::acknowledgement_due() const {
  return acknowledge_now_ || received_ - told_ >= kWindow / 4;
}

bool Channel::ready() const {
  return (!batches_.empty() && window_open()) || acknowledgement_due();
}

const Outgoing& Channel::next() {
  CHECK(ready());
  const bool items = !batches_.empty() && window_open();
  std::string preamble;
  append_preamble(preamble, {Kind::kData, link_, items ? sent_ + 1 : 0, received_});
  if (!items) {
    bare_.bytes = std::move(preamble);
    return bare_;
  }
  batches_.front().bytes.replace(0, kPreambleBytes, preamble);
  return batches_.front();
}

void Channel::sent() {
  told_ = received_;
  acknowledge_now_ = false;
  if (batches_.empty() || !window_open()) return;
  ++sent_;
  in_flight_bytes_[sent_ % kWindow] = batches_.front().size() - kPreambleBytes;
  std::string& bytes = batches_.front().bytes;
  if (bytes.capacity() <= kSpareBytes) spare_ = std::move(bytes);
  batches_.pop_front();
}

Channel::Received Channel::receive(const Preamble& preamble) {
  if (preamble.link != link_) return Received::kForeign;
  if (preamble.acknowledged > sent_) return Received::kBroken;
  while (acknowledged_ < preamble.acknowledged) {
    ++acknowledged_;
    queued_bytes_ -= in_flight_bytes_[acknowledged_ % kWindow];
  }
  if (preamble.sequence == 0) return Received::kNothing;
  if (preamble.sequence != received_ + 1) return Received::kBroken;
  ++received_;
  return Received::kItems;
}

}  // namespace tandem::rpc
