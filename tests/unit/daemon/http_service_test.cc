#include "daemon/http_service.h"

#include <arpa/inet.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include <thread>

#include "daemon/child.h"

namespace tandem::daemon {
namespace {

using ::testing::HasSubstr;

void declare(HttpConfig& c, SettingTable& t) { declare_http(c, t); }

sockaddr_in loopback(uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  return address;
}

// The answer to a GET, as it came.
std::string get(uint16_t port, const std::string& path) {
  const int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const sockaddr_in address = loopback(port);
  CHECK(connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0);
  const std::string request =
      "GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n";
  CHECK(send(fd, request.data(), request.size(), 0) == static_cast<ssize_t>(request.size()));
  std::string answer;
  char text[4096];
  ssize_t received = 0;
  while ((received = recv(fd, text, sizeof text, 0)) > 0) {
    answer.append(text, static_cast<size_t>(received));
  }
  close(fd);
  return answer;
}

// Serves on a free port while another thread asks for each path, and writes the answers to stdout.
int serve(const std::vector<std::string>& paths, const Status& readiness) {
  Arguments arguments({"--port", "0", "--log-level", "debug"});
  Daemon daemon({"rs-test", "test things", http_options()}, arguments.argc(), arguments.argv());
  const HttpConfig config = daemon.load<HttpConfig>(declare);
  loop::Loop loop;
  Metrics metrics;
  HttpService web(config, daemon, metrics, loop);
  web.router().add(http::Method::kGet, "/hello", [](const http::Request&, http::Responder r) {
    http::Response response;
    response.content_type = "text/plain";
    response.body = "hello";
    r.send(response);
  });
  web.depends_on("backend", [&readiness](http::ReadyAnswer answer) { answer(readiness); });
  std::thread client;
  loop::Timer when_ready(loop, [&] {
    client = std::thread([&paths, port = web.port()] {
      for (const std::string& path : paths) CHECK(write_stdout(get(port, path) + "\n"));
      kill(getpid(), SIGTERM);
    });
  });
  when_ready.start(0);
  const int status = daemon.run(loop, {&web});
  client.join();
  return status;
}

TEST(HttpServiceTest, ServesRoutesHealthAndMetrics) {
  const ChildResult child = run_child([] {
    return serve({"/hello", "/livez", "/readyz", "/metrics", "/"}, {});
  });
  EXPECT_EQ(child.status, 0) << child.err;
  EXPECT_THAT(child.out, HasSubstr("hello\n"));
  EXPECT_THAT(child.out, HasSubstr("{\"status\":\"ok\"}"));
  EXPECT_THAT(child.out, HasSubstr("{\"name\":\"rs-test\",\"version\":\""));
  EXPECT_THAT(child.err, HasSubstr("debug: request method=GET target=/hello status=200 us="));
  EXPECT_THAT(child.out, HasSubstr("tandem_http_requests_total{method=\"GET\",route=\"/hello\","
                                   "status=\"2xx\"} 1\n"));
}

TEST(HttpServiceTest, NotReadyHasAReason) {
  const ChildResult child = run_child(
      [] { return serve({"/readyz"}, fail(ErrorKind::kUnavailable, "no leader is known")); });
  EXPECT_EQ(child.status, 0) << child.err;
  EXPECT_THAT(child.out, HasSubstr("HTTP/1.1 503 "));
  EXPECT_THAT(child.out, HasSubstr("no leader is known"));
}

TEST(HttpServiceTest, APortInUseIs69) {
  const int holder = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address = loopback(0);
  socklen_t length = sizeof address;
  ASSERT_EQ(bind(holder, reinterpret_cast<const sockaddr*>(&address), length), 0);
  ASSERT_EQ(listen(holder, 1), 0);
  ASSERT_EQ(getsockname(holder, reinterpret_cast<sockaddr*>(&address), &length), 0);
  const std::string port = std::to_string(ntohs(address.sin_port));
  const ChildResult child = run_child([&port] {
    Arguments arguments({"-p", port});
    Daemon daemon({"rs-test", "test things", http_options()}, arguments.argc(), arguments.argv());
    const HttpConfig config = daemon.load<HttpConfig>(declare);
    loop::Loop loop;
    Metrics metrics;
    HttpService web(config, daemon, metrics, loop);
    return daemon.run(loop, {&web});
  });
  close(holder);
  EXPECT_EQ(child.status, 69);
  EXPECT_THAT(child.err, HasSubstr("error: cannot listen on 127.0.0.1:" + port +
                                   ": address already in use part=http\n"));
}

TEST(HttpServiceTest, LimitsAreSettings) {
  HttpConfig config;
  SettingTable table;
  declare_http(config, table);
  const ConfigReport report = table.resolve(
      {"rs-test", "", {{"http.max_body", "2MiB"}, {"http.request_timeout", "3s"}}, {}});
  EXPECT_TRUE(report.errors.empty());
  EXPECT_EQ(config.limits.body_bytes, 2u << 20);
  EXPECT_EQ(config.limits.request_timeout_ms, 3000u);
}

}  // namespace
}  // namespace tandem::daemon
