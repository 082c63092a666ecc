// rs-client: the command line client of the ride-share application, of the database service behind
// it and of the toy store. See rs-client(1).
#include <cstdlib>

#include "commands.h"
#include "session.h"
#include "startup.h"

using namespace tandem::client;

int main(int argc, char** argv) {
  prepare_process();
  const Invocation invocation = parse_or_exit(command_table(), argc, argv);
  need_room_or_exit();
  Session session{load_settings_or_exit(invocation)};
  session.again = {argv[0], invocation.command->name, invocation.arguments.line,
                   invocation.arguments.operands};
  const tandem::ExitStatus status = invocation.command->run(session, invocation.arguments);
  session.output.flush();
  // Not by return: a thread may still be reading standard input, and taking down the loop would
  // wait for it.
  std::_Exit(static_cast<int>(status));
}
