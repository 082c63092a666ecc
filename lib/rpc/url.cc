#include "rpc/url.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstdint>
#include <ctime>
#include <fstream>
#include <sstream>
#include <string_view>

#include "base/authority.h"
#include "base/number.h"

namespace tandem::rpc {
namespace {

constexpr std::string_view kIpc = "ipc://";
constexpr std::string_view kAbstract = "abstract://";
constexpr std::string_view kTcp = "tcp://";
constexpr size_t kLongestPath = sizeof(sockaddr_un::sun_path) - 1;

constexpr int kAttempts = 10;
constexpr timespec kPause{0, 20'000'000};

bool is_ipc(const std::string& url) { return url.starts_with(kIpc); }

// Whether somebody, somewhere, listens on a socket file of the same name, from the kernel's table.
// It has the path that was bound: seen from that process's directory, maybe a relative one, so that
// only the last part can be compared.
//
//   Num: RefCount Protocol Flags Type St Inode Path
Result<bool> name_is_in_use(const std::string& path) {
  constexpr unsigned long kAcceptsConnections = 1UL << 16;  // __SO_ACCEPTCON of linux/net.h
  std::ifstream table("/proc/net/unix");
  if (!table) return fail_errno("cannot open '/proc/net/unix'", errno);
  const std::string name = path.substr(path.rfind('/') + 1);
  std::string line;
  while (std::getline(table, line)) {
    if (!line.ends_with('/' + name) && !line.ends_with(' ' + name)) continue;
    std::istringstream fields(line);
    std::string number;
    std::string references;
    std::string protocol;
    unsigned long flags = 0;
    fields >> number >> references >> protocol >> std::hex >> flags;
    if ((flags & kAcceptsConnections) != 0) return true;
  }
  return false;
}

// Whether a process listens on the very socket file. A living server takes the question for a
// client that leaves at once, so it is asked only where the name is in use.
Result<bool> listened_to(const std::string& path) {
  const Result<bool> in_use = name_is_in_use(path);
  if (!in_use || !*in_use) return in_use;
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) return fail_errno("cannot make a socket", errno);
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  path.copy(address.sun_path, sizeof address.sun_path - 1);
  const bool connected =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0;
  const int error = errno;
  close(fd);
  // EAGAIN: somebody listens, and many wait already.
  return connected || (error != ECONNREFUSED && error != ENOENT);
}

Status remove_stale_socket(const std::string& path) {
  struct stat found {};
  if (lstat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return {};
    return fail_errno("cannot look at '" + path + "'", errno);
  }
  if (!S_ISSOCK(found.st_mode)) {
    return fail(ErrorKind::kCannotCreate, "cannot listen on '" + path + "': not a socket");
  }
  Result<bool> taken = listened_to(path);
  // A child of a process that was killed while it started that child has its sockets for a moment.
  for (int attempt = 1; taken && *taken && attempt < kAttempts; ++attempt) {
    nanosleep(&kPause, nullptr);
    taken = listened_to(path);
  }
  if (!taken) return fail(taken.error());
  if (*taken) {
    return fail(ErrorKind::kBusy, "cannot listen on '" + path + "': somebody else does");
  }
  if (unlink(path.c_str()) != 0 && errno != ENOENT) {
    return fail_errno("cannot remove the old socket '" + path + "'", errno);
  }
  return {};
}

}  // namespace

Status check_url(const std::string& url) {
  if (url.starts_with(kTcp)) {
    const auto authority = split_authority(std::string_view(url).substr(kTcp.size()));
    if (!authority || authority->host.find_first_of("@/?# ") != std::string_view::npos) {
      return fail(ErrorKind::kConfig, "the host in '" + url + "' is no name or address");
    }
    if (authority->port.value_or("").empty()) {
      return fail(ErrorKind::kConfig, "no port in '" + url + "'");
    }
    if (parse_number<uint16_t>(*authority->port)) return {};
    return fail(ErrorKind::kConfig, "the port in '" + url + "' is no number from 0 to 65535");
  }
  std::string_view name(url);
  if (is_ipc(url)) {
    name.remove_prefix(kIpc.size());
  } else if (url.starts_with(kAbstract)) {
    name.remove_prefix(kAbstract.size());
  } else {
    return fail(ErrorKind::kConfig,
                "cannot use '" + url + "': wanted ipc://PATH, abstract://NAME or tcp://HOST:PORT");
  }
  if (name.empty()) return fail(ErrorKind::kConfig, "no name in '" + url + "'");
  if (name.size() > kLongestPath) {
    return fail(ErrorKind::kConfig, "socket path '" + std::string(name) + "' has " +
                                        std::to_string(name.size()) + " bytes: at most " +
                                        std::to_string(kLongestPath) + " are possible");
  }
  return {};
}

Status prepare_to_listen(const std::string& url) {
  if (Status status = check_url(url); !status) return status;
  return is_ipc(url) ? remove_stale_socket(url.substr(kIpc.size())) : Status{};
}

bool socket_file_is_missing(const std::string& url) {
  if (!is_ipc(url)) return false;
  struct stat found {};
  return lstat(url.substr(kIpc.size()).c_str(), &found) != 0 && errno == ENOENT;
}

bool is_tcp(const std::string& url) { return url.starts_with(kTcp); }

std::string with_port(const std::string& url, int port) {
  return url.substr(0, url.rfind(':') + 1) + std::to_string(port);
}

}  // namespace tandem::rpc
