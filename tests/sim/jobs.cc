#include "sim/jobs.h"

#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cinttypes>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <new>
#include <set>
#include <sstream>
#include <string_view>
#include <utility>

#include "base/check.h"
#include "sim/cluster.h"
#include "sim/coord/coordination.h"
#include "sim/store/toy_store.h"

namespace tandem::sim {
namespace {

constexpr useconds_t kTellEveryUs = 200'000;

// What one process has done; seen by all of them.
struct Progress {
  std::atomic<uint64_t> done{0};
  std::atomic<bool> broken{false};
  Outcome sum;
};

Progress* share(size_t count) {
  void* memory = mmap(nullptr, count * sizeof(Progress), PROT_READ | PROT_WRITE,
                      MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  CHECK(memory != MAP_FAILED);
  return new (memory) Progress[count];
}

// A broken invariant ends in abort(), here or deep in what is simulated: all that is left to do
// then, and where that crashes, is to say which seed it was.
char rerun_line[400];

void tell_rerun_line(int) {
  const ssize_t written = write(STDERR_FILENO, rerun_line, std::strlen(rerun_line));
  _exit(written < 0 ? 2 : 1);
}

template <typename Work>
pid_t in_child(Work work) {
  std::fflush(nullptr);
  const pid_t pid = fork();
  CHECK(pid >= 0);
  if (pid == 0) {
    work();
    _exit(0);
  }
  return pid;
}

// The next child that ended; 0 where `wait` is false and none did.
std::pair<pid_t, bool> next_ended(bool wait) {
  int status = 0;
  const pid_t pid = waitpid(-1, &status, wait ? 0 : WNOHANG);
  return {pid, WIFEXITED(status) && WEXITSTATUS(status) == 0};
}

// One planted bug that is looked for.
struct Search {
  std::string name;
  uint64_t limit = 0;
  int output = -1;  // where its stderr can be read
};

// False: not found. What broke is in the first line that the search wrote.
bool tell_search(const Search& search, bool found, uint64_t seeds) {
  char text[160] = "";
  const ssize_t got = read(search.output, text, sizeof text - 1);
  text[std::max<ssize_t>(got, 0)] = '\0';
  text[std::strcspn(text, "\n")] = '\0';
  close(search.output);
  std::printf("%-22s %s %" PRIu64 " of %" PRIu64 "  %s\n", search.name.c_str(),
              found ? "found at seed" : "NOT FOUND in", seeds, search.limit, text);
  std::fflush(stdout);
  return found;
}

}  // namespace

bool Jobs::read_seeds(const char* file) {
  std::ifstream in(file);
  for (std::string line; std::getline(in, line);) {
    if (!line.empty() && line[0] != '#') known.push_back(std::strtoull(line.c_str(), nullptr, 10));
  }
  return in.eof();
}

Outcome Jobs::run_seed(uint64_t seed) const {
  std::string options;
  if (what == Simulated::kStore) options = " --store";
  if (what == Simulated::kCoordination) options = " --coord";
  if (!planted.empty()) options += " --planted " + planted;
  std::snprintf(rerun_line, sizeof rerun_line,
                "seed %" PRIu64 " failed; rerun: %s%s --seed %" PRIu64 " --verbose\n", seed,
                program.c_str(), options.c_str(), seed);
  for (const int number : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE}) std::signal(number, tell_rerun_line);
  // All are large.
  switch (what) {
    case Simulated::kStore:
      return std::make_unique<ToyStore>(seed, verbose)->run();
    case Simulated::kCoordination:
      return std::make_unique<Coordination>(seed, verbose)->run();
    case Simulated::kProtocol:
      break;
  }
  return std::make_unique<Cluster>(seed, verbose)->run();
}

bool Jobs::run(Outcome& sum) const {
  const uint64_t count = known.size() + seeds;
  Progress* const progress = share(at_once);
  std::atomic<bool>& broken = progress[0].broken;
  for (uint64_t job = 0; job < at_once; ++job) {
    in_child([&, job] {
      for (uint64_t i = job; i < count && !broken; i += at_once) {
        progress[job].sum.add(run_seed(seed_at(i)));
        ++progress[0].done;
      }
    });
  }
  const bool tells = isatty(STDERR_FILENO) != 0 && count > 1 && !verbose;
  for (uint64_t running = at_once; running > 0;) {
    const auto [pid, good] = next_ended(!tells);
    if (pid > 0) --running;
    if (pid > 0 && !good) broken = true;
    if (!tells) continue;
    std::fprintf(stderr, "\r%" PRIu64 " of %" PRIu64 " seeds ", progress[0].done.load(), count);
    if (pid == 0) usleep(kTellEveryUs);
  }
  if (tells) std::fputs("\n", stderr);
  for (uint64_t job = 0; job < at_once; ++job) sum.add(progress[job].sum);
  return !broken;
}

bool Jobs::find_planted(const char* table, std::span<const std::string_view> bugs,
                        bool (*plant)(const char* name)) const {
  std::vector<Search> searches;
  std::set<std::string_view> missing(bugs.begin(), bugs.end());
  std::ifstream in(table);
  for (std::string line; std::getline(in, line);) {
    std::istringstream words(line);
    Search search;
    if (line.starts_with('#') || !(words >> search.name >> search.limit)) continue;
    missing.erase(search.name);
    if (search.limit == 0) {
      std::printf("%-22s not looked for\n", search.name.c_str());
    } else {
      searches.push_back(std::move(search));
    }
  }
  for (const std::string_view name : missing) {
    std::printf("%s is missing in %s\n", std::string(name).c_str(), table);
  }
  bool all_found = missing.empty();
  Progress* const progress = share(searches.size());
  std::map<pid_t, size_t> running;
  for (size_t next = 0; next < searches.size() || !running.empty();) {
    if (next < searches.size() && running.size() < at_once) {
      Search& search = searches[next];
      int ends[2];
      CHECK(pipe(ends) == 0);
      const pid_t pid = in_child([&] {
        CHECK(dup2(ends[1], STDERR_FILENO) >= 0);
        CHECK(plant(search.name.c_str()));
        for (uint64_t seed = first; seed < first + search.limit; ++seed) {
          progress[next].done = seed;
          run_seed(seed);
        }
      });
      close(ends[1]);
      search.output = ends[0];
      running[pid] = next++;
      continue;
    }
    const auto [pid, good] = next_ended(true);
    const size_t which = running.extract(pid).mapped();
    all_found = tell_search(searches[which], !good, progress[which].done) && all_found;
  }
  return all_found;
}

}  // namespace tandem::sim
