#include "config.h"

#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <string_view>
#include <system_error>
#include <vector>

#include "coord/names.h"
#include "db/admission.h"
#include "db/schema.h"
#include "file/file.h"
#include "rpc/url.h"

namespace tandem::orch {
namespace {

constexpr std::string_view kIdMark = "{id}";

constexpr size_t kMaxFileBytes = 1 << 20;

// What no worker could be started with. A program without a slash is looked for where the system
// looks for programs.
Status check_workers(OrchConfig c) {
  find_worker_program(c);
  const std::string& program = c.worker_program;
  struct stat about {};
  if (program.find('/') != std::string::npos) {
    const std::string what = "workers.program: cannot run '" + program + "'";
    if (stat(program.c_str(), &about) != 0) return fail_errno(what, errno);
    if (!S_ISREG(about.st_mode)) return fail(ErrorKind::kConfig, what + ": it is no regular file");
    if (access(program.c_str(), X_OK) != 0) return fail_errno(what, errno);
  }
  if (c.worker_config.empty()) return {};
  const auto text = file::read_input(c.worker_config, kMaxFileBytes);
  if (text) return {};
  return fail(text.error().kind, "workers.config: " + text.error().message);
}

}  // namespace

void declare_orch(OrchConfig& c, daemon::SettingTable& t) {
  c.http.port = 8090;
  daemon::declare_http(c.http, t);
  t.text("rpc.url", c.rpc_url,
         "where the services reach this process: ipc://, tcp:// or abstract://")
      .checked_by(rpc::check_url);
  daemon::declare_coord(c.coord, t);
  t.boolean("http.ui_actions", c.ui_actions,
            "whether the page at / has buttons that restart, kill and promote workers");
  t.text("events.directory", c.events_directory,
         "where events are kept over a restart; empty: nowhere");
  t.text("database.group", c.group, "name of the group of workers")
      .checked_by(coord::check_group_name);
  t.text("database.consistency", c.consistency, "of reads that do not choose one")
      .one_of({"linearizable", "session", "eventual"})
      .reloads();
  t.duration_ms("database.timeout", c.timeout_ms, "longest time to an answer, failover included", 1,
                3600000)
      .reloads();
  t.integer("database.max_in_flight", c.max_in_flight, 1, 1000000,
            "calls without an answer; more are refused");
  t.integer("database.min_in_sync", c.min_in_sync, 1, 7,
            "the in-sync set never gets smaller; fixed when the database is created");
  t.integer("database.max_in_sync", c.max_in_sync, 1, 7,
            "replicas that every write waits for at most; further ones are readers");
  t.text("workers.program", c.worker_program,
         "the worker's program; empty: rs-worker beside this one");
  t.text("workers.config", c.worker_config, "settings of the workers; empty: their defaults");
  t.text("workers.directory", c.worker_directory, "where each worker keeps its data, below its id");
  t.text("workers.sockets", c.worker_sockets, "directory of the workers' sockets");
  t.text(
      "workers.url", c.worker_url,
      "where the workers listen, {id} is the worker's number; empty: a socket in that directory");
  t.duration_ms("workers.stop_timeout", c.stop_timeout_ms,
                "how long a worker that was told to stop may take before it is killed", 1, 600000);
  t.duration_ms("workers.start_timeout", c.start_timeout_ms,
                "a worker that is not ready after this is killed and started anew; 0: never", 0,
                86400000);
  t.duration_ms("workers.restart_timeout", c.restart_timeout_ms,
                "how long the restart of a worker may take, until it is in sync again", 1000,
                86400000);
  t.duration_ms("scaling.window", c.window_ms, "reads are counted for so long, then slaves follow",
                100, 86400000)
      .reloads();
  t.integer("scaling.reads_per_slave", c.reads_per_slave, 1, 1000000000,
            "reads in a window that one slave is there for")
      .reloads();
  t.integer("scaling.min_slaves", c.min_slaves, 1, 64, "never fewer slaves").reloads();
  t.integer("scaling.max_slaves", c.max_slaves, 1, 64, "never more slaves").reloads();
  t.raw("tables", c.tables, "the tables of the database, one subtree each").required();
}

Status check_orch(const OrchConfig& c) {
  if (Status good = daemon::check_http(c.http); !good) return good;
  if (Status good = daemon::check_coord(c.coord); !good) return good;
  if (Status good = check_workers(c); !good) return good;
  const auto schema = db::parse_schema(c.tables.value);
  if (!schema) {
    return fail(ErrorKind::kConfig, c.tables.origin + ": tables: " + schema.error().message);
  }
  if (const Status good = db::admit_schema(*schema); !good) {
    return fail(ErrorKind::kConfig, c.tables.origin + ": tables: " + good.error().message);
  }
  if (c.min_slaves > c.max_slaves) {
    return fail(ErrorKind::kConfig, "scaling.min_slaves is above scaling.max_slaves");
  }
  if (!c.worker_url.empty() && c.worker_url.find(kIdMark) == std::string::npos) {
    return fail(ErrorKind::kConfig, "workers.url has no {id}: each worker needs a url of its own");
  }
  if (c.min_in_sync > c.max_in_sync) {
    return fail(ErrorKind::kConfig, "database.min_in_sync is above database.max_in_sync");
  }
  return {};
}

std::string worker_url(const OrchConfig& config, uint64_t id) {
  std::string url = config.worker_url;
  if (url.empty()) {
    url = "ipc://" + config.worker_sockets + "/worker-" + std::string(kIdMark) + ".sock";
  }
  return url.replace(url.rfind(kIdMark), kIdMark.size(), std::to_string(id));
}

Status make_directories(const OrchConfig& config) {
  std::vector<std::filesystem::path> wanted = {config.worker_directory, config.worker_sockets};
  constexpr std::string_view kIpc = "ipc://";
  if (config.rpc_url.starts_with(kIpc)) {
    wanted.push_back(std::filesystem::path(config.rpc_url.substr(kIpc.size())).parent_path());
  }
  for (const std::filesystem::path& path : wanted) {
    std::error_code error;
    if (!path.empty()) std::filesystem::create_directories(path, error);
    if (error) return fail_errno("cannot make '" + path.string() + "'", error.value());
  }
  return {};
}

void find_worker_program(OrchConfig& config) {
  if (!config.worker_program.empty()) return;
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  config.worker_program = error ? "rs-worker" : (self.parent_path() / "rs-worker").string();
}

}  // namespace tandem::orch
