#include "pg/fault_proxy.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

namespace tandem::pg {
namespace {

sockaddr_un address_in(const std::string& directory) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::snprintf(address.sun_path, sizeof address.sun_path, "%s/.s.PGSQL.5432", directory.c_str());
  return address;
}

int listen_in(const std::string& directory) {
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  const sockaddr_un address = address_in(directory);
  unlink(address.sun_path);
  if (bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0 ||
      listen(fd, 64) != 0) {
    std::perror(address.sun_path);
    std::abort();
  }
  return fd;
}

}  // namespace

struct FaultProxy::Pair {
  Pair(int client_fd, int server_fd) : client(client_fd), server(server_fd) {}
  ~Pair() {
    client_poll.reset();
    server_poll.reset();
    close(client);
    close(server);
  }
  int client;
  int server;
  std::unique_ptr<loop::Poll> client_poll;
  std::unique_ptr<loop::Poll> server_poll;
  std::string to_client;
  std::string to_server;
  bool is_stalled = false;
  bool is_over = false;
};

FaultProxy::FaultProxy(loop::Loop& loop, const std::string& directory,
                       const std::string& server_directory)
    : loop_(loop), server_directory_(server_directory), listener_(listen_in(directory)) {
  accepts_ = std::make_unique<loop::Poll>(loop, listener_, [this](int) { accept(); });
  accepts_->start(UV_READABLE);
}

FaultProxy::~FaultProxy() {
  accepts_.reset();
  close(listener_);
}

void FaultProxy::cut() { pairs_.clear(); }

void FaultProxy::accept() {
  const int client = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (client < 0) return;
  const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_un address = address_in(server_directory_);
  if (connect(server, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    close(server);
    close(client);
    return;
  }
  fcntl(server, F_SETFL, O_NONBLOCK);
  sent_by_client_ = sent_by_server_ = 0;
  has_happened_ = false;
  pairs_.push_back(std::make_unique<Pair>(client, server));
  Pair& pair = *pairs_.back();
  pair.client_poll =
      std::make_unique<loop::Poll>(loop_, client, [this, &pair](int) { read(pair, false); });
  pair.server_poll =
      std::make_unique<loop::Poll>(loop_, server, [this, &pair](int) { read(pair, true); });
  pair.client_poll->start(UV_READABLE);
  pair.server_poll->start(UV_READABLE);
}

// What is read in one direction, and what waits to be written in both.
void FaultProxy::read(Pair& pair, bool from_server) {
  std::array<char, 16384> buffer;
  const ssize_t got = ::read(from_server ? pair.server : pair.client, buffer.data(), buffer.size());
  if (got > 0) {
    std::string bytes(buffer.data(), static_cast<size_t>(got));
    size_t& sent = from_server ? sent_by_server_ : sent_by_client_;
    if (from_server == from_server_) inject(bytes, sent);
    sent += static_cast<size_t>(got);
    (from_server ? pair.to_client : pair.to_server) += bytes;
    if (has_happened_ && fault_ == Fault::kStall) pair.is_stalled = true;
  }
  const bool is_at_end = got == 0 || (got < 0 && errno != EAGAIN);
  bool is_over = is_at_end || (has_happened_ && fault_ == Fault::kCut);
  is_over = !write(pair, true) || is_over;
  is_over = !write(pair, false) || is_over;
  if (is_over) {
    std::erase_if(pairs_, [&pair](const auto& one) { return one.get() == &pair; });
    return;
  }
  if (pair.is_stalled) {
    // Neither reads nor writes any more, as a host that is gone.
    pair.client_poll->stop();
    pair.server_poll->stop();
    return;
  }
  pair.client_poll->start(UV_READABLE | (pair.to_client.empty() ? 0 : UV_WRITABLE));
  pair.server_poll->start(UV_READABLE | (pair.to_server.empty() ? 0 : UV_WRITABLE));
}

void FaultProxy::inject(std::string& bytes, size_t before) {
  if (fault_ == Fault::kNone || has_happened_ || before + bytes.size() < after_bytes_) return;
  has_happened_ = true;
  const size_t at = after_bytes_ > before ? after_bytes_ - before : 0;
  if (fault_ == Fault::kGarbage) {
    for (size_t i = at; i < bytes.size() && i < at + 8; ++i)
      bytes[i] = static_cast<char>(~bytes[i]);
  } else {
    bytes.resize(at);
  }
}

// False: broken.
bool FaultProxy::write(Pair& pair, bool to_client) {
  std::string& bytes = to_client ? pair.to_client : pair.to_server;
  if (bytes.empty()) return true;
  const ssize_t put =
      send(to_client ? pair.client : pair.server, bytes.data(), bytes.size(), MSG_NOSIGNAL);
  if (put < 0) return errno == EAGAIN;
  bytes.erase(0, static_cast<size_t>(put));
  return true;
}

struct ScriptedServer::Peer {
  explicit Peer(int its_fd) : fd(its_fd) {}
  ~Peer() {
    poll.reset();
    close(fd);
  }
  int fd;
  std::unique_ptr<loop::Poll> poll;
};

ScriptedServer::ScriptedServer(loop::Loop& loop, const std::string& directory)
    : loop_(loop), listener_(listen_in(directory)) {
  accepts_ = std::make_unique<loop::Poll>(loop, listener_, [this](int) {
    const int fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd < 0) return;
    peers_.push_back(std::make_unique<Peer>(fd));
    Peer& peer = *peers_.back();
    peer.poll = std::make_unique<loop::Poll>(loop_, fd, [this, &peer](int) {
      std::array<char, 4096> buffer;
      const ssize_t got = ::read(peer.fd, buffer.data(), buffer.size());
      if (got > 0) {
        ++asked;
        static_cast<void>(send(peer.fd, answer.data(), answer.size(), MSG_NOSIGNAL));
      }
      if (got <= 0 || closes) {
        std::erase_if(peers_, [&peer](const auto& one) { return one.get() == &peer; });
      }
    });
    peer.poll->start(UV_READABLE);
  });
  accepts_->start(UV_READABLE);
}

ScriptedServer::~ScriptedServer() {
  accepts_.reset();
  close(listener_);
}

}  // namespace tandem::pg
