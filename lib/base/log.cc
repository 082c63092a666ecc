#include "base/log.h"

#include <sys/stat.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <ctime>

#include "base/json_string.h"
#include "base/log_output.h"

namespace tandem::log {
namespace {

struct Settings {
  std::string program = "tandem";
  Format format = Format::kText;
  std::atomic<Level> threshold{Level::kInfo};
  std::atomic<int64_t> slow_ns{0};
  bool with_time = false;
};

Settings& settings() {
  static Settings instance;
  return instance;
}

const char* name_of(Level level) {
  switch (level) {
    case Level::kDebug:
      return "debug";
    case Level::kInfo:
      return "info";
    case Level::kWarning:
      return "warning";
    case Level::kError:
      return "error";
  }
  return "error";
}

// sd-daemon(3) priorities.
int journal_priority(Level level) {
  switch (level) {
    case Level::kDebug:
      return 7;
    case Level::kInfo:
      return 6;
    case Level::kWarning:
      return 4;
    case Level::kError:
      return 3;
  }
  return 3;
}

// A value with blanks, quotes or control characters is quoted, so that a line splits at blanks and
// nothing from outside can forge a second line.
void append_text_value(std::string& out, std::string_view value) {
  bool plain = !value.empty();
  for (const char c : value) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte <= 0x20 || c == '"' || c == '=' || byte == 0x7f) plain = false;
  }
  if (plain) {
    out += value;
  } else {
    append_json_string(out, value);
  }
}

struct Now {
  tm parts{};
  int ms = 0;
};

Now now_in(tm* (*break_down)(const time_t*, tm*)) {
  timespec now{};
  clock_gettime(CLOCK_REALTIME, &now);
  Now result;
  break_down(&now.tv_sec, &result.parts);
  result.ms = static_cast<int>(now.tv_nsec / 1'000'000);
  return result;
}

// As whoever sits at the terminal reads a clock.
std::string local_time() {
  const Now now = now_in(localtime_r);
  char stamp[40];
  std::snprintf(stamp, sizeof stamp, "%02d:%02d:%02d.%03d ", now.parts.tm_hour, now.parts.tm_min,
                now.parts.tm_sec, now.ms);
  return stamp;
}

std::string json_line(Level level, std::string_view text, std::span<const Field> fields) {
  const Now now = now_in(gmtime_r);
  const tm& parts = now.parts;
  char stamp[80];
  std::snprintf(stamp, sizeof stamp, "%04d-%02d-%02dT%02d:%02d:%02d.%03dZ", parts.tm_year + 1900,
                parts.tm_mon + 1, parts.tm_mday, parts.tm_hour, parts.tm_min, parts.tm_sec, now.ms);
  std::string line = "{\"time\":\"";
  line += stamp;
  line += "\",\"level\":\"";
  line += name_of(level);
  line += "\",\"program\":";
  append_json_string(line, settings().program);
  line += ",\"pid\":" + std::to_string(getpid()) + ",\"message\":";
  append_json_string(line, text);
  for (const Field& field : fields) {
    line += ',';
    append_json_string(line, field.key);
    line += ':';
    if (field.quoted) {
      append_json_string(line, field.value);
    } else {
      line += field.value;
    }
  }
  line += "}\n";
  return line;
}

std::string text_line(Level level, std::string_view text, std::span<const Field> fields) {
  std::string line;
  if (settings().format == Format::kJournal) {
    line = "<" + std::to_string(journal_priority(level)) + ">";
  } else {
    if (settings().with_time) line = local_time();
    line += settings().program + "[" + std::to_string(getpid()) + "]: " + name_of(level) + ": ";
  }
  line += text;
  for (const Field& field : fields) {
    line += ' ';
    line += field.key;
    line += '=';
    append_text_value(line, field.value);
  }
  line += '\n';
  return line;
}

std::string line_of(Level level, std::string_view text, std::span<const Field> fields) {
  return settings().format == Format::kJson ? json_line(level, text, fields)
                                            : text_line(level, text, fields);
}

}  // namespace

void configure(std::string_view program, Level threshold, Format format) {
  settings().program = program;
  settings().format = format;
  settings().threshold = threshold;
  settings().with_time = isatty(STDERR_FILENO) == 1;
}

bool is_worth_telling(int status, int64_t duration_ns) {
  const int64_t slow_ns = settings().slow_ns.load(std::memory_order_relaxed);
  return status >= 500 || (slow_ns != 0 && duration_ns >= slow_ns);
}

void set_slow(int64_t duration_ns) { settings().slow_ns = duration_ns; }

void set_threshold(Level threshold) { settings().threshold = threshold; }

bool enabled(Level level) { return level >= settings().threshold.load(std::memory_order_relaxed); }

Format detect_format() {
  const char* stream = std::getenv("JOURNAL_STREAM");
  struct stat info {};
  if (stream == nullptr || fstat(STDERR_FILENO, &info) != 0) return Format::kText;
  const std::string own = std::to_string(info.st_dev) + ":" + std::to_string(info.st_ino);
  return own == stream ? Format::kJournal : Format::kText;
}

void write(Level level, std::string_view text, std::span<const Field> fields) {
  if (!enabled(level)) return;
  const int saved = errno;
  static std::atomic<uint64_t> lost{0};
  const uint64_t count = lost.load();
  const bool told =
      count == 0 || write_line(line_of(Level::kWarning, "log lines were lost: nobody read them",
                                       std::array{Field{"lines", count}}));
  if (told && count != 0) lost -= count;
  if (!told || !write_line(line_of(level, text, fields))) ++lost;
  errno = saved;
}

}  // namespace tandem::log
