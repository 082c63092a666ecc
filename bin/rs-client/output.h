// Data on standard output, in the format that was chosen. Buffered: flush() before the end and
// before waiting for long.
//
// Where the reader has gone the process ends by SIGPIPE, as any filter does; where the output
// cannot be written otherwise (a full disk) it says so and exits 74.
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
  // Ends the process where nobody reads any more: for a command that may have nothing to print for
  // long and would not find out by writing.
  void end_where_reader_left() const;

 private:
  bool is_terminal_;
  bool color_;
  Format format_;
  std::string buffer_;
};

}  // namespace tandem::client
