#include "commands.h"

namespace tandem::client {

const std::vector<Command>& command_table() {
  static const std::vector<Command> commands = {
      {"users add",
       "NAME [PASSWORD] | -",
       "create a user, or one for each line",
       1,
       2,
       users_add,
       {{"password-stdin", 0, "", "read the password from standard input", ""}}},
      {"users rm", "NAME | -", "delete a user and their rides", 1, 1, users_rm},
      {"users ls", "", "list the users", 0, 0, users_ls},
      {"rides create",
       "[-]",
       "offer a ride, or one for each line; prints its id",
       0,
       1,
       rides_create,
       {{"by", 'b', "NAME", "who offers it", ""},
        {"time", 'T', "TIME", "when, as DD-MM-YYYY:SS-MM-HH", ""},
        {"from", 'F', "AREA", "where from: the number of an area", ""},
        {"to", 'D', "AREA", "where to", ""}}},
      {"rides ls", "FROM TO", "list the upcoming rides between two areas", 2, 2, rides_ls},
      {"rides show", "ID", "show a ride with its riders", 1, 1, rides_show},
      {"rides join", "ID NAME", "add a user to a ride", 2, 2, rides_join},
      {"rides rm", "ID", "delete a ride", 1, 1, rides_rm},
      {"rides count", "", "how many rides there are", 0, 0, rides_count},
      {"db read", "JSON | -", "read rows of a table", 1, 1, db_read},
      {"db write", "JSON | -", "carry out an operation or a transaction", 1, 1, db_write},
      {"db clear", "", "empty the whole database", 0, 0, db_clear},
      {"workers ls", "", "list the process ids of the workers", 0, 0, workers_ls},
      {"workers status", "", "show role, log and lag of each worker", 0, 0, workers_status},
      {"workers create", "slave", "start one more slave", 0, 1, workers_create},
      {"workers crash", "master|slave", "kill a worker with SIGKILL", 1, 1, workers_crash},
      {"wait",
       "",
       "wait until all services are ready",
       0,
       0,
       wait_ready,
       {{"ready", 0, "", "the same; for scripts that want to say it", ""}}},
      {"watch",
       "",
       "print the events of the database service as they happen",
       0,
       0,
       watch_events,
       {{"after", 'a', "ID", "begin after that event; else with the oldest kept", ""},
        {"count", 'C', "N", "end after N events", ""}}}};
  return commands;
}

}  // namespace tandem::client
