// tandem_sim: runs the replication protocol in a simulated world, one seed after the other.
// tandem_sim_planted: the same with a rule of the protocol switched off, which has to be found.
#include <getopt.h>
#include <unistd.h>

#include <array>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string_view>

#include "base/exit_status.h"
#include "consul/planted.h"
#include "repl/planted.h"
#include "sim/jobs.h"
#include "toys/planted.h"

namespace {

namespace consul = tandem::consul;
namespace repl = tandem::repl;
namespace toys = tandem::toys;
using tandem::sim::Outcome;
using tandem::sim::Simulated;

constexpr char kUsage[] =
    "usage: tandem_sim [--store|--coord] [--seed S] [--seeds N] [--file FILE] [--jobs J] "
    "[--verbose]\n"
    "       tandem_sim_planted [--store|--coord] --planted NAME [--seed S] [--seeds N] "
    "[--verbose]\n"
    "       tandem_sim_planted [--store|--coord] --table FILE [--jobs J]\n"
    "Runs the seeds in FILE and then seeds S (default 1) to S+N-1 (default 1 seed), J (default 1)\n"
    "at a time. Exits 1 at the first broken invariant. --store: the toy store, not the protocol\n"
    "alone. --coord: coordination by Consul alone. --planted switches the rule NAME off.\n"
    "--table: lines \"NAME SEEDS\"; exits 1 where a bug is not found within so many seeds.\n";

template <size_t kCount>
void print(const std::array<std::string_view, kCount>& names,
           const std::array<uint64_t, kCount>& figures) {
  for (size_t i = 0; i < kCount; ++i) {
    std::printf(" %s %" PRIu64, names[i].data(), figures[i]);
  }
}

void print(const Outcome& sum, Simulated what) {
  std::printf("seeds %" PRIu64 ", events %" PRIu64 ", committed %" PRIu64 ", answered %" PRIu64
              ", reads %" PRIu64 ", epochs %" PRIu64 ", undecided %" PRIu64 ", hash %016" PRIx64
              "\nfaults:",
              sum.seeds, sum.events, sum.committed, sum.answered, sum.reads, sum.epochs,
              sum.undecided, sum.hash);
  if (what == Simulated::kCoordination) {
    print(tandem::sim::kCoordFaultNames, sum.coord_faults);
  } else {
    print(tandem::sim::kFaultNames, sum.faults);
  }
  if (what == Simulated::kStore) {
    std::printf("\nfaults of the store:");
    print(tandem::sim::kStoreFaultNames, sum.store_faults);
    std::printf("\nstruck at steps:");
    print(tandem::sim::kStepNames, sum.steps);
    std::printf("\norders %" PRIu64 ", hits %" PRIu64 ", evicted %" PRIu64 ", invalidated %" PRIu64
                ", fills refused %" PRIu64,
                sum.orders, sum.hits, sum.evicted, sum.invalidated, sum.refused);
  }
  std::printf("\n");
}

// Nothing to switch off in tandem_sim.
bool plant(const char* name) {
#ifdef TANDEM_PLANTED_BUGS
  const auto of_protocol = tandem::bug_named<repl::Bug>(repl::kBugNames, name);
  const auto of_store = tandem::bug_named<toys::Bug>(toys::kBugNames, name);
  if (of_protocol) tandem::plant(*of_protocol);
  if (of_store) tandem::plant(*of_store);
  const auto of_consul = tandem::bug_named<consul::Bug>(consul::kBugNames, name);
  if (of_consul) tandem::plant(*of_consul);
  return of_protocol || of_store || of_consul;
#else
  return *name == '\0';
#endif
}

// All but the first, which is none.
std::span<const std::string_view> bugs(Simulated what) {
  std::span<const std::string_view> names = repl::kBugNames;
  if (what == Simulated::kStore) names = toys::kBugNames;
  if (what == Simulated::kCoordination) names = consul::kBugNames;
  return names.subspan(1);
}

}  // namespace

int main(int argc, char** argv) {
  static const option kOptions[] = {{"seed", required_argument, nullptr, 's'},
                                    {"seeds", required_argument, nullptr, 'n'},
                                    {"file", required_argument, nullptr, 'f'},
                                    {"jobs", required_argument, nullptr, 'j'},
                                    {"planted", required_argument, nullptr, 'p'},
                                    {"table", required_argument, nullptr, 't'},
                                    {"store", no_argument, nullptr, 'o'},
                                    {"coord", no_argument, nullptr, 'c'},
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
    } else if (option == 'o') {
      jobs.what = Simulated::kStore;
    } else if (option == 'c') {
      jobs.what = Simulated::kCoordination;
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
  if (table != nullptr) return jobs.find_planted(table, bugs(jobs.what), plant) ? 0 : 1;
  Outcome sum;
  if (!jobs.run(sum)) return 1;
  print(sum, jobs.what);
  return 0;
}
