#include "terminal.h"

#include <poll.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <utility>

namespace tandem::client {
namespace {

constexpr std::string_view kTake = "\x1b[?1049h\x1b[?25l\x1b[2J";  // other screen, no cursor
constexpr std::string_view kGiveBack = "\x1b[0m\x1b[?25h\x1b[?1049l";

termios before{};  // as it was found
volatile bool taken = false;

// All of it. Safe in a signal handler.
void write_all(std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(STDOUT_FILENO, bytes.data(), bytes.size());
    if (written > 0) {
      bytes.remove_prefix(static_cast<size_t>(written));
    } else if (written < 0 && errno == EAGAIN) {
      pollfd out{STDOUT_FILENO, POLLOUT, 0};
      poll(&out, 1, -1);
    } else if (written < 0 && errno != EINTR) {
      return;
    }
  }
}

// Safe in a signal handler, and twice.
void give_back() {
  if (!taken) return;
  taken = false;
  write_all(kGiveBack);
  tcsetattr(STDIN_FILENO, TCSADRAIN, &before);
}

// A bug of ours: the handler is gone by now (SA_RESETHAND), so that the signal kills.
void on_crash(int signal_number) {
  give_back();
  raise(signal_number);
}

void handle_crashes() {
  struct sigaction action {};
  action.sa_handler = on_crash;
  action.sa_flags = static_cast<int>(SA_RESETHAND) | SA_NODEFER;
  for (const int number : {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGABRT}) {
    sigaction(number, &action, nullptr);
  }
}

std::string_view style_of(TopLine::Style style) {
  using Style = TopLine::Style;
  const bool plain = std::getenv("NO_COLOR") != nullptr;
  switch (style) {
    case Style::kTitle:
    case Style::kHead:
      return "\x1b[1m";
    case Style::kBad:
      return plain ? "\x1b[1m" : "\x1b[1;31m";
    case Style::kDim:
      return "\x1b[2m";
    case Style::kPlain:
      break;
  }
  return "";
}

}  // namespace

bool Terminal::is_there() {
  const char* kind = std::getenv("TERM");
  return isatty(STDIN_FILENO) != 0 && isatty(STDOUT_FILENO) != 0 && kind != nullptr &&
         *kind != '\0' && std::string_view(kind) != "dumb";
}

Terminal::Terminal(loop::Loop& loop, UniqueFunction<void(char)> on_key,
                   UniqueFunction<void()> on_change)
    : on_key_(std::move(on_key)),
      on_change_(std::move(on_change)),
      input_(loop, STDIN_FILENO, [this](int) { on_readable(); }),
      resized_(loop, SIGWINCH, [this] { on_change_(); }),
      stopped_(loop, SIGTSTP, [this] { on_stop(); }),
      interrupted_(loop, SIGINT, [] { end_by(SIGINT); }),
      terminated_(loop, SIGTERM, [] { end_by(SIGTERM); }),
      hung_up_(loop, SIGHUP, [] { end_by(SIGHUP); }),
      quit_(loop, SIGQUIT, [] { end_by(SIGQUIT); }) {
  tcgetattr(STDIN_FILENO, &before);
  handle_crashes();
  std::atexit(give_back);
  take();
  input_.start(UV_READABLE);
}

Terminal::~Terminal() { give_back(); }

void Terminal::take() {
  termios raw = before;
  raw.c_lflag &= ~static_cast<tcflag_t>(ICANON | ECHO);  // ^C and ^Z still are signals
  raw.c_cc[VMIN] = 1;
  raw.c_cc[VTIME] = 0;
  taken = true;
  tcsetattr(STDIN_FILENO, TCSADRAIN, &raw);
  write_all(kTake);
}

void Terminal::on_readable() {
  std::array<char, 64> keys{};
  const ssize_t count = read(STDIN_FILENO, keys.data(), keys.size());
  // The terminal is gone.
  if (count == 0 || (count < 0 && errno != EINTR && errno != EAGAIN)) end_by(SIGHUP);
  for (ssize_t i = 0; i < count; ++i) on_key_(keys[static_cast<size_t>(i)]);
}

// Stops as any other program does, and goes on where it was.
void Terminal::on_stop() {
  give_back();
  kill(getpid(), SIGSTOP);
  take();
  on_change_();
}

// As if the signal had not been caught, for whoever started this.
void Terminal::end_by(int signal_number) {
  give_back();
  struct sigaction by_default {};
  by_default.sa_handler = SIG_DFL;
  sigaction(signal_number, &by_default, nullptr);
  sigset_t only;
  sigemptyset(&only);
  sigaddset(&only, signal_number);
  sigprocmask(SIG_UNBLOCK, &only, nullptr);
  raise(signal_number);
}

TopScreen Terminal::size() const {
  winsize size{};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0 || size.ws_row == 0) {
    return {};
  }
  return {size.ws_col, size.ws_row};
}

void Terminal::draw(const std::vector<TopLine>& lines) {
  std::string bytes = "\x1b[H";
  for (size_t i = 0; i < lines.size(); ++i) {
    if (i > 0) bytes += "\r\n";
    const std::string_view style = style_of(lines[i].style);
    bytes += style;
    bytes += lines[i].text;
    if (!style.empty()) bytes += "\x1b[0m";
    bytes += "\x1b[K";
  }
  bytes += "\x1b[J";
  write_all(bytes);
}

}  // namespace tandem::client
