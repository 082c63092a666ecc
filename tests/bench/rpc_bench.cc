// Items a second between two processes: rpc_bench [outstanding [seconds [payload bytes]]]
//
// The parent asks, a child echoes, over an ipc socket in a directory of its own. Every answer is
// compared with its question; any other outcome ends the run with status 1.
#include <signal.h>
#include <stdlib.h>

#include <chrono>
#include <cstdio>
#include <filesystem>
#include <string>

#include "base/check.h"
#include "loop/loop.h"
#include "loop/process.h"
#include "rpc/client.h"
#include "rpc/server.h"

namespace {

using namespace tandem;  // NOLINT: a program of one file

class EchoHandler final : public rpc::Handler {
 public:
  void on_call(rpc::Reply reply, std::string_view payload) override { reply.answer(payload); }
};

int serve(const std::string& url) {
  loop::Loop loop;
  EchoHandler handler;
  rpc::Server server(loop, {.url = url}, handler);
  if (const Status status = server.start(); !status) {
    std::fprintf(stderr, "rpc_bench: %s\n", status.error().message.c_str());
    return 69;
  }
  loop.run();
  return 0;
}

struct Load {
  rpc::Client& client;
  const std::string payload;
  bool more = true;
  uint64_t answered = 0;
  uint64_t failed = 0;

  void ask() {
    client.call(payload, 5000, [this](Result<std::string_view> got) {
      ++(got && *got == payload ? answered : failed);
      if (more) ask();
    });
  }
};

int measure(loop::Loop& loop, const std::string& url, int outstanding, int seconds, size_t bytes) {
  rpc::Client client(loop, {.url = url});
  CHECK(client.start());
  while (!client.connected()) loop.run_once();
  Load load{.client = client, .payload = std::string(bytes, 'x')};
  for (int i = 0; i < outstanding; ++i) load.ask();
  loop::Timer end(loop, [&] { load.more = false; });
  end.start(static_cast<uint64_t>(seconds) * 1000);
  const auto begin = std::chrono::steady_clock::now();
  while (client.outstanding() > 0) loop.run_once();
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - begin;
  std::printf("%d outstanding, %zu bytes: %.0f items/s, %llu failed\n", outstanding, bytes,
              static_cast<double>(load.answered) / took.count(),
              static_cast<unsigned long long>(load.failed));
  return load.failed == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  if (argc == 3 && std::string(argv[1]) == "--serve") return serve(argv[2]);
  const int outstanding = argc > 1 ? atoi(argv[1]) : 64;
  const int seconds = argc > 2 ? atoi(argv[2]) : 3;
  const int bytes = argc > 3 ? atoi(argv[3]) : 200;
  if (outstanding < 1 || seconds < 1 || bytes < 0) {
    std::fprintf(stderr, "usage: rpc_bench [outstanding [seconds [payload bytes]]]\n");
    return 64;
  }
  std::string directory = (std::filesystem::temp_directory_path() / "rpc-bench-XXXXXX").string();
  CHECK(mkdtemp(directory.data()) != nullptr);
  const std::string url = "ipc://" + directory + "/s";

  loop::Loop loop;
  bool exited = false;
  loop::Process server(loop, [&](int64_t, int) { exited = true; });
  loop::ProcessOptions options;
  options.program = "/proc/self/exe";
  options.args = {"--serve", url};
  CHECK(server.spawn(options));
  const int status = measure(loop, url, outstanding, seconds, static_cast<size_t>(bytes));
  CHECK(server.signal(SIGKILL));
  while (!exited) loop.run_once();
  std::filesystem::remove_all(directory);
  return status;
}
