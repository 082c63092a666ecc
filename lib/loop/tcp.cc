#include "loop/tcp.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <utility>

#include "base/authority.h"
#include "base/check.h"

namespace tandem::loop {
namespace {

constexpr int kAcceptedAtOnce = 128;

struct QueuedWrite {
  uv_write_t request{};
  SharedBytes bytes;
};

uv_stream_t* as_stream(uv_tcp_t* handle) { return reinterpret_cast<uv_stream_t*>(handle); }

// nullptr once the handle is closed: Closer clears `data`.
StreamEvents* events_of(const void* data) {
  return static_cast<StreamEvents*>(const_cast<void*>(data));
}

void give_buffer(uv_handle_t* handle, size_t /*suggested*/, uv_buf_t* buffer) {
  const std::span<char> lent = events_of(handle->data)->read_buffer();
  *buffer = uv_buf_init(lent.data(), static_cast<unsigned>(lent.size()));
}

void tell_read(uv_stream_t* stream, ssize_t got, const uv_buf_t* buffer) {
  StreamEvents* events = events_of(stream->data);
  if (got > 0) {
    events->on_read({buffer->base, static_cast<size_t>(got)});
  } else if (got == UV_EOF) {
    events->on_end();
  } else if (got < 0 && got != UV_ENOBUFS) {  // that: no buffer was lent
    events->on_broken(static_cast<int>(got));
  }
}

void tell_written(uv_write_t* request, int status) {
  const std::unique_ptr<QueuedWrite> queued(static_cast<QueuedWrite*>(request->data));
  StreamEvents* events = events_of(request->handle->data);
  if (events == nullptr) return;
  if (status < 0) {
    events->on_broken(status);
  } else if (uv_stream_get_write_queue_size(request->handle) == 0) {
    events->on_drained();
  }
}

// libuv writes with write(2), which raises SIGPIPE on a connection that the peer has reset; the
// error code is enough. A handler that the program has set stays.
void ignore_sigpipe() {
  struct sigaction current {};
  if (sigaction(SIGPIPE, nullptr, &current) != 0 || current.sa_handler != SIG_DFL) return;
  current.sa_handler = SIG_IGN;
  CHECK(sigaction(SIGPIPE, &current, nullptr) == 0);
}

struct AddressList {
  uv_getaddrinfo_t request{};
  ~AddressList() { uv_freeaddrinfo(request.addrinfo); }
};

bool is_anywhere(const std::string& host) { return host.empty() || host == "*"; }

std::string place_of(const std::string& host, uint16_t port) {
  return join_authority(is_anywhere(host) ? "*" : host, port);
}

std::string cannot_listen(const std::string& host, uint16_t port) {
  return "cannot listen on " + place_of(host, port);
}

// Blocks.
Status find_address(Loop& loop, const std::string& host, uint16_t port, AddressList& found) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  const int code = uv_getaddrinfo(loop.raw(), &found.request, nullptr,
                                  is_anywhere(host) ? "0.0.0.0" : host.c_str(),
                                  std::to_string(port).c_str(), &hints);
  if (code == 0) return {};
  return fail(ErrorKind::kConfig, cannot_listen(host, port) + ": " + uv_strerror(code));
}

uint16_t port_of(const sockaddr_storage& address) {
  if (address.ss_family == AF_INET6) {
    return ntohs(reinterpret_cast<const sockaddr_in6*>(&address)->sin6_port);
  }
  return ntohs(reinterpret_cast<const sockaddr_in*>(&address)->sin_port);
}

uint16_t bound_port(int fd) {
  sockaddr_storage address{};
  socklen_t length = sizeof address;
  CHECK(getsockname(fd, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  return port_of(address);
}

// accept(2) of Linux hands on what befell the connection that it takes out of the queue: the next
// one may be sound.
bool concerns_one_connection(int errno_value) {
  switch (errno_value) {
    case EINTR:
    case ECONNABORTED:
    case EPROTO:
    case ENOPROTOOPT:
    case ENETDOWN:
    case ENETUNREACH:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENONET:
    case ETIMEDOUT:
      return true;
    default:
      return false;
  }
}

internal::Owned<uv_tcp_t> make_tcp(uv_loop_t* loop) {
  auto handle = internal::Owned<uv_tcp_t>(std::make_unique<uv_tcp_t>().release());
  CHECK(uv_tcp_init(loop, handle.get()) == 0);
  handle->data = nullptr;
  return handle;
}

}  // namespace

std::string TcpStream::peer() const {
  sockaddr_storage address{};
  int length = sizeof address;
  auto* any = reinterpret_cast<sockaddr*>(&address);
  char host[INET6_ADDRSTRLEN] = {};
  if (uv_tcp_getpeername(handle_.get(), any, &length) != 0) return "";
  if (uv_ip_name(any, host, sizeof host) != 0) return "";
  return join_authority(host, port_of(address));
}

void TcpStream::start(StreamEvents& events) {
  handle_->data = &events;
  resume_reading();
}

void TcpStream::pause_reading() { uv_read_stop(as_stream(handle_.get())); }

void TcpStream::resume_reading() {
  // UV_EALREADY: it reads already. Anything else shows at the next write.
  (void)uv_read_start(as_stream(handle_.get()), give_buffer, tell_read);
}

int64_t TcpStream::try_write(std::string_view bytes) {
  const uv_buf_t buffer =
      uv_buf_init(const_cast<char*>(bytes.data()), static_cast<unsigned>(bytes.size()));
  const int written = uv_try_write(as_stream(handle_.get()), &buffer, 1);
  return written == UV_EAGAIN ? 0 : written;
}

void TcpStream::write(SharedBytes bytes) {
  auto queued = std::make_unique<QueuedWrite>();
  queued->bytes = std::move(bytes);
  queued->request.data = queued.get();
  const std::string_view view = queued->bytes.view();
  const uv_buf_t buffer =
      uv_buf_init(const_cast<char*>(view.data()), static_cast<unsigned>(view.size()));
  // The request and its bytes stay alive until libuv is done with them, which may be after this
  // stream is gone.
  QueuedWrite* raw = queued.release();
  CHECK(uv_write(&raw->request, as_stream(handle_.get()), &buffer, 1, tell_written) == 0);
}

size_t TcpStream::pending_bytes() const {
  return uv_stream_get_write_queue_size(reinterpret_cast<const uv_stream_t*>(handle_.get()));
}

void TcpStream::shutdown() {
  auto request = std::make_unique<uv_shutdown_t>();
  const int code = uv_shutdown(
      request.get(), as_stream(handle_.get()),
      [](uv_shutdown_t* done, int /*status*/) { std::unique_ptr<uv_shutdown_t>(done).reset(); });
  // UV_ENOTCONN where the peer has reset the connection: there is nobody to send a FIN to.
  if (code == 0) (void)request.release();
}

void TcpStream::close() { handle_.reset(); }

TcpListener::TcpListener(Loop& loop, UniqueFunction<void(TcpStream)> on_accept)
    : loop_(loop),
      on_accept_(std::move(on_accept)),
      retry_(loop,
             [this] {
               poll_->start(UV_READABLE);
               accept_some();
             }),
      self_(*this) {
  ignore_sigpipe();
}

TcpListener::~TcpListener() = default;

Status check_listen_address(const std::string& host, uint16_t port) {
  Loop loop;
  AddressList found;
  return find_address(loop, host, port, found);
}

Status TcpListener::listen(const std::string& host, uint16_t port, int backlog) {
  Status bound = bind(host, port, backlog);
  if (bound) accept();
  return bound;
}

Status TcpListener::bind(const std::string& host, uint16_t port, int backlog) {
  CHECK_MSG(!listening(), "already listening");
  const std::string what = cannot_listen(host, port);
  AddressList found;
  if (Status known = find_address(loop_, host, port, found); !known) return known;
  if (Status status = open(*found.request.addrinfo, backlog, what); !status) {
    socket_.reset();
    return status;
  }
  port_ = bound_port(socket_.fd);
  retry_.set_place(place_of(host, port_));
  return {};
}

void TcpListener::accept() {
  CHECK_MSG(listening() && !poll_, "bind() comes first, and accept() once");
  poll_.emplace(loop_, socket_.fd, [this](int /*events*/) { accept_some(); });
  poll_->start(UV_READABLE);
}

Status TcpListener::open(const addrinfo& address, int backlog, const std::string& what) {
  const auto failed = [&] { return fail_uv(what, uv_translate_sys_error(errno)); };
  socket_.fd = socket(address.ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (socket_.fd < 0) return failed();
  const int on = 1;
  const int off = 0;
  if (setsockopt(socket_.fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) return failed();
  // "::" is every address of both kinds.
  if (address.ai_family == AF_INET6 &&
      setsockopt(socket_.fd, IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof off) != 0) {
    return failed();
  }
  if (::bind(socket_.fd, address.ai_addr, address.ai_addrlen) != 0) return failed();
  if (::listen(socket_.fd, backlog) != 0) return failed();
  return {};
}

void TcpListener::close() {
  retry_.stop();
  poll_.reset();
  socket_.reset();
}

void TcpListener::Descriptor::reset() {
  if (fd >= 0) ::close(fd);
  fd = -1;
}

void TcpListener::accept_some() {
  const SelfRef<TcpListener> self = self_.ref();
  // Not for ever: those that have a connection are served between.
  for (int i = 0; i < kAcceptedAtOnce && self && listening() && accept_one(); ++i) {
  }
}

bool TcpListener::accept_one() {
  const int fd = accept4(socket_.fd, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    if (errno == EAGAIN || errno == EWOULDBLOCK) return false;
    if (concerns_one_connection(errno)) return true;
    poll_->stop();
    retry_.failed(uv_strerror(uv_translate_sys_error(errno)));
    return false;
  }
  auto handle = make_tcp(loop_.raw());
  if (uv_tcp_open(handle.get(), fd) != 0) {
    ::close(fd);
    return true;
  }
  uv_tcp_nodelay(handle.get(), 1);
  on_accept_(TcpStream(std::move(handle)));
  return true;
}

}  // namespace tandem::loop
