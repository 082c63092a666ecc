// A server on a free loopback port and clients with real sockets, all on one thread: the test turns
// the loop by hand until what it waits for has happened.
#pragma once

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "http/server.h"

namespace tandem::http {

struct Reply {
  int status = 0;  // 0: none came
  std::map<std::string, std::string> headers;
  std::string body;
};

class Client {
 public:
  Client(loop::Loop& loop, uint16_t port, int receive_buffer = 0) : loop_(loop) {
    fd_ = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (receive_buffer > 0) {
      setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_port = htons(port);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    // The kernel completes this without the server's accept().
    EXPECT_EQ(connect(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    fcntl(fd_, F_SETFL, O_NONBLOCK);
  }
  ~Client() { hang_up(); }
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // Turns the loop until `done` or, in a broken program, for some seconds.
  bool until(const std::function<bool()>& done) {
    const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (!done()) {
      if (std::chrono::steady_clock::now() > give_up) return false;
      loop_.run_once_nowait();
      receive();
    }
    return true;
  }

  void send(std::string_view bytes) {
    EXPECT_TRUE(until([&] {
      const ssize_t sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent > 0) bytes.remove_prefix(static_cast<size_t>(sent));
      // A server that has closed takes nothing more; what it said is in `received`.
      return bytes.empty() || (sent < 0 && errno != EAGAIN);
    }));
  }
  // As much as the kernel takes, with the server standing still.
  size_t send_at_once(std::string_view bytes) {
    return static_cast<size_t>(
        std::max<ssize_t>(0, ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL)));
  }
  void end_sending() { shutdown(fd_, SHUT_WR); }
  void hang_up() {
    if (fd_ >= 0) close(fd_);
    fd_ = -1;
  }
  // Closes with a reset instead of a FIN.
  void reset() {
    const linger hard{1, 0};
    setsockopt(fd_, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    hang_up();
  }

  // What has come by now.
  void receive() {
    char buffer[65536];
    while (fd_ >= 0 && !ended && !paused) {
      const ssize_t got = recv(fd_, buffer, sizeof buffer, 0);
      if (got > 0) received.append(buffer, static_cast<size_t>(got));
      if (got == 0 || (got < 0 && errno != EAGAIN)) ended = true;
      if (got <= 0) return;
    }
  }

  // The next reply. With `bodiless`, Content-Length announces what does not follow (HEAD).
  Reply reply(bool bodiless = false) {
    Reply parsed;
    size_t head_end = 0;
    const bool has_head = until([&] {
      head_end = received.find("\r\n\r\n");
      return head_end != std::string::npos || ended;
    });
    if (!has_head || head_end == std::string::npos) return parsed;
    parsed.status = std::stoi(received.substr(9, 3));
    size_t line = received.find("\r\n") + 2;
    while (line < head_end) {
      const size_t colon = received.find(": ", line);
      const size_t end = received.find("\r\n", line);
      parsed.headers[received.substr(line, colon - line)] =
          received.substr(colon + 2, end - colon - 2);
      line = end + 2;
    }
    received.erase(0, head_end + 4);
    const auto length = parsed.headers.find("Content-Length");
    if (length == parsed.headers.end() || bodiless) return parsed;
    const size_t want = std::stoul(length->second);
    until([&] { return received.size() >= want || ended; });
    parsed.body = received.substr(0, want);
    received.erase(0, want);
    return parsed;
  }
  Reply ask(std::string_view request, bool bodiless = false) {
    send(request);
    return reply(bodiless);
  }
  bool closed() {
    return until([&] { return ended; });
  }

  std::string received;
  bool ended = false;   // the server closed its side
  bool paused = false;  // receives nothing: a slow reader

 private:
  loop::Loop& loop_;
  int fd_ = -1;
};

class ServerTest : public testing::Test, public Observer {
 protected:
  struct Seen {
    std::string pattern;
    std::string method;
    int status;
    uint64_t bytes;
  };

  ServerTest() {
    options_.observer = this;
    router_.add(Method::kGet, "/hello",
                [](const Request&, Responder out) { out.json(200, R"("hello")"); });
    router_.add(Method::kPost, "/echo", [](const Request& request, Responder out) {
      out.text(200, "text/plain", request.body);
    });
    router_.add(Method::kGet, "/names/{name}", [](const Request& request, Responder out) {
      out.text(200, "text/plain", request.param("name"));
    });
    router_.add(Method::kGet, "/query", [](const Request& request, Responder out) {
      std::string text;
      for (const NameValue& each : request.query) {
        text += std::string(each.name) + "=" + std::string(each.value) + ";";
      }
      out.text(200, "text/plain", text);
    });
    router_.add(Method::kGet, "/later",
                [this](const Request&, Responder out) { waiting_.push_back(std::move(out)); });
    router_.add(Method::kGet, "/empty", [](const Request&, Responder out) { out.empty(204); });
    router_.add(Method::kGet, "/dropped", [](const Request&, Responder) {});
    router_.add(Method::kGet, "/big", [this](const Request&, Responder out) {
      ++big_answers_;
      out.text(200, "text/plain", std::string(100'000, 'b'));
    });
    router_.add(Method::kGet, "/events", [this](const Request&, Responder out) {
      stream_ = out.stream();
      stream_.on_closed([this] { ++streams_closed_; });
    });
  }

  void on_finished(const Finished& finished) override {
    seen_.push_back({std::string(finished.pattern), std::string(method_name(finished.method)),
                     finished.status, finished.bytes});
  }

  Client& client(int receive_buffer = 0) {
    if (server_ == nullptr) {
      server_ = std::make_unique<Server>(loop_, options_, router_);
      EXPECT_TRUE(server_->listen("127.0.0.1", 0));
    }
    clients_.push_back(std::make_unique<Client>(loop_, server_->port(), receive_buffer));
    return *clients_.back();
  }
  Limits& limits() { return options_.limits; }

  loop::Loop loop_;
  Router router_;
  ServerOptions options_;
  std::vector<Responder> waiting_;
  std::vector<Seen> seen_;
  EventStream stream_;
  int streams_closed_ = 0;
  int big_answers_ = 0;
  std::unique_ptr<Server> server_;
  std::vector<std::unique_ptr<Client>> clients_;
};

inline std::string get(const std::string& target, const std::string& headers = {}) {
  return "GET " + target + " HTTP/1.1\r\nHost: test\r\n" + headers + "\r\n";
}

inline std::string post(const std::string& target, const std::string& body,
                        const std::string& headers = {}) {
  return "POST " + target + " HTTP/1.1\r\nHost: test\r\n" + headers +
         "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
}

}  // namespace tandem::http
