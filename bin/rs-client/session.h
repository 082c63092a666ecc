// What a command works with: the settings, the way to the services, and where to print. One for
// the life of the process.
#pragma once

#include <string>
#include <string_view>

#include "base/exit_status.h"
#include "base/result.h"
#include "call.h"
#include "caller.h"
#include "console.h"
#include "fetch/fetcher.h"
#include "line_again.h"
#include "loop/loop.h"
#include "output.h"
#include "settings.h"

namespace tandem::client {

struct Session {
  explicit Session(Settings given);

  // Turns the loop until the call is answered. A write whose outcome is unknown in the end, also
  // because this process is told to end (which ends it), is told with the command line that
  // finishes it.
  Result<Reply> ask(Call call);

  // Begins to fetch a stream, which has no deadline of its own. The number to cancel it by; 0: it
  // could not begin, and nobody is told its end.
  uint64_t follow(fetch::Request request, fetch::Fetcher::Completion done);

  // A read with the consistency that was asked for.
  Call read(std::string method, std::string url) const;
  // A write under the key that was given, or under a new one.
  Call write(std::string method, std::string url, std::string body) const;
  std::string write_key() const;

  // Says the error on stderr; gives its exit status. In the json format a write whose outcome
  // ask() could not tell is told on stdout too: {"outcome":"unknown","key":"…","finish":"…"}.
  ExitStatus report(const Error& error);
  // Prints the JSON of a reply. A reply without one prints nothing, in the json format `empty`.
  ExitStatus print(const Reply& reply, std::string_view empty);
  // ask(), and then print() or report().
  ExitStatus ask_and_print(Call call, std::string_view empty = "{}");

  const Settings settings;
  Console console;
  Output output;
  loop::Loop loop;
  fetch::Fetcher fetcher;
  Caller caller;
  LineAgain again;

 private:
  void end_interrupted(Call::Kind kind, const std::string& key);
  Error with_finish(Error error, const std::string& key);

  std::string unknown_key_;  // of the write that ask() has left open last
};

}  // namespace tandem::client
