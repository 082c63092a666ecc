#include "restore_database.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <vector>

#include "directories.h"
#include "replica/restore.h"
#include "worker_process.h"

namespace tandem::orch {

void restore_if_asked(const daemon::Daemon& daemon, OrchConfig config) {
  for (const daemon::Option& option : replica::restore_options()) {
    const std::string* file = daemon.command_line().value(option.name);
    if (file == nullptr) continue;
    find_worker_program(config);
    const Directories directories(config.worker_directory);
    const std::vector<repl::ReplicaId> ids = directories.ids();
    const repl::ReplicaId id = ids.empty() ? 1 : *std::min_element(ids.begin(), ids.end());
    loop::ProcessOptions command = worker_command(config, id, directories.path(id));
    command.args.insert(command.args.end(), {"--" + option.name, *file});
    command.args.insert(command.args.begin(), command.program);
    std::vector<char*> argv;
    for (std::string& word : command.args) argv.push_back(word.data());
    argv.push_back(nullptr);
    execvp(argv[0], argv.data());
    daemon::die(fail_errno("cannot run '" + command.program + "'", errno).value());
  }
}

}  // namespace tandem::orch
