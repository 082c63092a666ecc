// What rs-client says on standard error: messages, with -v each request, and on a terminal how far
// it has come. Standard output is for data alone.
#pragma once

#include <string>
#include <string_view>

namespace tandem::client {

class Console {
 public:
  explicit Console(bool verbose);

  // "rs-client: TEXT". The text may come from elsewhere: it is made printable.
  void say(std::string_view text);
  // The same, with -v only.
  void detail(std::string_view text);
  // Lines of the program's own, as they are.
  void show(std::string_view lines);
  bool verbose() const { return verbose_; }

  // Shows a line that the next one replaces; "" takes it away. Only where is_terminal().
  void progress(std::string_view text);
  bool is_terminal() const { return is_terminal_; }

 private:
  const bool verbose_;
  const bool is_terminal_;
  bool in_progress_ = false;
};

}  // namespace tandem::client
