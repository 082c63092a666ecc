#include "rpc/server.h"

#include <algorithm>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/ids.h"
#include "base/log.h"
#include "loop/alarm.h"
#include "loop/descriptor_limit.h"
#include "rpc/channel.h"
#include "rpc/flusher.h"
#include "rpc/pending_calls.h"
#include "rpc/protocol.h"
#include "rpc/socket.h"
#include "wire/frame.h"

namespace tandem::rpc {

Reply::Reply(SelfRef<Server> server, Peer peer, uint64_t call_id)
    : server_(std::move(server)), peer_(peer), call_id_(call_id) {}

Reply::Reply(Reply&& other) noexcept
    : note(std::move(other.note)),
      server_(std::exchange(other.server_, {})),
      peer_(other.peer_),
      call_id_(other.call_id_) {}

Reply& Reply::operator=(Reply&& other) noexcept {
  if (this != &other) {
    finish();
    server_ = std::exchange(other.server_, {});
    peer_ = other.peer_;
    call_id_ = other.call_id_;
    note = std::move(other.note);
  }
  return *this;
}

Reply::~Reply() { finish(); }

void Reply::finish() {
  if (pending()) fail({ErrorKind::kUnknown, "the call was dropped without an answer"});
}

void Reply::answer(std::string_view payload, SharedBytes rest) {
  CHECK(pending());
  const SelfRef<Server> server = std::exchange(server_, {});
  if (server) server->reply(peer_, call_id_, payload, std::move(rest));
}

void Reply::fail(const Error& error) {
  CHECK(pending());
  const SelfRef<Server> server = std::exchange(server_, {});
  if (server) server->reply_error(peer_, call_id_, error);
}

namespace {

constexpr uint64_t kFindableMs = 1000;  // between looks whether the socket is there

struct Connection {
  Connection(uint32_t pipe_id, const ServerOptions& options)
      : pipe(pipe_id), channel(options.max_message_bytes, options.max_queued_bytes) {}

  Peer peer() const { return Peer{channel.link()}; }

  const uint32_t pipe;
  Channel channel;
  bool dirty = false;              // is in the list of what is to be flushed
  uint64_t acknowledge_at_ms = 0;  // where an acknowledgement is owed
  const char* broken = nullptr;    // why it is to be given up; nothing more is read or written
  uint64_t last_answer = 0;        // at closing: the message that the client must have received
};

}  // namespace

class Server::Impl final : public SocketEvents {
 public:
  Impl(Server& server, loop::Loop& loop, ServerOptions options, Handler& handler)
      : server_(server),
        loop_(loop),
        options_(std::move(options)),
        handler_(handler),
        flusher_(loop, [this] { flush(); }),
        ticker_(loop, [this] { tick(); }),
        finder_(loop, [this] { stay_findable(); }),
        self_(server) {}

  Result<std::string> start();
  void reply(Peer peer, uint64_t id, std::string_view payload, SharedBytes rest);
  void reply_error(Peer peer, uint64_t id, const Error& error);
  void close_gracefully(uint64_t deadline_ms, UniqueFunction<void()> done);
  size_t peers() const { return by_link_.size(); }
  size_t queued_bytes(Peer peer) const {
    const auto found = by_link_.find(peer.id);
    return found == by_link_.end() ? 0 : found->second->channel.queued_bytes();
  }

  void on_pipe_added(uint32_t) override {}  // it counts from its hello on
  void on_pipe_removed(uint32_t pipe) override { forget(pipe); }
  void on_message(uint32_t pipe, std::string_view message) override;

 private:
  void on_hello(uint32_t pipe, uint64_t earlier_link, std::string_view body);
  void end_earlier_link(uint64_t link);
  void say_goodbye(uint32_t pipe, uint64_t link);
  void complain(const char* why);
  void on_items(Connection& connection, std::string_view body);
  void on_call(Connection& connection, const wire::Item& item);
  void add(Connection& connection, uint64_t id, std::string_view payload, SharedBytes rest);
  void mark_dirty(Connection& connection);
  void mark_broken(Connection& connection, const char* why);
  void forget(uint32_t pipe);
  void flush();
  void flush_connection(Connection& connection);
  void tick();
  void stay_findable();
  bool drained();
  void close();

  Server& server_;
  loop::Loop& loop_;
  const ServerOptions options_;
  Handler& handler_;
  std::unordered_map<uint64_t, std::unique_ptr<Connection>> by_link_;
  std::unordered_map<uint32_t, Connection*> by_pipe_;
  std::vector<Connection*> dirty_;
  Flusher flusher_;
  loop::Alarm ticker_;
  loop::Timer finder_;
  bool missing_told_ = false;
  bool complained_ = false;
  uint64_t complained_at_ms_ = 0;
  bool closing_ = false;
  bool answered_all_ =
      false;  // at closing: every call has its answer, Connection::last_answer is set
  uint64_t close_at_ms_ = 0;
  UniqueFunction<void()> closed_;
  std::unique_ptr<Socket> socket_;  // goes before what its events touch
  const Self<Server> self_;         // last: goes first
};

Result<std::string> Server::Impl::start() {
  Socket::Options options;
  options.max_message_bytes = options_.max_message_bytes;
  options.max_unfinished_bytes = options_.max_unfinished_bytes;
  options.max_pipes = std::min(options_.max_peers, loop::peers_that_fit(loop::descriptor_limit()));
  socket_ = std::make_unique<Socket>(loop_, *this, options);
  Result<std::string> url = socket_->listen(options_.url);
  if (url) finder_.start(kFindableMs, kFindableMs);
  finder_.unref();
  return url;
}

// Somebody may have cleaned up where the socket's file was.
void Server::Impl::stay_findable() {
  if (closing_) return;
  const Result<bool> made = socket_->listen_again_where_missing();
  if (made && *made) {
    log::warning("the socket was removed: it is made again", {{"url", options_.url}});
  } else if (!made && !missing_told_) {
    log::warning(made.error().message);
  }
  missing_told_ = !made;
}

void Server::Impl::on_message(uint32_t pipe, std::string_view message) {
  Preamble preamble;
  const bool well_formed = take_preamble(message, preamble);
  if (well_formed && preamble.kind == Kind::kHello) {
    return on_hello(pipe, preamble.link, message);
  }
  const auto found = by_pipe_.find(pipe);
  if (found == by_pipe_.end()) {
    // Left over from an earlier connection of that client, or sent before it knew of our goodbye.
    if (well_formed) return say_goodbye(pipe, preamble.link);
    return complain("message that is not of this protocol or version");
  }
  Connection& connection = *found->second;
  if (connection.broken != nullptr) return;
  if (!well_formed || preamble.kind != Kind::kData) {
    return mark_broken(connection, "malformed message");
  }
  const bool owed = connection.channel.owes_acknowledgement();
  switch (connection.channel.receive(preamble)) {
    case Channel::Received::kForeign:
      return;
    case Channel::Received::kBroken:
      return mark_broken(connection, "messages were lost");
    case Channel::Received::kItems:
      on_items(connection, message);
      break;
    case Channel::Received::kNothing:
      break;
  }
  if (connection.channel.ready()) mark_dirty(connection);
  if (owed || !connection.channel.owes_acknowledgement()) return;
  connection.acknowledge_at_ms = loop_.now_ms() + kAcknowledgeMs;
  ticker_.ring_by_ms(connection.acknowledge_at_ms);
}

void Server::Impl::on_hello(uint32_t pipe, uint64_t earlier_link, std::string_view body) {
  Greeting greeting;
  if (!decode_greeting(body, greeting)) return complain("malformed hello");
  forget(pipe);
  end_earlier_link(earlier_link);
  if (closing_) return;  // the client goes on waiting, and finds whoever listens here next
  const uint64_t link = random_id();
  const std::string welcome = greeting_message({.kind = Kind::kWelcome, .link = link},
                                               {greeting.nonce, options_.max_message_bytes});
  socket_->send(pipe, welcome);
  auto connection = std::make_unique<Connection>(pipe, options_);
  connection->channel.open(link, greeting.max_message_bytes);
  by_pipe_[pipe] = connection.get();
  by_link_[link] = std::move(connection);
}

// The client has given that connection up. Where the network had lost its end, this is how the
// server learns of it; and what the network still delivers there must not come after newer
// messages.
void Server::Impl::end_earlier_link(uint64_t link) {
  const auto found = by_link_.find(link);
  if (found != by_link_.end()) socket_->close(found->second->pipe);
}

void Server::Impl::say_goodbye(uint32_t pipe, uint64_t link) {
  std::string goodbye;
  append_preamble(goodbye, {.kind = Kind::kGoodbye, .link = link});
  socket_->send(pipe, goodbye);
}

// Once a second: a peer that is at fault tends to stay so.
void Server::Impl::complain(const char* why) {
  const uint64_t now_ms = loop_.now_ms();
  if (complained_ && now_ms < complained_at_ms_ + 1000) return;
  complained_ = true;
  complained_at_ms_ = now_ms;
  log::warning("a client is at fault", {{"url", server_.url_}, {"why", why}});
}

void Server::Impl::on_items(Connection& connection, std::string_view body) {
  wire::ItemReader items(body);
  wire::Item item;
  while (items.next(item)) {
    if (item.id == 0) {
      handler_.on_message(connection.peer(), item.payload);
    } else {
      on_call(connection, item);
    }
  }
  if (!items.ok()) mark_broken(connection, "malformed message");
}

void Server::Impl::on_call(Connection& connection, const wire::Item& item) {
  ++server_.outstanding_;  // the reply takes it back
  Reply reply(self_.ref(), connection.peer(), item.id);
  if (closing_) return reply.fail({ErrorKind::kUnavailable, "shutting down"});
  if (server_.outstanding_ > options_.max_outstanding) {
    return reply.fail({ErrorKind::kUnavailable, "too many calls wait for their answer"});
  }
  handler_.on_call(std::move(reply), item.payload);
}

void Server::Impl::reply(Peer peer, uint64_t id, std::string_view payload, SharedBytes rest) {
  --server_.outstanding_;
  const auto found = by_link_.find(peer.id);
  if (found != by_link_.end()) add(*found->second, id, payload, std::move(rest));
}

void Server::Impl::reply_error(Peer peer, uint64_t id, const Error& error) {
  reply(peer, id | kErrorBit, encode_error(error), {});
}

void Server::Impl::add(Connection& connection, uint64_t id, std::string_view payload,
                       SharedBytes rest) {
  if (connection.broken != nullptr) return;
  const size_t payload_bytes = payload.size() + rest.size();
  Channel::Added added = connection.channel.add(id, payload, std::move(rest));
  if (added == Channel::Added::kTooLarge) {
    const std::string error = encode_error(
        {ErrorKind::kTooLarge,
         "the answer has " + std::to_string(payload_bytes) + " bytes: at most " +
             std::to_string(connection.channel.max_payload_bytes()) + " fit into a message"});
    added = connection.channel.add(id | kErrorBit, error);
  }
  if (added == Channel::Added::kFull) {
    // It may be busy, and is told of each answer that it misses.
    const std::string error = encode_error(
        {ErrorKind::kUnknown, "the answer is dropped: too many wait to be taken by this client"});
    added = connection.channel.add(id | kErrorBit, error, Channel::Room::kReserve);
  }
  // Where not even that fits the client would never learn its outcome.
  if (added != Channel::Added::kYes) {
    return mark_broken(connection, "the client does not take its answers");
  }
  mark_dirty(connection);
}

void Server::Impl::mark_dirty(Connection& connection) {
  flusher_.request();
  if (connection.dirty) return;
  connection.dirty = true;
  dirty_.push_back(&connection);
}

// Given up in the next flush, so that nobody's Connection goes while its items are read.
void Server::Impl::mark_broken(Connection& connection, const char* why) {
  connection.broken = why;
  mark_dirty(connection);
}

void Server::Impl::forget(uint32_t pipe) {
  const auto found = by_pipe_.find(pipe);
  if (found == by_pipe_.end()) return;
  Connection* connection = found->second;
  const Peer peer = connection->peer();
  std::erase(dirty_, connection);
  by_pipe_.erase(found);
  by_link_.erase(peer.id);
  handler_.on_peer_gone(peer);
}

void Server::Impl::flush() {
  if (socket_ == nullptr) return;
  std::vector<Connection*> broken;
  for (Connection* connection : std::exchange(dirty_, {})) {
    connection->dirty = false;
    if (connection->broken != nullptr) {
      broken.push_back(connection);
    } else {
      flush_connection(*connection);
    }
  }
  for (Connection* connection : broken) {
    complain(connection->broken);
    say_goodbye(connection->pipe, connection->channel.link());
    forget(connection->pipe);
  }
}

void Server::Impl::flush_connection(Connection& connection) {
  while (connection.channel.ready()) {
    const Outgoing& message = connection.channel.next();
    socket_->send(connection.pipe, message.bytes, message.rest);
    connection.channel.sent();
  }
}

void Server::Impl::tick() {
  const uint64_t now_ms = loop_.now_ms();
  uint64_t next_ms = UINT64_MAX;
  for (auto& [link, connection] : by_link_) {
    if (!connection->channel.owes_acknowledgement()) continue;
    if (now_ms < connection->acknowledge_at_ms) {
      next_ms = std::min(next_ms, connection->acknowledge_at_ms);
      continue;
    }
    connection->channel.acknowledge_now();
    mark_dirty(*connection);
  }
  if (closing_) {
    if (drained() || now_ms >= close_at_ms_) return close();
    next_ms = std::min(next_ms, now_ms + kTickMs);
  }
  if (next_ms != UINT64_MAX) ticker_.ring_by_ms(next_ms);
}

bool Server::Impl::drained() {
  if (!answered_all_) {
    if (server_.outstanding_ > 0) return false;
    answered_all_ = true;
    for (auto& [link, connection] : by_link_) {
      connection->last_answer = connection->channel.last_batch();
    }
  }
  for (const auto& [link, connection] : by_link_) {
    if (connection->channel.acknowledged_sequence() < connection->last_answer) return false;
  }
  return true;
}

void Server::Impl::close_gracefully(uint64_t deadline_ms, UniqueFunction<void()> done) {
  CHECK(!closing_ && socket_ != nullptr);
  closing_ = true;
  close_at_ms_ = loop_.now_ms() + deadline_ms;
  closed_ = std::move(done);
  ticker_.ring_by_ms(loop_.now_ms() + kTickMs);
}

void Server::Impl::close() {
  ticker_.stop();
  socket_.reset();
  dirty_.clear();
  by_pipe_.clear();
  by_link_.clear();
  UniqueFunction<void()> closed = std::move(closed_);
  if (closed) closed();
}

Server::Server(loop::Loop& loop, ServerOptions options, Handler& handler)
    : impl_(std::make_unique<Impl>(*this, loop, std::move(options), handler)) {}
Server::~Server() = default;

Status Server::start() {
  Result<std::string> url = impl_->start();
  if (!url) return fail(url.error());
  url_ = *std::move(url);
  return {};
}

void Server::close_gracefully(uint64_t deadline_ms, UniqueFunction<void()> done) {
  impl_->close_gracefully(deadline_ms, std::move(done));
}

size_t Server::peers() const { return impl_->peers(); }

size_t Server::queued_bytes(Peer peer) const { return impl_->queued_bytes(peer); }

void Server::reply(Peer peer, uint64_t call_id, std::string_view payload, SharedBytes rest) {
  impl_->reply(peer, call_id, payload, std::move(rest));
}

void Server::reply_error(Peer peer, uint64_t call_id, const Error& error) {
  impl_->reply_error(peer, call_id, error);
}

}  // namespace tandem::rpc
