#include "move_record.h"

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "base/exit_status.h"
#include "consul/client.h"
#include "consulhost/consul_home.h"
#include "consulhost/file_home.h"
#include "consulhost/record_move.h"
#include "daemon/coordination.h"
#include "daemon/daemon.h"
#include "loop/loop.h"

namespace tandem::orch {

daemon::Option move_record_option() {
  return {.name = "move-record",
          .argument = "HOME",
          .help = "move the record of a system that is stopped to consul, or back to local"};
}

void move_record(daemon::CoordConfig config, const std::string& home) {
  if (home != "consul" && home != "local") {
    daemon::die({ErrorKind::kUsage, "'--move-record " + home + "': consul or local"});
  }
  // Both are needed, whichever is in use.
  config.backend = "consul";
  loop::Loop loop;
  daemon::Coordination coordination{config, loop};
  consul::Client client{coordination.transport(), coordination.time()};
  consulhost::FileHome files{config.root};
  consulhost::ConsulHome keys{client, [&] { loop.run_once(); }, config.prefix,
                              coordination.host_name()};

  const auto moved = home == "consul" ? consulhost::move_records(files, keys)
                                      : consulhost::move_records(keys, files);
  if (!moved) daemon::die(moved.error());
  for (const consulhost::KeptGroup& group : *moved) {
    std::printf("%s: version %llu\n", group.name.c_str(),
                static_cast<unsigned long long>(group.record.version));
  }
  std::exit(std::fflush(stdout) == 0 ? 0 : static_cast<int>(ExitStatus::kIo));
}

}  // namespace tandem::orch
