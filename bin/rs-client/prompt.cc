#include "prompt.h"

#include <poll.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstddef>

#include "printable.h"

namespace tandem::client {
namespace {

constexpr size_t kMaxBytes = 1 << 16;
constexpr std::array kSignals = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGTSTP};

volatile std::sig_atomic_t caught_signal = 0;
void note_signal(int number) { caught_signal = number; }

void say(std::string_view text) {
  // Where stderr cannot be written there is nobody left to tell.
  [[maybe_unused]] const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
}

// While it lives the terminal does not show what is typed, and signals wait until wait_for_input()
// lets them in.
class Hidden {
 public:
  Hidden() {
    sigset_t ours;
    sigemptyset(&ours);
    struct sigaction action {};
    action.sa_handler = note_signal;
    caught_signal = 0;
    for (size_t i = 0; i < kSignals.size(); ++i) {
      sigaddset(&ours, kSignals[i]);
      sigaction(kSignals[i], nullptr, &actions_[i]);
      // What is ignored, as in the background, stays ignored.
      if (actions_[i].sa_handler != SIG_IGN) sigaction(kSignals[i], &action, nullptr);
    }
    sigprocmask(SIG_BLOCK, &ours, &mask_);
    is_terminal_ = tcgetattr(STDIN_FILENO, &shown_) == 0;
    hide();
  }
  Hidden(const Hidden&) = delete;
  Hidden& operator=(const Hidden&) = delete;
  ~Hidden() {
    show();
    for (size_t i = 0; i < kSignals.size(); ++i) sigaction(kSignals[i], &actions_[i], nullptr);
    sigprocmask(SIG_SETMASK, &mask_, nullptr);
  }

  // False where a signal came instead, which is then in caught_signal.
  bool wait_for_input() const {
    pollfd input{STDIN_FILENO, POLLIN, 0};
    while (caught_signal == 0 && ppoll(&input, 1, nullptr, &mask_) < 0 && errno == EINTR) {
    }
    return caught_signal == 0;
  }

 private:
  void hide() const {
    termios hidden = shown_;
    hidden.c_lflag &= ~static_cast<tcflag_t>(ECHO);
    hidden.c_lflag |= ECHONL;
    if (is_terminal_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &hidden);
  }
  void show() const {
    if (is_terminal_) tcsetattr(STDIN_FILENO, TCSAFLUSH, &shown_);
  }

  std::array<struct sigaction, kSignals.size()> actions_{};
  sigset_t mask_{};
  termios shown_{};
  bool is_terminal_ = false;
};

Result<std::string> read_line(const Hidden* hidden) {
  std::string line;
  char c = 0;
  while (line.size() <= kMaxBytes) {
    if (hidden != nullptr && !hidden->wait_for_input()) return line;
    const ssize_t got = ::read(STDIN_FILENO, &c, 1);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno("cannot read standard input", errno);
    if (got == 0 && line.empty()) {
      say("\n");
      return fail(ErrorKind::kConflict, "nothing was answered, nothing was done");
    }
    if (got == 0 || c == '\n') return line;
    line += c;
  }
  return fail(ErrorKind::kBadInput, "the answer is longer than 64 KiB");
}

}  // namespace

bool can_ask() { return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1; }

Result<std::string> ask_line(std::string_view question) {
  say(printable(question));
  return read_line(nullptr);
}

Result<std::string> ask_secret(std::string_view question) {
  while (true) {
    Result<std::string> answer = "";
    {
      const Hidden hidden;
      say(printable(question));
      answer = read_line(&hidden);
    }
    if (caught_signal == 0) return answer;
    // With the terminal as it was, it does what it would have done. Where it has only stopped the
    // process for a while, or was taken by somebody, the question is asked once more.
    say("\n");
    std::raise(caught_signal);
  }
}

Status check_can_confirm(const Arguments& arguments, std::string_view command,
                         std::string_view what) {
  if (arguments.line.has("yes") || can_ask()) return {};
  const std::string name(command);
  return fail(ErrorKind::kUsage, "'" + name + "' " + std::string(what) +
                                     ", and there is nobody to ask: add --yes where that is meant");
}

Status confirm(const Arguments& arguments, std::string_view command, std::string_view what,
               std::string_view group) {
  if (const Status can = check_can_confirm(arguments, command, what); !can) return can;
  if (arguments.line.has("yes")) return {};
  const auto answer =
      ask_line("'" + std::string(command) + "' " + std::string(what) +
               ". Type the name of the group, " + std::string(group) + ", to go on: ");
  if (!answer) return fail(answer.error());
  if (*answer == group) return {};
  return fail(ErrorKind::kConflict,
              "'" + *answer + "' is not '" + std::string(group) + "': nothing was done");
}

}  // namespace tandem::client
