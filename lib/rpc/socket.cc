#include "rpc/socket.h"

#include <nng/protocol/reqrep0/rep.h>
#include <nng/protocol/reqrep0/req.h>
#include <pthread.h>

#include <chrono>
#include <csignal>
#include <cstring>
#include <future>
#include <thread>
#include <utility>

#include "base/check.h"
#include "base/log.h"
#include "rpc/url.h"

namespace tandem::rpc {
namespace {

// Messages taken in one turn, so that one busy peer does not keep timers and other work waiting;
// the descriptor stays readable for the next turn.
constexpr int kMessagesPerTurn = 256;
// More than both windows and their acknowledgements; NNG allocates a pointer for each.
constexpr int kQueueMessages = 1024;
// What raw mode calls a request id: any number with the top bit set. Ours are in the items.
constexpr uint32_t kRequestHeader = 0x80000000;
// NNG's own header counts as part of a received message.
constexpr size_t kNngHeaderBytes = 16;

// NNG starts its threads in the first call and leaves signals open in them: they would take signals
// that the loop waits for.
class SignalsBlocked {
 public:
  SignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsBlocked(const SignalsBlocked&) = delete;
  SignalsBlocked& operator=(const SignalsBlocked&) = delete;

 private:
  sigset_t before_;
};

// NNG 1.5.2 can wait for ever when it closes a connection between the length and the body of a
// message that is being received. So the intake stops first: with no room in the queue each
// connection reads at most one message more. And the loop's thread does not wait without limit.
template <typename Inbox>
void close_bounded(nng_socket socket, std::shared_ptr<Inbox> inbox) {
  static constexpr auto kSettle = std::chrono::milliseconds(1);
  static constexpr auto kLimit = std::chrono::seconds(2);
  nng_socket_set_int(socket, NNG_OPT_RECVBUF, 0);
  std::promise<void> closed;
  std::future<void> done = closed.get_future();
  // The inbox lives as long as NNG may write to it.
  std::thread([socket, closed = std::move(closed), inbox = std::move(inbox)]() mutable {
    std::this_thread::sleep_for(kSettle);
    nng_close(socket);
    closed.set_value();
  }).detach();
  if (done.wait_for(kLimit) != std::future_status::ready) {
    log::warning("the messaging library does not finish closing a socket: left behind");
  }
}

ErrorKind kind_of(int code) {
  switch (code) {
    case NNG_EADDRINUSE:
    case NNG_EBUSY:
      return ErrorKind::kBusy;
    case NNG_EADDRINVAL:
    case NNG_EINVAL:
    case NNG_ENOTSUP:
      return ErrorKind::kConfig;
    case NNG_EPERM:
      return ErrorKind::kPermission;
    case NNG_ENOSPC:
      return ErrorKind::kNoSpace;
    case NNG_ENOENT:
      return ErrorKind::kNotFound;
    case NNG_EMSGSIZE:
      return ErrorKind::kTooLarge;
    case NNG_ETIMEDOUT:
      return ErrorKind::kTimeout;
    case NNG_ECONNREFUSED:
    case NNG_ECONNRESET:
    case NNG_ECONNABORTED:
    case NNG_ECONNSHUT:
    case NNG_ECLOSED:
    case NNG_EUNREACHABLE:
    case NNG_ENOMEM:
    case NNG_ENOFILES:
      return ErrorKind::kUnavailable;
    default:
      return ErrorKind::kIo;
  }
}

}  // namespace

tl::unexpected<Error> fail_nng(const std::string& what, int nng_code) {
  if ((nng_code & NNG_ESYSERR) != 0) return fail_errno(what, nng_code & ~NNG_ESYSERR);
  return fail(kind_of(nng_code), what + ": " + nng_strerror(nng_code));
}

Socket::Socket(loop::Loop& loop, SocketEvents& events)
    : loop_(loop),
      events_(events),
      waker_(loop, [this] { tell_pipe_events(); }),
      inbox_(std::make_shared<Inbox>()) {
  inbox_->waker = &waker_;
}

Status Socket::open(const Options& options) {
  const SignalsBlocked blocked;
  listens_ = options.listens;
  const int code = listens_ ? nng_rep0_open_raw(&socket_) : nng_req0_open_raw(&socket_);
  if (code != 0) return fail_nng("cannot open a messaging socket", code);
  open_ = true;
  return configure(options);
}

Status Socket::configure(const Options& options) {
  int descriptor = -1;
  const int codes[] = {
      nng_socket_set_int(socket_, NNG_OPT_SENDBUF, kQueueMessages),
      nng_socket_set_int(socket_, NNG_OPT_RECVBUF, kQueueMessages),
      nng_socket_set_size(socket_, NNG_OPT_RECVMAXSZ, options.max_message_bytes + kNngHeaderBytes),
      nng_socket_set_ms(socket_, NNG_OPT_RECONNMINT, options.reconnect_ms),
      nng_socket_set_ms(socket_, NNG_OPT_RECONNMAXT, options.reconnect_ms),
      nng_pipe_notify(socket_, NNG_PIPE_EV_ADD_POST, on_pipe_event, inbox_.get()),
      nng_pipe_notify(socket_, NNG_PIPE_EV_REM_POST, on_pipe_event, inbox_.get()),
      nng_socket_get_int(socket_, NNG_OPT_RECVFD, &descriptor),
  };
  for (const int code : codes) {
    if (code != 0) return fail_nng("cannot set up a messaging socket", code);
  }
  readable_.emplace(loop_, descriptor, [this](int) {
    int taken = 0;
    while (taken < kMessagesPerTurn && receive_one()) ++taken;
  });
  readable_->start(UV_READABLE);
  return {};
}

Socket::~Socket() {
  // The poll first: nng_close closes its descriptor.
  readable_.reset();
  {
    const std::lock_guard<std::mutex> lock(inbox_->mutex);
    inbox_->waker = nullptr;
  }
  if (open_) close_bounded(socket_, inbox_);
}

Result<std::string> Socket::listen(const std::string& url) {
  if (Status status = prepare_to_listen(url); !status) return fail(status.error());
  const std::string what = "cannot listen on '" + url + "'";
  nng_listener listener = NNG_LISTENER_INITIALIZER;
  if (const int code = nng_listen(socket_, url.c_str(), &listener, 0); code != 0) {
    return fail_nng(what, code);
  }
  int port = 0;
  if (!is_tcp(url)) return url;
  if (const int code = nng_listener_get_int(listener, NNG_OPT_TCP_BOUND_PORT, &port); code != 0) {
    return fail_nng(what, code);
  }
  return with_port(url, port);
}

Status Socket::dial(const std::string& url) {
  if (Status status = check_url(url); !status) return status;
  // Without NONBLOCK a refused first connection would end the dialer for good.
  const int code = nng_dial(socket_, url.c_str(), nullptr, NNG_FLAG_NONBLOCK);
  if (code != 0) return fail_nng("cannot dial '" + url + "'", code);
  return {};
}

Socket::Sent Socket::send(uint32_t pipe, std::string_view message) {
  nng_msg* raw = nullptr;
  CHECK_MSG(nng_msg_alloc(&raw, message.size()) == 0, "out of memory");
  std::memcpy(nng_msg_body(raw), message.data(), message.size());
  if (listens_) CHECK(nng_msg_header_append_u32(raw, pipe) == 0);
  CHECK(nng_msg_header_append_u32(raw, kRequestHeader) == 0);
  const int code = nng_sendmsg(socket_, raw, NNG_FLAG_NONBLOCK);
  if (code != 0) nng_msg_free(raw);
  return code == NNG_EAGAIN ? Sent::kLater : Sent::kYes;
}

void Socket::on_pipe_event(nng_pipe pipe, nng_pipe_ev event, void* inbox) {
  auto* to = static_cast<Inbox*>(inbox);
  const PipeEvent entry{static_cast<uint32_t>(nng_pipe_id(pipe)), event == NNG_PIPE_EV_ADD_POST};
  const std::lock_guard<std::mutex> lock(to->mutex);
  to->events.push_back(entry);
  if (to->waker != nullptr) to->waker->wake();
}

void Socket::tell_pipe_events() {
  std::vector<PipeEvent> told;
  {
    const std::lock_guard<std::mutex> lock(inbox_->mutex);
    told.swap(inbox_->events);
  }
  // What a peer said before it went counts; NNG's queue bounds how much that is.
  for (int i = 0; i < kQueueMessages && receive_one(); ++i) continue;
  for (const PipeEvent& event : told) {
    if (event.added) {
      events_.on_pipe_added(event.pipe);
    } else {
      events_.on_pipe_removed(event.pipe);
    }
  }
}

bool Socket::receive_one() {
  nng_msg* raw = nullptr;
  if (nng_recvmsg(socket_, &raw, NNG_FLAG_NONBLOCK) != 0) return false;
  const std::unique_ptr<nng_msg, decltype(&nng_msg_free)> message(raw, nng_msg_free);
  const auto pipe = static_cast<uint32_t>(nng_pipe_id(nng_msg_get_pipe(raw)));
  events_.on_message(pipe, {static_cast<const char*>(nng_msg_body(raw)), nng_msg_len(raw)});
  return true;
}

}  // namespace tandem::rpc
