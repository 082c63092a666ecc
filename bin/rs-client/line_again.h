// The command line that carries the command of this process out once more, under the key of a write
// whose outcome is not known: what people and scripts are told then, to be given to a shell as it
// is. Pure.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "daemon/options.h"

namespace tandem::client {

// As one word of a POSIX shell.
std::string shell_word(std::string_view text);

struct LineAgain {
  std::string program = "rs-client";  // as this one was called
  std::string command = {};           // "toys buy"
  daemon::CommandLine line = {};      // the options that were given
  std::vector<std::string> operands = {};

  // "rs-client --key K toys buy Lego": all options but --key, each by its long name, then `command`
  // and `operands`.
  std::string with_key(std::string_view key) const;
};

}  // namespace tandem::client
