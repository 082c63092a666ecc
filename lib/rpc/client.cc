#include "rpc/client.h"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/ids.h"
#include "base/log.h"
#include "loop/alarm.h"
#include "rpc/channel.h"
#include "rpc/flusher.h"
#include "rpc/pending_calls.h"
#include "rpc/protocol.h"
#include "rpc/silence.h"
#include "rpc/socket.h"
#include "rpc/url.h"
#include "wire/frame.h"

namespace tandem::rpc {

class Client::Impl final : public SocketEvents {
 public:
  Impl(loop::Loop& loop, ClientOptions options)
      : loop_(loop),
        options_(std::move(options)),
        channel_(options_.max_message_bytes, options_.max_queued_bytes),
        calls_(loop.now_ms()),
        flusher_(loop, [this] { flush(); }),
        ticker_(loop, [this] { tick(); }),
        silence_ms_(is_tcp(options_.url) ? options_.silence_ms : 0),
        watch_(loop, [this] { watch(); }) {}

  Status start();
  void call(std::string_view payload, uint64_t timeout_ms, Completion done);
  SharedBytes share(std::string_view outcome) const { return socket_->share(pipe_, outcome); }
  bool send(std::string_view payload);
  bool connected() const { return connected_; }
  bool awaits_acknowledgement() const { return connected_ && channel_.awaits_acknowledgement(); }
  size_t outstanding() const { return calls_.size() + rejected_.size(); }
  const std::string& url() const { return options_.url; }
  void close_gracefully(uint64_t deadline_ms, UniqueFunction<void()> done);

  void on_pipe_added(uint32_t pipe) override;
  void on_pipe_removed(uint32_t pipe) override;
  void on_message(uint32_t pipe, std::string_view message) override;

  UniqueFunction<void()> connected_callback;
  UniqueFunction<void()> disconnected_callback;

 private:
  struct Rejected {
    Completion done;
    Error error;
  };

  void say_hello();
  void on_welcome(uint64_t link, std::string_view body);
  void on_items(std::string_view body);
  void complete(const wire::Item& item);
  void add_to_channel(uint64_t id, std::string_view payload);
  void wait_for_connection(uint64_t id);
  void send_waiting();
  void reject(Completion done, ErrorKind kind, std::string message);
  void fail_call(PendingCalls::Call call, const char* why);
  void disconnect();
  void renew_link();
  void end_link();
  void flush();
  void tick();
  void start_watching();
  void watch();
  bool drained() const;
  void close();
  std::string too_large(size_t bytes) const;

  loop::Loop& loop_;
  const ClientOptions options_;
  Channel channel_;
  PendingCalls calls_;
  std::deque<uint64_t> waiting_;  // calls that wait for a connection, in order; some may be over
  size_t waiting_bytes_ = 0;
  std::vector<Rejected> rejected_;  // failed at once; told from the loop
  uint32_t pipe_ = 0;               // 0: none
  uint64_t nonce_ = 0;              // of the hello that is not yet answered, else 0
  uint64_t last_link_ = 0;          // the present or the latest one, which the next hello ends
  bool hello_due_ = false;
  bool connected_ = false;
  bool closing_ = false;
  uint64_t close_at_ms_ = 0;
  UniqueFunction<void()> closed_;
  uint64_t acknowledge_at_ms_ = 0;  // where an acknowledgement is owed
  Flusher flusher_;
  loop::Alarm ticker_;
  const uint64_t silence_ms_;  // 0: silence means nothing
  Silence silence_;
  loop::Timer watch_;               // runs while the server owes something
  std::unique_ptr<Socket> socket_;  // last: goes first
};

Status Client::Impl::start() {
  CHECK(socket_ == nullptr);
  Socket::Options options;
  options.max_message_bytes = options_.max_message_bytes;
  options.reconnect_ms = options_.reconnect_ms;
  options.longest_reconnect_ms = options_.longest_reconnect_ms;
  options.connect_timeout_ms = silence_ms_;
  socket_ = std::make_unique<Socket>(loop_, *this, options);
  return socket_->dial(options_.url);
}

void Client::Impl::call(std::string_view payload, uint64_t timeout_ms, Completion done) {
  if (closing_) return reject(std::move(done), ErrorKind::kUnavailable, "shutting down");
  if (outstanding() >= options_.max_outstanding) {
    return reject(std::move(done), ErrorKind::kUnavailable,
                  "too many calls to '" + options_.url + "' are outstanding");
  }
  if (payload.size() > channel_.max_payload_bytes()) {
    return reject(std::move(done), ErrorKind::kTooLarge, too_large(payload.size()));
  }
  PendingCalls::Call pending;
  pending.done = std::move(done);
  const uint64_t id = calls_.add(std::move(pending), loop_.now_ms(), timeout_ms);
  // The wheel's ticks are this long, and one more makes sure that it is over.
  ticker_.ring_by_ms(loop_.now_ms() + timeout_ms + kTickMs);
  if (connected_) return add_to_channel(id, payload);
  if (waiting_bytes_ + payload.size() > options_.max_queued_bytes) {
    return reject(std::move(calls_.take(id)->done), ErrorKind::kUnavailable,
                  "too much waits for a connection to '" + options_.url + "'");
  }
  calls_.find(id)->payload = payload;
  wait_for_connection(id);
}

bool Client::Impl::send(std::string_view payload) {
  if (!connected_ || closing_) return false;
  if (channel_.add(0, payload) != Channel::Added::kYes) return false;
  flusher_.request();
  return true;
}

void Client::Impl::add_to_channel(uint64_t id, std::string_view payload) {
  switch (channel_.add(id, payload)) {
    case Channel::Added::kYes:
      calls_.find(id)->batch = channel_.last_batch();
      flusher_.request();
      break;
    case Channel::Added::kTooLarge:
      reject(std::move(calls_.take(id)->done), ErrorKind::kTooLarge, too_large(payload.size()));
      break;
    case Channel::Added::kFull:
      reject(std::move(calls_.take(id)->done), ErrorKind::kUnavailable,
             "too much waits to be sent to '" + options_.url + "'");
      break;
  }
}

std::string Client::Impl::too_large(size_t bytes) const {
  return "the request has " + std::to_string(bytes) + " bytes: at most " +
         std::to_string(channel_.max_payload_bytes()) + " fit into a message";
}

void Client::Impl::wait_for_connection(uint64_t id) {
  waiting_bytes_ += calls_.find(id)->payload.size();
  waiting_.push_back(id);
  // Calls that are over leave their ids behind.
  if (waiting_.size() > 2 * calls_.size() + 64) {
    std::erase_if(waiting_, [this](uint64_t each) { return calls_.find(each) == nullptr; });
  }
}

void Client::Impl::send_waiting() {
  for (const uint64_t id : std::exchange(waiting_, {})) {
    PendingCalls::Call* call = calls_.find(id);
    if (call == nullptr) continue;
    const std::string payload = std::exchange(call->payload, {});
    waiting_bytes_ -= payload.size();
    add_to_channel(id, payload);
  }
}

// Told in the next flush: call() has not returned yet.
void Client::Impl::reject(Completion done, ErrorKind kind, std::string message) {
  rejected_.push_back({std::move(done), {kind, std::move(message)}});
  flusher_.request();
}

void Client::Impl::on_pipe_added(uint32_t pipe) {
  disconnect();
  pipe_ = pipe;
  silence_.reset();
  say_hello();
}

void Client::Impl::on_pipe_removed(uint32_t pipe) {
  if (pipe == pipe_) disconnect();
}

void Client::Impl::say_hello() {
  nonce_ = random_id();
  const std::string hello = greeting_message({.kind = Kind::kHello, .link = last_link_},
                                             {nonce_, options_.max_message_bytes});
  hello_due_ = false;
  socket_->send(pipe_, hello);
  start_watching();
}

void Client::Impl::on_message(uint32_t pipe, std::string_view message) {
  if (pipe != pipe_) return;
  Preamble preamble;
  if (!take_preamble(message, preamble)) return renew_link();
  if (preamble.kind == Kind::kWelcome) return on_welcome(preamble.link, message);
  if (!connected_ || preamble.link != channel_.link()) return;
  if (preamble.kind != Kind::kData) return renew_link();
  const bool owed = channel_.owes_acknowledgement();
  switch (channel_.receive(preamble)) {
    case Channel::Received::kForeign:
      return;
    case Channel::Received::kBroken:
      return renew_link();
    case Channel::Received::kItems:
      on_items(message);
      break;
    case Channel::Received::kNothing:
      break;
  }
  if (channel_.ready()) flusher_.request();
  if (owed || !channel_.owes_acknowledgement()) return;
  acknowledge_at_ms_ = loop_.now_ms() + kAcknowledgeMs;
  ticker_.ring_by_ms(acknowledge_at_ms_);
}

void Client::Impl::on_welcome(uint64_t link, std::string_view body) {
  Greeting greeting;
  if (!decode_greeting(body, greeting)) return renew_link();
  if (nonce_ == 0 || greeting.nonce != nonce_) return;  // the answer to an earlier hello
  nonce_ = 0;
  hello_due_ = false;
  channel_.open(link, greeting.max_message_bytes);
  last_link_ = link;
  connected_ = true;
  send_waiting();
  if (connected_callback) connected_callback();
}

void Client::Impl::on_items(std::string_view body) {
  wire::ItemReader items(body);
  wire::Item item;
  while (items.next(item)) complete(item);
  if (!items.ok()) renew_link();
}

void Client::Impl::complete(const wire::Item& item) {
  std::optional<PendingCalls::Call> call = calls_.take(item.id & ~kErrorBit);
  if (!call) return;  // its deadline has passed
  if ((item.id & kErrorBit) != 0) return call->done(fail(decode_error(item.payload)));
  call->done(item.payload);
}

// `call` is out of the table: tells what is known of it.
void Client::Impl::fail_call(PendingCalls::Call call, const char* why) {
  const bool sent = call.batch != 0 && call.batch <= channel_.sent_sequence();
  waiting_bytes_ -= call.payload.size();
  std::string message = "'" + options_.url + "': " + why;
  if (!connected_ && socket_file_is_missing(options_.url)) message += " (its file is missing)";
  call.done(fail(sent ? ErrorKind::kUnknown : ErrorKind::kUnavailable, std::move(message)));
}

void Client::Impl::disconnect() {
  pipe_ = 0;
  hello_due_ = false;
  end_link();
}

// The next hello waits for a tick: a server that is always at fault is not asked in a tight loop.
void Client::Impl::renew_link() {
  end_link();
  hello_due_ = true;
  ticker_.ring_by_ms(loop_.now_ms() + kTickMs);
}

void Client::Impl::end_link() {
  nonce_ = 0;
  if (!std::exchange(connected_, false)) return;
  // Completions may call again: those calls wait for the next connection.
  for (PendingCalls::Call& call : calls_.take_batched()) {
    fail_call(std::move(call), "the connection broke");
  }
  channel_.open(0, options_.max_message_bytes);
  if (disconnected_callback) disconnected_callback();
}

void Client::Impl::flush() {
  for (Rejected& each : std::exchange(rejected_, {})) each.done(fail(std::move(each.error)));
  while (connected_ && channel_.ready()) {
    const Outgoing& message = channel_.next();
    socket_->send(pipe_, message.bytes, message.rest);
    channel_.sent();
  }
  if (awaits_acknowledgement()) start_watching();
}

void Client::Impl::start_watching() {
  if (silence_ms_ == 0 || watch_.active()) return;
  const uint64_t pause_ms = std::max<uint64_t>(silence_ms_ / Silence::kLooks, 1);
  watch_.start(pause_ms, pause_ms);
}

void Client::Impl::watch() {
  if (nonce_ == 0 && !awaits_acknowledgement()) {
    watch_.stop();
    return silence_.reset();
  }
  if (!silence_.look(channel_.awaited_bytes(), socket_->reads(pipe_))) return;
  // Said when a link is lost, not after each hello in vain: a peer may stay away for long.
  if (connected_) log::info("connection given up: the peer is silent", {{"url", options_.url}});
  socket_->close(pipe_);
}

void Client::Impl::tick() {
  for (PendingCalls::Call& call : calls_.expire(loop_.now_ms())) {
    if (call.batch == 0) {
      fail_call(std::move(call), "not connected in time");
    } else {
      call.done(fail(ErrorKind::kTimeout, "'" + options_.url + "': no answer in time"));
    }
  }
  if (hello_due_) say_hello();
  const uint64_t now_ms = loop_.now_ms();
  const bool owes = connected_ && channel_.owes_acknowledgement();
  if (owes && now_ms >= acknowledge_at_ms_) channel_.acknowledge_now();
  if (connected_ && channel_.ready()) flusher_.request();
  if (closing_) {
    if (drained() || now_ms >= close_at_ms_) return close();
    ticker_.ring_by_ms(now_ms + kTickMs);
  }
  if (owes) ticker_.ring_by_ms(std::max(acknowledge_at_ms_, now_ms + 1));
  if (calls_.size() > 0) ticker_.ring_by_ms(calls_.next_expiry_ms());
}

bool Client::Impl::drained() const {
  return outstanding() == 0 &&
         (!connected_ || channel_.acknowledged_sequence() == channel_.last_batch());
}

void Client::Impl::close_gracefully(uint64_t deadline_ms, UniqueFunction<void()> done) {
  CHECK(!closing_ && socket_ != nullptr);
  closing_ = true;
  close_at_ms_ = loop_.now_ms() + deadline_ms;
  closed_ = std::move(done);
  ticker_.ring_by_ms(loop_.now_ms() + kTickMs);
}

void Client::Impl::close() {
  ticker_.stop();
  watch_.stop();
  socket_.reset();
  pipe_ = 0;
  nonce_ = 0;
  connected_ = false;
  for (PendingCalls::Call& call : calls_.take_all()) fail_call(std::move(call), "shutting down");
  UniqueFunction<void()> closed = std::move(closed_);
  if (closed) closed();
}

Client::Client(loop::Loop& loop, ClientOptions options)
    : impl_(std::make_unique<Impl>(loop, std::move(options))) {}
Client::~Client() = default;

void Client::on_connected(UniqueFunction<void()> callback) {
  impl_->connected_callback = std::move(callback);
}
void Client::on_disconnected(UniqueFunction<void()> callback) {
  impl_->disconnected_callback = std::move(callback);
}
Status Client::start() { return impl_->start(); }
void Client::call(std::string_view payload, uint64_t timeout_ms, Completion done) {
  impl_->call(payload, timeout_ms, std::move(done));
}
SharedBytes Client::share(std::string_view outcome) const { return impl_->share(outcome); }
bool Client::send(std::string_view payload) { return impl_->send(payload); }
bool Client::connected() const { return impl_->connected(); }
size_t Client::outstanding() const { return impl_->outstanding(); }
const std::string& Client::url() const { return impl_->url(); }
void Client::close_gracefully(uint64_t deadline_ms, UniqueFunction<void()> done) {
  impl_->close_gracefully(deadline_ms, std::move(done));
}

}  // namespace tandem::rpc
