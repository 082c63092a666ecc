#include "rpc/url.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>
#include <string>

#include "support/temporary_directory.h"

namespace tandem::rpc {
namespace {

namespace fs = std::filesystem;

// A directory of its own for each test, which is the working directory while it runs.
class SocketFileTest : public testing::Test {
 protected:
  SocketFileTest() : before_(fs::current_path()) {
    fs::create_directories(root_ / "here");
    fs::create_directories(root_ / "there");
  }
  ~SocketFileTest() override { fs::current_path(before_); }

  // A socket bound to `path` as seen from `directory`.
  int bind_in(const std::string& directory, const std::string& path) {
    fs::current_path(root_ / directory);
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    path.copy(address.sun_path, sizeof address.sun_path - 1);
    EXPECT_EQ(bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address), 0);
    return fd;
  }

  support::TemporaryDirectory directory_;
  const fs::path root_ = directory_.path();
  fs::path before_;
};

TEST_F(SocketFileTest, ALivingListenerIsLeftAlone) {
  const int fd = bind_in("here", "s.sock");
  ASSERT_EQ(listen(fd, 1), 0);
  // However it is called: the listener's path was a relative one.
  for (const std::string& path : {std::string("s.sock"), (root_ / "here/s.sock").string()}) {
    const Status status = prepare_to_listen("ipc://" + path);
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, ErrorKind::kBusy);
  }
  EXPECT_TRUE(fs::exists("s.sock"));
  close(fd);
}

TEST_F(SocketFileTest, AListenerInAnotherDirectoryIsNoHindrance) {
  const int living = bind_in("there", "s.sock");
  ASSERT_EQ(listen(living, 1), 0);
  close(bind_in("here", "s.sock"));
  EXPECT_TRUE(prepare_to_listen("ipc://s.sock"));
  EXPECT_FALSE(fs::exists("s.sock"));
  EXPECT_TRUE(fs::exists(root_ / "there/s.sock"));
  close(living);
}

TEST(CheckUrlTest, TakesWhatAServerCanListenOn) {
  for (const char* url : {"ipc://s", "ipc:///run/tandem/s.sock", "abstract://tandem",
                          "tcp://127.0.0.1:0", "tcp://[::1]:65535", "tcp://store.example:8001"}) {
    EXPECT_TRUE(check_url(url)) << url;
  }
}

TEST(CheckUrlTest, SaysWhatIsWrong) {
  const auto problem = [](const std::string& url) {
    const Status checked = check_url(url);
    return checked ? "none" : checked.error().message;
  };
  EXPECT_EQ(problem("carrier-pigeon"),
            "cannot use 'carrier-pigeon': wanted ipc://PATH, abstract://NAME or tcp://HOST:PORT");
  EXPECT_EQ(problem("ipc://"), "no name in 'ipc://'");
  for (const char* url : {"tcp://host", "tcp://host:"}) {
    EXPECT_EQ(problem(url), "no port in '" + std::string(url) + "'");
  }
  for (const char* url : {"tcp://host:x", "tcp://host:65536", "tcp://host:-1", "tcp://host:80x"}) {
    EXPECT_EQ(problem(url), "the port in '" + std::string(url) + "' is no number from 0 to 65535");
  }
  for (const char* url : {"tcp://[::1:80", "tcp://[::1]80", "tcp://user@host:80", "tcp://a/b:80"}) {
    EXPECT_EQ(problem(url), "the host in '" + std::string(url) + "' is no name or address");
  }
  // Without brackets.
  EXPECT_EQ(problem("tcp://::1:80"), "the port in 'tcp://::1:80' is no number from 0 to 65535");
  EXPECT_EQ(problem("ipc://" + std::string(108, 'a')),
            "socket path '" + std::string(108, 'a') + "' has 108 bytes: at most 107 are possible");
}

}  // namespace
}  // namespace tandem::rpc
