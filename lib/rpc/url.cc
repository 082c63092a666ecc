#include "rpc/url.h"

#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <string_view>

namespace tandem::rpc {
namespace {

constexpr std::string_view kIpc = "ipc://";
constexpr std::string_view kAbstract = "abstract://";
constexpr std::string_view kTcp = "tcp://";
constexpr size_t kLongestPath = sizeof(sockaddr_un::sun_path) - 1;

bool is_ipc(const std::string& url) { return url.starts_with(kIpc); }

// 0 where somebody listens, else the errno of connect(2).
int try_connect(const std::string& path) {
  // Not blocking: a listener whose backlog is full gives EAGAIN and is a listener all the same.
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (fd < 0) return errno;
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path, path.data(), path.size());
  const int code =
      connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0 ? 0 : errno;
  close(fd);
  return code == EAGAIN || code == EINPROGRESS ? 0 : code;
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
  const int code = try_connect(path);
  if (code == 0) {
    return fail(ErrorKind::kBusy, "cannot listen on '" + path + "': somebody else does");
  }
  if (code == ENOENT) return {};
  if (code != ECONNREFUSED) return fail_errno("cannot connect to '" + path + "'", code);
  if (unlink(path.c_str()) != 0 && errno != ENOENT) {
    return fail_errno("cannot remove the old socket '" + path + "'", errno);
  }
  return {};
}

}  // namespace

Status check_url(const std::string& url) {
  if (url.starts_with(kTcp)) {
    const size_t colon = url.rfind(':');
    if (colon >= kTcp.size() && colon + 1 < url.size()) return {};
    return fail(ErrorKind::kConfig, "no port in '" + url + "'");
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

bool is_tcp(const std::string& url) { return url.starts_with(kTcp); }

std::string with_port(const std::string& url, int port) {
  return url.substr(0, url.rfind(':') + 1) + std::to_string(port);
}

}  // namespace tandem::rpc
