#include "rpc/socket.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.h"
#include "base/signals_blocked.h"
#include "rpc/url.h"

namespace tandem::rpc {
namespace {

constexpr uint64_t kSoonMs = 500;  // a restarted peer is back by then

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
      return ErrorKind::kUnavailable;
    case NNG_ENOMEM:
    case NNG_ENOFILES:
      return ErrorKind::kExhausted;
    default:
      return ErrorKind::kIo;
  }
}

}  // namespace

tl::unexpected<Error> fail_nng(const std::string& what, int nng_code) {
  if ((nng_code & NNG_ESYSERR) != 0) return fail_errno(what, nng_code & ~NNG_ESYSERR);
  return fail(kind_of(nng_code), what + ": " + nng_strerror(nng_code));
}

Socket::Socket(loop::Loop& loop, SocketEvents& events, const Options& options)
    : events_(events),
      options_(options),
      inbox_(loop, [this] { on_wake(); }),
      retry_(loop, [this] { connect(); }),
      accept_retry_(loop, [this] { connect(); }) {}

Socket::~Socket() {
  if (listener_) nng_stream_listener_close(listener_.get());
  if (dialer_) nng_stream_dialer_close(dialer_.get());
  connect_.reset();
  // Before its pipes: whoever of them goes last frees it, in a thread of NNG's.
  dialer_.reset();
  pipes_.clear();
  // A connection that was made and never looked at.
  for (const Completion& completion : inbox_.take()) {
    if (completion.stream != nullptr) nng_stream_free(completion.stream);
  }
}

Result<std::string> Socket::listen(const std::string& url) {
  if (Status status = prepare_to_listen(url); !status) return fail(status.error());
  const std::string what = "cannot listen on '" + url + "'";
  // NNG starts its threads in the first call and leaves signals open in them.
  const SignalsBlocked blocked;
  nng_stream_listener* listener = nullptr;
  if (const int code = nng_stream_listener_alloc(&listener, url.c_str()); code != 0) {
    return fail_nng(what, code);
  }
  listener_.reset(listener);
  // A client whose host is gone, or whose end of the connection was lost with the network, would
  // keep its place for ever.
  if (is_tcp(url)) {
    const int code = nng_stream_listener_set_bool(listener, NNG_OPT_TCP_KEEPALIVE, true);
    if (code != 0) return fail_nng(what, code);
  }
  if (const int code = nng_stream_listener_listen(listener); code != 0) {
    listener_.reset();
    return fail_nng(what, code);
  }
  int port = 0;
  if (is_tcp(url)) {
    const int code = nng_stream_listener_get_int(listener, NNG_OPT_TCP_BOUND_PORT, &port);
    if (code != 0) return fail_nng(what, code);
  }
  connect_.emplace(inbox_, Completion::What::kConnected, 0);
  url_ = url;
  const std::string found_at = is_tcp(url) ? with_port(url, port) : url;
  accept_retry_.set_place(found_at);
  connect();
  return found_at;
}

Result<bool> Socket::listen_again_where_missing() {
  if (!listener_ || !socket_file_is_missing(url_)) return false;
  const SignalsBlocked blocked;
  nng_stream_listener* made = nullptr;
  const std::string what = "cannot listen on '" + url_ + "' again";
  if (const int code = nng_stream_listener_alloc(&made, url_.c_str()); code != 0) {
    return fail_nng(what, code);
  }
  std::unique_ptr<nng_stream_listener, FreeListener> again(made);
  // First, as it removes the file that it had made. Its accept ends with an error, after which the
  // next one is tried, with whatever listener is here then.
  nng_stream_listener_close(listener_.get());
  if (const int code = nng_stream_listener_listen(made); code != 0) return fail_nng(what, code);
  listener_ = std::move(again);
  return true;
}

Status Socket::dial(const std::string& url) {
  if (Status status = check_url(url); !status) return status;
  const SignalsBlocked blocked;
  nng_stream_dialer* dialer = nullptr;
  if (const int code = nng_stream_dialer_alloc(&dialer, url.c_str()); code != 0) {
    return fail_nng("cannot dial '" + url + "'", code);
  }
  dialer_.reset(dialer);
  connect_.emplace(inbox_, Completion::What::kConnected, 0);
  if (options_.connect_timeout_ms > 0) {
    nng_aio_set_timeout(connect_->aio(), static_cast<nng_duration>(options_.connect_timeout_ms));
  }
  connect();
  return {};
}

void Socket::connect() {
  if (listener_) {
    nng_stream_listener_accept(listener_.get(), connect_->aio());
  } else {
    nng_stream_dialer_dial(dialer_.get(), connect_->aio());
  }
}

void Socket::connect_later() {
  const bool soon = failed_for_ms_ < kSoonMs;
  pause_ms_ = soon ? options_.reconnect_ms : std::min(pause_ms_ * 2, options_.longest_reconnect_ms);
  failed_for_ms_ += pause_ms_;
  retry_.start(pause_ms_);
}

void Socket::on_wake() {
  for (const Completion& completion : inbox_.take()) {
    if (completion.what == Completion::What::kConnected) {
      on_connected(completion);
    } else {
      on_pipe(completion);
    }
  }
}

void Socket::on_connected(const Completion& completion) {
  if (completion.code != 0) {
    // A listener without descriptors, a peer that is not there: both may change, and neither is to
    // be tried in a tight loop. NNG_ECLOSED: the listener was made again.
    if (!listener_ || completion.code == NNG_ECLOSED) return connect_later();
    return accept_retry_.failed(nng_strerror(completion.code));
  }
  failed_for_ms_ = 0;
  add_pipe(completion.stream);
  if (listener_) connect();
}

void Socket::add_pipe(nng_stream* stream) {
  if (pipes_.size() >= options_.max_pipes) {
    if (!std::exchange(full_, true)) {
      log::warning("connections refused: too many are open", {{"limit", options_.max_pipes}});
    }
    nng_stream_free(stream);
    return;
  }
  const uint32_t id = ++last_pipe_;
  pipes_[id].pipe = std::make_unique<Pipe>(inbox_, id, stream, options_.max_message_bytes);
  events_.on_pipe_added(id);
}

void Socket::on_pipe(const Completion& completion) {
  const auto found = pipes_.find(completion.pipe);
  if (found == pipes_.end()) return;  // finished while its pipe was taken down
  Open& open = found->second;
  Pipe& pipe = *open.pipe;
  if (completion.code != 0) return remove_pipe(completion.pipe);
  if (completion.what == Completion::What::kSent) return pipe.on_sent(completion.bytes);
  bool begins = open.unfinished_bytes == 0;
  const bool usable = pipe.on_received(completion.bytes, [&](std::string_view message) {
    begins = true;
    events_.on_message(completion.pipe, message);
  });
  ++receipts_;
  if (begins) open.unfinished_since = receipts_;
  unfinished_bytes_ += pipe.unfinished_bytes() - open.unfinished_bytes;
  open.unfinished_bytes = pipe.unfinished_bytes();
  if (!usable) {
    log::warning("connection closed: its message is too long",
                 {{"limit", options_.max_message_bytes}});
    remove_pipe(completion.pipe);
  }
  keep_within_budget();
}

// Whoever sends at the speed of the network has long finished what the slowest began before.
void Socket::keep_within_budget() {
  while (unfinished_bytes_ > options_.max_unfinished_bytes) {
    const auto oldest = std::min_element(pipes_.begin(), pipes_.end(), [](auto& a, auto& b) {
      if ((a.second.unfinished_bytes > 0) != (b.second.unfinished_bytes > 0)) {
        return a.second.unfinished_bytes > 0;
      }
      return a.second.unfinished_since < b.second.unfinished_since;
    });
    if (!std::exchange(over_budget_, true)) {
      log::warning("connections are closed: too many bytes of unfinished messages wait",
                   {{"limit", options_.max_unfinished_bytes}});
    }
    remove_pipe(oldest->first);
  }
}

void Socket::remove_pipe(uint32_t pipe) {
  const auto found = pipes_.find(pipe);
  unfinished_bytes_ -= found->second.unfinished_bytes;
  pipes_.erase(found);
  full_ = false;
  if (dialer_) connect_later();
  accept_retry_.on_descriptor_closed();
  events_.on_pipe_removed(pipe);
}

void Socket::send(uint32_t pipe, std::string_view message, SharedBytes rest) {
  const auto found = pipes_.find(pipe);
  if (found != pipes_.end()) found->second.pipe->send(message, std::move(rest));
}

SharedBytes Socket::share(uint32_t pipe, std::string_view part) const {
  const auto found = pipes_.find(pipe);
  return found == pipes_.end() ? SharedBytes(std::string(part)) : found->second.pipe->share(part);
}

uint64_t Socket::reads(uint32_t pipe) const {
  const auto found = pipes_.find(pipe);
  return found == pipes_.end() ? 0 : found->second.pipe->reads();
}

void Socket::close(uint32_t pipe) {
  if (pipes_.contains(pipe)) remove_pipe(pipe);
}

}  // namespace tandem::rpc
