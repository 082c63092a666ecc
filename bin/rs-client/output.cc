#include "output.h"

#include <poll.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "base/exit_status.h"
#include "console.h"
#include "daemon/options.h"
#include "printable.h"
#include "wire/utf8.h"

namespace tandem::client {
namespace {

constexpr size_t kFlushBytes = 1 << 16;
constexpr size_t kMaxShownBytes = 1000;

// Of a text that may be a table with its head.
std::string_view last_line(std::string_view text) {
  while (text.ends_with('\n')) text.remove_suffix(1);
  return text.substr(text.rfind('\n') + 1);
}

Format format_of(std::string_view name, bool is_terminal) {
  if (name == "json") return Format::kJson;
  if (name == "pretty" || (name == "auto" && is_terminal)) return Format::kPretty;
  return Format::kTsv;
}

bool wants_no_color() {
  const char* value = std::getenv("NO_COLOR");
  return value != nullptr && *value != '\0';
}

}  // namespace

Output::Output(std::string_view format)
    : is_terminal_(isatty(STDOUT_FILENO) == 1),
      color_(is_terminal_ && !wants_no_color()),
      format_(format_of(format, is_terminal_)) {}

void Output::print(const wire::Json& value) {
  if (format_ == Format::kJson) return write_json(value.dump());
  write(render(value, format_, color_));
}

void Output::write_json(std::string_view json) {
  write(is_terminal_ ? printable_json(json) : std::string(json));
  write("\n");
}

void Output::write(std::string_view text) {
  buffer_ += text;
  if (buffer_.size() >= kFlushBytes) flush();
}

void Output::flush() {
  if (!daemon::write_stdout(buffer_)) end_after_failure(errno);
  buffer_.clear();
}

void Output::tell_if_lost(std::string text, bool with_result) {
  lost_ = std::move(text);
  lost_result_ = with_result;
}

void Output::end_after_failure(int error) const {
  if (error == EPIPE) {
    // Ignored until now, so that a lost connection does not end us.
    std::signal(SIGPIPE, SIG_DFL);
    std::raise(SIGPIPE);
  }
  Console console(false);
  console.say(std::string("cannot write to stdout: ") + std::strerror(error));
  if (!lost_.empty()) {
    const std::string_view result = lost_result_ ? last_line(buffer_) : std::string_view();
    if (!result.empty()) console.say("result: " + wire::shortened(result, kMaxShownBytes));
    console.say(lost_);
  }
  std::_Exit(static_cast<int>(ExitStatus::kIo));
}

void Output::end_where_reader_left() const {
  // A pipe or socket without a reader has an error; nothing else has one.
  pollfd stdout_state{STDOUT_FILENO, 0, 0};
  if (poll(&stdout_state, 1, 0) == 1 && (stdout_state.revents & POLLERR) != 0) {
    end_after_failure(EPIPE);
  }
}

}  // namespace tandem::client
