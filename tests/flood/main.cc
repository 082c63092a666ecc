// tandem-flood PORT COUNT idle
// tandem-flood PORT COUNT bodies PATH BYTES
// tandem-flood PORT COUNT readers PATH
//
// Holds COUNT connections to a server on 127.0.0.1 at a time: idle ones; such as send BYTES of a
// body and not its last byte; or such as ask for PATH and read no more of the answer than its
// status.
//
// Once every one has come as far, it prints how many were answered with which status ("503 937"), 0
// for those without an answer, and announces on the descriptor that RS_READY_FD names, as a daemon
// does, that it is ready. Then it keeps them until it is killed.
#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/check.h"

namespace {

constexpr size_t kStatusLine = std::string_view("HTTP/1.1 200").size();

struct Flood {
  uint16_t port = 0;
  size_t count = 0;
  bool reads_status = false;
  std::string request;
};

struct Connection {
  int fd = -1;
  size_t sent = 0;
  std::string status;  // the beginning of what was answered
  bool settled = false;
};

int open_connection(uint16_t port) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  CHECK_MSG(fd >= 0, std::strerror(errno));
  // Little is taken in by the kernel of what is not read.
  const int small = 4096;
  setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  const auto* to = reinterpret_cast<const sockaddr*>(&address);
  CHECK_MSG(connect(fd, to, sizeof address) == 0 || errno == EINPROGRESS, std::strerror(errno));
  return fd;
}

void receive(Connection& connection) {
  char bytes[kStatusLine];
  const size_t wanted = kStatusLine - connection.status.size();
  const ssize_t got = recv(connection.fd, bytes, wanted, 0);
  if (got > 0) connection.status.append(bytes, static_cast<size_t>(got));
  const bool ended = got == 0 || (got < 0 && errno != EAGAIN);
  connection.settled = ended || connection.status.size() == kStatusLine;
}

void send_more(const Flood& flood, Connection& connection) {
  const std::string_view rest = std::string_view(flood.request).substr(connection.sent);
  const ssize_t sent = send(connection.fd, rest.data(), rest.size(), MSG_NOSIGNAL);
  if (sent > 0) connection.sent += static_cast<size_t>(sent);
  const bool all = connection.sent == flood.request.size();
  if (all && !flood.reads_status) connection.settled = true;
}

// One look at all that have not come far enough; false where there is none.
bool turn(const Flood& flood, std::vector<Connection>& connections) {
  std::vector<pollfd> polls;
  std::vector<Connection*> polled;
  for (Connection& connection : connections) {
    if (connection.settled) continue;
    const bool sends = connection.sent < flood.request.size() || flood.request.empty();
    polls.push_back({connection.fd, static_cast<short>(POLLIN | (sends ? POLLOUT : 0)), 0});
    polled.push_back(&connection);
  }
  if (polls.empty()) return false;
  CHECK(poll(polls.data(), polls.size(), -1) > 0);
  for (size_t i = 0; i < polls.size(); ++i) {
    if ((polls[i].revents & (POLLIN | POLLHUP | POLLERR)) != 0) {
      receive(*polled[i]);
    } else if ((polls[i].revents & POLLOUT) != 0) {
      send_more(flood, *polled[i]);
    }
  }
  return true;
}

void report(const std::vector<Connection>& connections) {
  std::map<std::string, size_t> figures;
  for (const Connection& connection : connections) {
    const bool answered = connection.status.size() == kStatusLine;
    ++figures[answered ? connection.status.substr(kStatusLine - 3) : "0"];
  }
  for (const auto& [status, number] : figures) std::printf("%s %zu\n", status.c_str(), number);
  std::fflush(stdout);
  const char* ready = std::getenv("RS_READY_FD");
  if (ready != nullptr) CHECK(write(std::atoi(ready), "\n", 1) == 1);
}

Flood parse(int argc, char** argv) {
  CHECK_MSG(argc >= 4, "usage: tandem-flood PORT COUNT idle|bodies|readers [PATH [BYTES]]");
  Flood flood;
  flood.port = static_cast<uint16_t>(std::atoi(argv[1]));
  flood.count = static_cast<size_t>(std::atoi(argv[2]));
  const std::string_view what = argv[3];
  const std::string path = argc > 4 ? argv[4] : "/";
  flood.reads_status = what == "readers";
  if (what == "readers") {
    flood.request = "GET " + path + " HTTP/1.1\r\nHost: localhost\r\n\r\n";
  } else if (what == "bodies") {
    const auto bytes = static_cast<size_t>(std::atoi(argv[5]));
    flood.request = "POST " + path +
                    " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + std::to_string(bytes + 1) +
                    "\r\n\r\n" + std::string(bytes, 'x');
  }
  return flood;
}

}  // namespace

int main(int argc, char** argv) {
  const Flood flood = parse(argc, argv);
  rlimit descriptors{};
  getrlimit(RLIMIT_NOFILE, &descriptors);
  descriptors.rlim_cur = descriptors.rlim_max;
  setrlimit(RLIMIT_NOFILE, &descriptors);
  std::vector<Connection> connections(flood.count);
  for (Connection& connection : connections) connection.fd = open_connection(flood.port);
  while (turn(flood, connections)) continue;
  report(connections);
  pause();
}
