// An HTTP server on the loop of a test: it answers each request (up to its blank line, and a body by
// Content-Length) with what `respond` says, or leaves it to `take`, where that is set, which may
// answer later. "" leaves it without an answer, kHangUp closes the connection without one.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <functional>
#include <list>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "loop/loop.h"

namespace tandem::support {

class HttpServer {
 public:
  static constexpr const char* kHangUp = "hang up";

  // On a free port of 127.0.0.1, or `port`.
  explicit HttpServer(loop::Loop& loop, uint16_t port = 0)
      : loop_(loop), fd_(socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    const int yes = 1;
    setsockopt(fd_, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t length = sizeof address;
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), length), 0);
    EXPECT_EQ(getsockname(fd_, reinterpret_cast<sockaddr*>(&address), &length), 0);
    port_ = ntohs(address.sin_port);
    listen_on_it();
  }
  HttpServer(loop::Loop& loop, const std::string& path)
      : loop_(loop), fd_(socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    EXPECT_LT(path.copy(address.sun_path, sizeof address.sun_path - 1), sizeof address.sun_path);
    EXPECT_EQ(bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    listen_on_it();
  }
  ~HttpServer() {
    peers_.clear();
    stop_listening();
  }
  HttpServer(const HttpServer&) = delete;
  HttpServer& operator=(const HttpServer&) = delete;

  uint16_t port() const { return port_; }
  std::string url(const std::string& path) const {
    return "http://127.0.0.1:" + std::to_string(port_) + path;
  }

 private:
  struct Peer;

 public:
  // For an answer, as long as the connection of the request stands.
  class Reply {
   public:
    void say(const std::string& reply) const;

   private:
    friend class HttpServer;
    explicit Reply(std::shared_ptr<Peer*> peer) : peer_(std::move(peer)) {}
    std::shared_ptr<Peer*> peer_;
  };

  void stop_listening() {
    accepts_.reset();
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  void hang_up() { peers_.clear(); }
  // An answer for who came first, and has had none.
  void answer_first(const std::string& body) { peers_.front()->say(answer(200, body)); }
  static std::string answer(int status, const std::string& body, const std::string& headers = "") {
    return "HTTP/1.1 " + std::to_string(status) + " Said\r\n" + headers +
           "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }

  std::function<std::string(const std::string&)> respond = [](const std::string&) {
    return answer(200, "ok");
  };
  std::function<void(const std::string&, const Reply&)> take;
  std::vector<std::string> requests;
  int accepted = 0;

 private:
  struct Peer {
    Peer(HttpServer& owner, int fd)
        : server(owner), descriptor(fd), poll(owner.loop_, fd, [this](int) { on_readable(); }) {
      poll.start(UV_READABLE);
    }
    ~Peer() {
      *self = nullptr;
      poll.stop();
      close(descriptor);
    }
    Peer(const Peer&) = delete;
    Peer& operator=(const Peer&) = delete;

    void on_readable() {
      std::array<char, 4096> buffer{};
      const ssize_t count = read(descriptor, buffer.data(), buffer.size());
      if (count <= 0) return server.forget(*this);
      input.append(buffer.data(), static_cast<size_t>(count));
      for (size_t end = whole_request(); end != 0; end = whole_request()) {
        server.requests.push_back(input.substr(0, end));
        input.erase(0, end);
        const Reply reply(self);
        if (server.take) {
          server.take(server.requests.back(), reply);
        } else {
          reply.say(server.respond(server.requests.back()));
        }
        if (*reply.peer_ == nullptr) return;  // it was hung up
      }
    }
    void say(const std::string& reply) const {
      EXPECT_EQ(send(descriptor, reply.data(), reply.size(), MSG_NOSIGNAL),
                static_cast<ssize_t>(reply.size()));
    }
    size_t whole_request() const {
      const size_t blank = input.find("\r\n\r\n");
      if (blank == std::string::npos) return 0;
      const size_t length = input.find("Content-Length: ");
      size_t end = blank + 4;
      if (length < blank) end += std::stoul(input.substr(length + 16));
      return input.size() >= end ? end : 0;
    }

    HttpServer& server;
    const int descriptor;
    std::string input;
    std::shared_ptr<Peer*> self = std::make_shared<Peer*>(this);
    loop::Poll poll;
  };

  void listen_on_it() {
    EXPECT_EQ(listen(fd_, 16), 0);
    accepts_ = std::make_unique<loop::Poll>(loop_, fd_, [this](int) {
      const int peer = accept4(fd_, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (peer < 0) return;
      ++accepted;
      peers_.push_back(std::make_unique<Peer>(*this, peer));
    });
    accepts_->start(UV_READABLE);
  }
  void forget(const Peer& gone) {
    peers_.remove_if([&gone](const auto& peer) { return peer.get() == &gone; });
  }

  loop::Loop& loop_;
  int fd_;
  uint16_t port_ = 0;
  std::unique_ptr<loop::Poll> accepts_;
  std::list<std::unique_ptr<Peer>> peers_;
};

inline void HttpServer::Reply::say(const std::string& reply) const {
  if (*peer_ == nullptr) return;
  Peer& peer = **peer_;
  if (reply == kHangUp) return peer.server.forget(peer);
  peer.say(reply);
}

}  // namespace tandem::support
