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
#include "repl/planted.h"
#include "sim/jobs.h"
#include "toys/planted.h"

namespace {

namespace repl = tandem::repl;
namespace toys = tandem::toys;
using tandem::sim::Outcome;

constexpr char kUsage[] =
    "usage: tandem_sim [--store] [--seed S] [--seeds N] [--file FILE] [--jobs J] [--verbose]\n"
    "       tandem_sim_planted [--store] --planted NAME [--seed S] [--seeds N] [--verbose]\n"
    "       tandem_sim_planted [--store] --table FILE [--jobs J]\n"
    "Runs the seeds in FILE and then seeds S (default 1) to S+N-1 (default 1 seed), J (default 1)\n"
    "at a time. Exits 1 at the first broken invariant. --store: the toy store, not the protocol\n"
    "alone. --planted switches the rule NAME off.\n"
    "--table: lines \"NAME SEEDS\"; exits 1 where a bug is not found within so many seeds.\n";

template <size_t kCount>
void print(const std::array<std::string_view, kCount>& names,
           const std::array<uint64_t, kCount>& figures) {
  for (size_t i = 0; i < kCount; ++i) {
    std::printf(" %s %" PRIu64, names[i].data(), figures[i]);
  }
}

void print(const Outcome& sum, bool store) {
  std::printf("seeds %" PRIu64 ", events %" PRIu64 ", committed %" PRIu64 ", answered %" PRIu64
              ", reads %" PRIu64 ", epochs %" PRIu64 ", undecided %" PRIu64 ", hash %016" PRIx64
              "\nfaults:",
              sum.seeds, sum.events, sum.committed, sum.answered, sum.reads, sum.epochs,
              sum.undecided, sum.hash);
  print(tandem::sim::kFaultNames, sum.faults);
  if (store) {
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
  return of_protocol || of_store;
#else
  return *name == '\0';
#endif
}

// All but the first, which is none.
std::span<const std::string_view> bugs(bool store) {
  const std::span<const std::string_view> protocol = repl::kBugNames;
  const std::span<const std::string_view> of_store = toys::kBugNames;
  return (store ? of_store : protocol).subspan(1);
}

}  // namespace

int main(int argc, char** argv) {
  static const option kOptions[] = {
      {"seed", required_argument, nullptr, 's'},    {"seeds", required_argument, nullptr, 'n'},
      {"file", required_argument, nullptr, 'f'},    {"jobs", required_argument, nullptr, 'j'},
      {"planted", required_argument, nullptr, 'p'}, {"table", required_argument, nullptr, 't'},
      {"store", no_argument, nullptr, 'o'},         {"verbose", no_argument, nullptr, 'v'},
      {"help", no_argument, nullptr, 'h'},          {nullptr, 0, nullptr, 0}};
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
      jobs.store = true;
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
  if (table != nullptr) return jobs.find_planted(table, bugs(jobs.store), plant) ? 0 : 1;
  Outcome sum;
  if (!jobs.run(sum)) return 1;
  print(sum, jobs.store);
  return 0;
}
