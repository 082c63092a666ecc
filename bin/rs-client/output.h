// Data on standard output, in the format that was chosen. Buffered: flush() before the end and
// before waiting for long.
//
// Where the reader has gone the process ends by SIGPIPE, as any filter does; where the output
// cannot be written otherwise (a full disk) it says so and exits 74. What was done all the same is
// told with it.
#pragma once

#include <string>
#include <string_view>

#include "render.h"
#include "wire/json.h"

namespace tandem::client {

class Output {
 public:
  // "auto" is pretty on a terminal, else tsv. Colour only on a terminal and without NO_COLOR.
  explicit Output(std::string_view format);

  Format format() const { return format_; }
  bool is_terminal() const { return is_terminal_; }

  void print(const wire::Json& value);
  // One line of JSON, which a terminal gets in a form that does not drive it.
  void write_json(std::string_view json);
  void write(std::string_view text);
  void flush();
  // From now on a failure is told with what was done, and how it is printed again: nobody shall do it
  // twice for the sake of its result. `with_result`: and with the last line that was not written.
  void tell_if_lost(std::string text, bool with_result);
  // Ends the process where nobody reads any more: for a command that may have nothing to print for
  // long and would not find out by writing.
  void end_where_reader_left() const;

 private:
  [[noreturn]] void end_after_failure(int error) const;

  bool is_terminal_;
  bool color_;
  Format format_;
  std::string buffer_;
  std::string lost_;  // what to tell with a failure
  bool lost_result_ = false;
};

}  // namespace tandem::client
