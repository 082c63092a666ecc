#include "replica/peers.h"

#include <utility>

#include "base/log.h"
#include "wire/bytes.h"
#include "wire/envelope.h"
#include "wire/frame.h"

namespace tandem::replica {
namespace {

constexpr uint64_t kLongestReconnectMs = 20;  // a group may wait for the peer that comes back

}  // namespace

void Peers::set_address(repl::ReplicaId id, const std::string& url) {
  Link& link = links_[id];
  if (link.url == url) return;
  link.url = url;
  rpc::ClientOptions options;
  options.url = url;
  options.max_message_bytes = wire::kMaxMessageBytes;
  options.longest_reconnect_ms = kLongestReconnectMs;
  link.client = std::make_unique<rpc::Client>(loop_, std::move(options));
  link.client->on_connected([this, &link] { say_hello(link); });
  const Status started = link.client->start();
  if (!started) {
    log::warning("cannot reach a replica", {{"id", id}, {"error", started.error().message}});
    link.client.reset();
  }
}

void Peers::forget(repl::ReplicaId id) { links_.erase(id); }

void Peers::send(const repl::Message& message) {
  Link& link = links_[message.to];
  buffer_.clear();
  wire::ByteWriter(buffer_).u16(static_cast<uint16_t>(wire::Method::kPeer));
  repl::encode(message, buffer_);
  if (link.connected()) {
    link.client->send(buffer_);
    return;
  }
  if (message.type == repl::MessageType::kHello) link.hello = buffer_;
}

void Peers::say_hello(Link& link) {
  if (link.hello.empty()) return;
  link.client->send(link.hello);
  link.hello.clear();
}

}  // namespace tandem::replica
