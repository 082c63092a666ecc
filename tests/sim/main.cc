// tandem_sim: runs the replication protocol in a simulated world, one seed after the other.
#include <getopt.h>
#include <unistd.h>

#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/exit_status.h"
#include "sim/cluster.h"

namespace {

using tandem::sim::Cluster;

constexpr char kUsage[] =
    "usage: tandem_sim [--seed S] [--seeds N] [--verbose]\n"
    "Runs seeds S (default 1) to S+N-1 (default 1 seed). Exits 1 at the first broken invariant.\n";

// A broken invariant ends in abort(), here or deep in the protocol core: all that is left to do
// then is to say which seed it was.
char rerun_line[300];

void tell_rerun_line(int) {
  const ssize_t written = write(STDERR_FILENO, rerun_line, std::strlen(rerun_line));
  _exit(written < 0 ? 2 : 1);
}

Cluster::Outcome run(const char* program, uint64_t seed, bool verbose) {
  std::snprintf(rerun_line, sizeof rerun_line,
                "seed %" PRIu64 " failed; rerun: %s --seed %" PRIu64 " --verbose\n", seed, program,
                seed);
  Cluster cluster(seed, verbose);
  const Cluster::Outcome outcome = cluster.run();
  if (verbose) {
    std::printf("seed %" PRIu64 ": events %" PRIu64 ", committed %" PRIu64 ", answered %" PRIu64
                ", epochs %" PRIu64 ", hash %016" PRIx64 "\n",
                seed, outcome.events, outcome.committed, outcome.answered, outcome.epochs,
                outcome.hash);
  }
  return outcome;
}

}  // namespace

int main(int argc, char** argv) {
  static const option kOptions[] = {{"seed", required_argument, nullptr, 's'},
                                    {"seeds", required_argument, nullptr, 'n'},
                                    {"verbose", no_argument, nullptr, 'v'},
                                    {"help", no_argument, nullptr, 'h'},
                                    {nullptr, 0, nullptr, 0}};
  uint64_t first = 1;
  uint64_t seeds = 1;
  bool verbose = false;
  for (int option = 0; (option = getopt_long(argc, argv, "", kOptions, nullptr)) != -1;) {
    if (option == 's') {
      first = std::strtoull(optarg, nullptr, 10);
    } else if (option == 'n') {
      seeds = std::strtoull(optarg, nullptr, 10);
    } else if (option == 'v') {
      verbose = true;
    } else {
      std::fputs(kUsage, option == 'h' ? stdout : stderr);
      return option == 'h' ? 0 : static_cast<int>(tandem::ExitStatus::kUsage);
    }
  }
  std::signal(SIGABRT, tell_rerun_line);
  Cluster::Outcome sum;
  for (uint64_t seed = first; seed < first + seeds; ++seed) {
    const Cluster::Outcome outcome = run(argv[0], seed, verbose);
    sum.events += outcome.events;
    sum.committed += outcome.committed;
    sum.answered += outcome.answered;
    sum.epochs += outcome.epochs;
  }
  // One seed is one run: the second time everything has to happen in the same way.
  if (run(argv[0], first, false).hash != run(argv[0], first, false).hash) {
    std::fprintf(stderr, "seed %" PRIu64 " gives another run the second time\n", first);
    return 1;
  }
  std::printf("seeds %" PRIu64 ", events %" PRIu64 ", committed %" PRIu64 ", answered %" PRIu64
              ", epochs %" PRIu64 "\n",
              seeds, sum.events, sum.committed, sum.answered, sum.epochs);
  return 0;
}
