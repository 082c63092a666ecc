#include "postgres.h"

#include <fmt/format.h>
#include <signal.h>

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <iterator>
#include <system_error>
#include <utility>

#include "sim/random.h"

namespace tandem::torture {
namespace {

namespace fs = std::filesystem;

// What a session of a worker is called, by ps.
constexpr const char* kSession = "postgres: tester worker_";

struct Lock {
  const char* name;
  const char* sql;
};
constexpr Lock kLocks[] = {
    {"all of users", "LOCK TABLE users IN ACCESS EXCLUSIVE MODE"},
    {"all of torture_registers", "LOCK TABLE torture_registers IN ACCESS EXCLUSIVE MODE"},
    {"writes to torture_registers", "LOCK TABLE torture_registers IN SHARE MODE"},
    {"the row of tandem.meta", "SELECT FROM tandem.meta FOR UPDATE"},
};

// A line for all that is kept of a table, in an order that does not depend on how it came there. What
// counts by itself where a snapshot was installed is left out: the entry that made the schema, and
// the numbers of keys, but for their order in a snapshot.
constexpr const char* kKept = R"(
SELECT format('SELECT %L, count(*), md5(string_agg(t::text, E''\n'' ORDER BY t::text)) FROM %s t',
              oid::regclass, oid::regclass)
  FROM pg_class WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
  ORDER BY relname \gexec
SELECT 'keys', count(*), md5(string_agg(t::text, E'\n' ORDER BY at))
  FROM (SELECT row_number() OVER (ORDER BY made > 0, seq) AS at, key, hash, time_ms, made, status, body
          FROM tandem.keys) AS t;
SELECT 'meta', applied, epoch, time_ms, md5(schema), row_counts, counters FROM tandem.meta;
)";

// As "postgres: tester worker_1 [local] idle"; the title ends with zeros.
std::string title_of(pid_t pid) {
  std::string title = read_text("/proc/" + std::to_string(pid) + "/cmdline");
  title.resize(title.find_last_not_of(std::string_view("\0 ", 2)) + 1);
  return title;
}

template <typename T>
const T& chosen(const std::vector<T>& all, uint64_t choice) {
  return all[choice % all.size()];
}

}  // namespace

Postgres::Postgres(const Settings& settings, Processes& processes, Programs& programs, int count)
    : settings_(settings), processes_(processes), programs_(programs) {
  for (int id = 1; id <= count; ++id) {
    servers_.push_back(
        &programs.add("postgres-" + std::to_string(id), {settings.postgres, "run", directory(id)}));
  }
}

std::string Postgres::directory(int id) const {
  return settings_.directory + "/postgres/" + std::to_string(id);
}

Status Postgres::start() {
  if (servers_.empty()) return {};
  const std::string& tool = settings_.postgres;
  std::string make = "mkdir postgres\n" + tool + " make postgres/0\n";
  std::string wait;
  for (size_t id = 1; id <= servers_.size(); ++id) {
    make += fmt::format("{} copy postgres/0 postgres/{}\n", tool, id);
    wait += fmt::format("timeout 60 {} wait postgres/{}\n", tool, id);
  }
  if (const Status made = processes_.run(make); !made) return made;
  for (Program* server : servers_) {
    if (const Status launched = programs_.launch(*server); !launched) return launched;
  }
  return processes_.run(wait);
}

std::string Postgres::tables() const {
  if (servers_.empty()) return "";
  // The workers run in the directory.
  return "[tables]\nbackend = \"postgres\"\n"
         "url = \"host=/proc/self/cwd/postgres/{id} user=tester dbname=worker_{id}\"\n";
}

std::vector<Postgres::Process> Postgres::children(int id) const {
  std::vector<Process> found;
  const fs::path data = directory(id) + "/data";
  std::error_code error;
  for (const auto& entry : fs::directory_iterator("/proc", error)) {
    const std::string name = entry.path().filename();
    pid_t pid = 0;
    if (std::from_chars(name.data(), name.data() + name.size(), pid).ec != std::errc()) continue;
    if (fs::read_symlink(entry.path() / "cwd", error) != data) continue;
    const std::string title = title_of(pid);
    // The postmaster has no such title.
    if (title.starts_with("postgres: ")) found.push_back({pid, title});
  }
  std::sort(found.begin(), found.end(),
            [](const Process& a, const Process& b) { return a.pid < b.pid; });
  return found;
}

std::vector<Postgres::Process> Postgres::sessions(int id) const {
  std::vector<Process> all = children(id);
  std::erase_if(all, [](const Process& each) { return !each.name.starts_with(kSession); });
  return all;
}

Status Postgres::signal(int id, pid_t pid, int number) const {
  std::error_code error;
  const auto cwd = fs::read_symlink("/proc/" + std::to_string(pid) + "/cwd", error);
  if (pid <= 1 || error || cwd != directory(id) + "/data")
    return fail(ErrorKind::kNotFound, "it is another process");
  if (::kill(pid, number) != 0) return fail_errno("cannot signal", errno);
  return {};
}

Status Postgres::kill(int id, bool stays_down) {
  Program& server = program(id);
  if (const Status sent = signal(id, server.pid, SIGKILL); !sent) return sent;
  server.stays_down = stays_down;
  return {};
}

Result<std::string> Postgres::strike_child(int id, int number, uint64_t choice, bool any_child) {
  const std::vector<Process> all = any_child ? children(id) : sessions(id);
  if (all.empty()) return fail(ErrorKind::kUnavailable, "there is no such process");
  const Process& struck = chosen(all, choice);
  if (const Status sent = signal(id, struck.pid, number); !sent) return fail(sent.error());
  return struck.name;
}

Status Postgres::stop_process(int id, pid_t pid) {
  const Status sent = signal(id, pid, SIGSTOP);
  if (sent) stopped_.emplace_back(id, pid);
  return sent;
}

Result<std::string> Postgres::stop_session(int id, uint64_t choice) {
  const std::vector<Process> all = sessions(id);
  if (all.empty()) return fail(ErrorKind::kUnavailable, "there is no session");
  const Process& struck = chosen(all, choice);
  if (const Status stopped = stop_process(id, struck.pid); !stopped) return fail(stopped.error());
  return struck.name;
}

Status Postgres::stop(int id) {
  // First, so that no child is born meanwhile.
  if (const Status stopped = stop_process(id, program(id).pid); !stopped) return stopped;
  for (const Process& child : children(id)) (void)stop_process(id, child.pid);
  return {};
}

Result<std::string> Postgres::lock(int id, uint64_t choice, int64_t hold_ms) {
  const Lock& lock = kLocks[choice % std::size(kLocks)];
  // It ends by itself: what holds a lock may be cut off from whoever would end it.
  const std::string script =
      fmt::format("{} sql postgres/{} worker_{} \"BEGIN; {}; SELECT pg_sleep({}); COMMIT\" &\n",
                  settings_.postgres, id, id, lock.sql, static_cast<double>(hold_ms) / 1000);
  if (const Status begun = processes_.run(script); !begun) return fail(begun.error());
  return lock.name;
}

void Postgres::heal() {
  for (const auto& [id, pid] : stopped_) (void)signal(id, pid, SIGCONT);
  stopped_.clear();
  for (Program* server : servers_) server->stays_down = false;
}

Status Postgres::remove_row(int id) {
  return processes_.run(
      fmt::format("{} sql postgres/{} worker_{} 'DELETE FROM tandem.keys WHERE time_ms = "
                  "(SELECT max(time_ms) FROM tandem.keys)'\n",
                  settings_.postgres, id, id));
}

Result<std::string> Postgres::compare(const std::vector<int>& ids) {
  if (servers_.empty()) return "";
  write_text(settings_.directory + "/kept.sql", kKept);
  std::string wrong;
  std::string first;
  for (const int id : ids) {
    const std::string file = "postgres/kept-" + std::to_string(id);
    const Status asked = processes_.run(fmt::format("{} sql postgres/{} worker_{} <kept.sql >{}\n",
                                                    settings_.postgres, id, id, file));
    if (!asked) return fail(asked.error());
    const std::string kept = read_text(settings_.directory + "/" + file);
    if (id == ids.front()) first = kept;
    if (kept != first)
      wrong += fmt::format("{} holds\n{}and {} holds\n{}", ids.front(), first, id, kept);
  }
  return wrong;
}

}  // namespace tandem::torture
