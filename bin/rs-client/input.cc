#include "input.h"

#include <unistd.h>

#include <array>
#include <cerrno>
#include <memory>
#include <utility>

namespace tandem::client {
namespace {

constexpr size_t kChunkBytes = 1 << 16;

struct Chunk {
  std::array<char, kChunkBytes> bytes{};
  ssize_t got = 0;
  int error = 0;

  void read() {
    do {
      got = ::read(STDIN_FILENO, bytes.data(), bytes.size());
    } while (got < 0 && errno == EINTR);
    error = got < 0 ? errno : 0;
  }
};

}  // namespace

void read_input(loop::Loop& loop, UniqueFunction<void(Result<std::string_view>)> done) {
  // Shared by the thread that fills it and the loop that empties it.
  const auto chunk = std::make_shared<Chunk>();
  loop::run_work(
      loop, [chunk] { chunk->read(); },
      [chunk, done = std::move(done)]() mutable {
        if (chunk->got < 0) return done(fail_errno("cannot read standard input", chunk->error));
        done(std::string_view(chunk->bytes.data(), static_cast<size_t>(chunk->got)));
      });
}

Result<std::string> read_first_line() {
  constexpr size_t kMaxBytes = 1 << 16;
  std::string line;
  char c = 0;
  while (line.size() <= kMaxBytes) {
    const ssize_t got = ::read(STDIN_FILENO, &c, 1);  // no byte of what follows is taken
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("cannot read standard input", errno);
    if (got == 0 && line.empty()) return fail(ErrorKind::kBadInput, "standard input is empty");
    if (got == 0 || c == '\n') return line;
    line += c;
  }
  return fail(ErrorKind::kBadInput, "the first line of standard input is longer than 64 KiB");
}

}  // namespace tandem::client
