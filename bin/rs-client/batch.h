// Many calls from lines of JSON on standard input: up to request.concurrency at a time, results in
// the order of the lines, memory bounded however many lines there are.
//
// A result is one row on stdout that begins with the number of its line; a line that was refused is
// a message on stderr in its place, where it is one of the first ten. Where a service cannot be
// reached within the time of a call, no more lines are started. Each line has an idempotency key of
// its own: with --key KEY it is KEY:LINE, so that the same input can be given again and does
// nothing twice; without it, KEY is made, and told where the lines did not all come to an end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/exit_status.h"
#include "line_splitter.h"
#include "ordered_results.h"
#include "session.h"
#include "wire/json.h"

namespace tandem::client {

struct Question {
  Call call;
  wire::Json about;  // what `result` needs to know of the line
};

// What a command does with a line. Both are pure.
struct LineVerb {
  // Fails with kBadInput where the line is not what the command takes.
  Result<Question> (*question)(const Session& session, const std::string& line);
  // The columns of the row: an object, or an array for a row each.
  Result<wire::Json> (*result)(const wire::Json& about, const Reply& reply);
  // "users added", for the summary that a terminal gets.
  const char* done;
};

// Fails with kBadInput naming a key of the line that is none of `known`, nor "line", which results
// have, so that they can be lines of another command. What is no object has no keys.
Status check_keys(const wire::Json& line, std::initializer_list<std::string_view> known);

class Batch {
 public:
  Batch(Session& session, const LineVerb& verb);
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;

  // 0, 65 where lines were refused, else the status of what ended it early.
  ExitStatus run();

 private:
  struct Row {
    uint64_t line = 0;
    Result<wire::Json> result;
    std::string open_key = {};  // of a write whose outcome is unknown
  };

  void pump();
  void start(const Line& line);
  void read_more();
  void settle(uint64_t ticket, Row row);
  void print_settled();
  void print(const Row& row);
  void tell_failure(const Row& row);
  void stop_early(const Error& error);
  void interrupt();
  void show_progress();
  void summarize();
  bool finished() const;

  Session& session_;
  const LineVerb& verb_;
  const std::string key_;  // of all lines together
  LineSplitter lines_;
  OrderedResults<Row> rows_;
  loop::Timer progress_;
  size_t in_flight_ = 0;
  bool writes_ = false;
  bool reading_ = false;
  std::optional<ExitStatus> early_end_;
  uint64_t last_started_ = 0;
  uint64_t done_ = 0;
  uint64_t failed_ = 0;
  uint64_t told_ = 0;  // of those that failed
  int64_t begun_ms_ = 0;
};

// The lines of standard input, one after the other, through `verb`.
ExitStatus run_lines(Session& session, const LineVerb& verb);

}  // namespace tandem::client
