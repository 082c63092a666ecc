// tandem_sim: runs the replication protocol in a simulated world, one seed after the other.
// tandem_sim_planted: the same with a rule of the protocol switched off, which has to be found.
#include <getopt.h>
#include <unistd.h>

#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "base/exit_status.h"
#include "repl/planted.h"
#include "sim/jobs.h"

namespace {

using tandem::repl::Bug;
using tandem::sim::Outcome;

constexpr char kUsage[] =
    "usage: tandem_sim [--seed S] [--seeds N] [--file FILE] [--jobs J] [--verbose]\n"
    "       tandem_sim_planted --planted NAME [--seed S] [--seeds N] [--verbose]\n"
    "       tandem_sim_planted --table FILE [--jobs J]\n"
    "Runs the seeds in FILE and then seeds S (default 1) to S+N-1 (default 1 seed), J (default 1)\n"
    "at a time. Exits 1 at the first broken invariant. --planted switches the rule NAME off.\n"
    "--table: lines \"NAME SEEDS\"; exits 1 where a bug is not found within so many seeds.\n";

void print(const Outcome& sum) {
  std::printf("seeds %" PRIu64 ", events %" PRIu64 ", committed %" PRIu64 ", answered %" PRIu64
              ", reads %" PRIu64 ", epochs %" PRIu64 ", undecided %" PRIu64 ", hash %016" PRIx64
              "\nfaults:",
              sum.seeds, sum.events, sum.committed, sum.answered, sum.reads, sum.epochs,
              sum.undecided, sum.hash);
  for (size_t i = 0; i < tandem::sim::kFaults; ++i) {
    std::printf(" %s %" PRIu64, tandem::sim::kFaultNames[i].data(), sum.faults[i]);
  }
  std::printf("\n");
}

// Nothing to switch off in tandem_sim.
bool plant(const char* name) {
#ifdef TANDEM_PLANTED_BUGS
  const auto bug = tandem::repl::bug_named(name);
  if (bug) tandem::repl::plant(*bug);
  return bug.has_value();
#else
  return *name == '\0';
#endif
}

}  // namespace

int main(int argc, char** argv) {
  static const option kOptions[] = {{"seed", required_argument, nullptr, 's'},
                                    {"seeds", required_argument, nullptr, 'n'},
                                    {"file", required_argument, nullptr, 'f'},
                                    {"jobs", required_argument, nullptr, 'j'},
                                    {"planted", required_argument, nullptr, 'p'},
                                    {"table", required_argument, nullptr, 't'},
                                    {"verbose", no_argument, nullptr, 'v'},
                                    {"help", no_argument, nullptr, 'h'},
                                    {nullptr, 0, nullptr, 0}};
  tandem::sim::Jobs jobs;
  jobs.program = argv[0];
  const char* table = nullptr;
  bool usage = false;
  const auto number = [] { return std::strtoull(optarg, nullptr, 10); };
  for (int option = 0; (option = getopt_long(argc, argv, "", kOptions, nullptr)) != -1;) {
    if (option == 's') {
      jobs.first = number();
    } else if (option == 'n') {
      jobs.seeds = number();
    } else if (option == 'j') {
      jobs.at_once = std::max(1ULL, number());
    } else if (option == 'f') {
      usage |= !jobs.read_seeds(optarg);
    } else if (option == 't') {
      table = optarg;
    } else if (option == 'p') {
      jobs.planted = optarg;
      usage |= !plant(optarg);
    } else if (option == 'v') {
      jobs.verbose = true;
    } else if (option == 'h') {
      std::fputs(kUsage, stdout);
      return 0;
    } else {
      usage = true;
    }
  }
  if (usage) {
    std::fputs(kUsage, stderr);
    return static_cast<int>(tandem::ExitStatus::kUsage);
  }
  if (table != nullptr) return jobs.find_planted(table, plant) ? 0 : 1;
  Outcome sum;
  if (!jobs.run(sum)) return 1;
  print(sum);
  return 0;
}
