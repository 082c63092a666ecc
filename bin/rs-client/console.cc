#include "console.h"

#include <unistd.h>

#include "printable.h"

namespace tandem::client {
namespace {

constexpr std::string_view kClearLine = "\r\033[K";

void write_stderr(const std::string& text) {
  // Where stderr cannot be written there is nobody left to tell.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

}  // namespace

Console::Console(bool verbose) : verbose_(verbose), is_terminal_(isatty(STDERR_FILENO) == 1) {}

void Console::say(std::string_view text) {
  std::string line;
  if (in_progress_) line = kClearLine;
  in_progress_ = false;
  write_stderr(line + "rs-client: " + printable(text) + "\n");
}

void Console::show(std::string_view lines) { write_stderr(std::string(lines)); }

void Console::detail(std::string_view text) {
  if (verbose_) say(text);
}

void Console::progress(std::string_view text) {
  if (!is_terminal_ || (text.empty() && !in_progress_)) return;
  write_stderr(std::string(kClearLine) + printable(text));
  in_progress_ = !text.empty();
}

}  // namespace tandem::client
