// Logging to stderr, a line an event:
//
//   rs-worker[4711]: info: follower joined the set id=2 epoch=7
//
// with the time before it where stderr is a terminal (elsewhere whoever keeps the log adds it), or
// one JSON object a line (Format::kJson), or with a priority prefix <N> of sd-daemon(3) where
// stderr is the journal. stdout stays free for data. Any thread may log; a line is one write(2),
// which never waits: where whoever reads stderr hangs lines are lost, and how many is told later.
// Nothing that happens once a request is logged above debug, but what is_worth_telling() says.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>
#include <string_view>

namespace tandem::log {

enum class Level { kDebug, kInfo, kWarning, kError };
enum class Format { kText, kJson, kJournal };

struct Field {
  std::string_view key;
  std::string value;
  bool quoted = true;  // in JSON: a string (true) or a bare number or boolean

  Field(std::string_view k, std::string_view v) : key(k), value(v) {}
  Field(std::string_view k, const char* v) : key(k), value(v) {}
  Field(std::string_view k, const std::string& v) : key(k), value(v) {}
  Field(std::string_view k, bool v) : key(k), value(v ? "true" : "false"), quoted(false) {}
  template <std::integral T>
  Field(std::string_view k, T v) : key(k), value(std::to_string(v)), quoted(false) {}
};

// Called once at start, before threads exist. `program` is copied.
void configure(std::string_view program, Level threshold, Format format);
void set_threshold(Level threshold);
bool enabled(Level level);

// Whether the end of a request is told at level info: its answer is 500 or more, or it took as long
// as set_slow() says. Each process that a request passes tells it, with its request id.
bool is_worth_telling(int status, int64_t duration_ns);
// 0: none is slow.
void set_slow(int64_t duration_ns);

// Format::kJournal where JOURNAL_STREAM names the inode of stderr, else kText.
Format detect_format();

void write(Level level, std::string_view text, std::span<const Field> fields);
inline void write(Level level, std::string_view text, std::initializer_list<Field> fields) {
  write(level, text, std::span(fields.begin(), fields.size()));
}

inline void debug(std::string_view text, std::initializer_list<Field> fields = {}) {
  if (enabled(Level::kDebug)) write(Level::kDebug, text, fields);
}
inline void info(std::string_view text, std::initializer_list<Field> fields = {}) {
  write(Level::kInfo, text, fields);
}
inline void warning(std::string_view text, std::initializer_list<Field> fields = {}) {
  write(Level::kWarning, text, fields);
}
inline void error(std::string_view text, std::initializer_list<Field> fields = {}) {
  write(Level::kError, text, fields);
}

}  // namespace tandem::log
