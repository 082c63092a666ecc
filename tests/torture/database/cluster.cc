#include "database/cluster.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <thread>

#include "preload.h"
#include "wire/json.h"

namespace tandem::torture::database {
namespace {

constexpr long kAskTimeoutMs = 1000;
constexpr int64_t kStartMs = 30'000;
constexpr size_t kMostTold = 1000;  // bytes of an answer

// Tables whose rows tell which operations were carried out, after those of the application.
constexpr const char* kTables = R"(
[tables.torture_registers]
key = "name"
columns = [{ name = "name", type = "text" }, { name = "value", type = "integer" }]

[tables.torture_sets]
key = "value"
columns = [{ name = "value", type = "integer" }, { name = "name", type = "text" }]
indexes = [["name"]]

[tables.torture_lists]
key = "seq"
auto_increment = true
columns = [
  { name = "seq", type = "integer" },
  { name = "name", type = "text" },
  { name = "value", type = "integer" },
]
indexes = [["name"]]

[tables.torture_ballast]
key = "slot"
columns = [{ name = "slot", type = "integer" }, { name = "text", type = "text" }]
)";

int64_t integer(const wire::Json& row, const char* name, int64_t otherwise) {
  const wire::Json* value = row.find(name);
  return value == nullptr || value->as_int() == nullptr ? otherwise : *value->as_int();
}

bool is_true(const wire::Json& row, const char* name) {
  const wire::Json* value = row.find(name);
  return value != nullptr && *value == wire::Json(true);
}

}  // namespace

Cluster::Cluster(const Settings& settings, uint32_t min_in_sync, Processes& processes,
                 Network& network)
    : settings_(settings),
      min_in_sync_(min_in_sync),
      processes_(processes),
      network_(network),
      disks_(settings, processes, "db"),
      clocks_(clocks_directory(settings)),
      http_(kAskTimeoutMs),
      programs_(processes),
      postgres_(settings, processes, programs_, settings.on_postgres() ? kMostWorkers : 0),
      consul_(settings, processes, programs_, network, kMostWorkers + 1),
      files_(settings.directory + "/coord/" + group_),
      keys_(consul_, group_),
      coordination_(&files_),
      orch_(programs_.add("rs-orch", {})),
      users_(programs_.add("rs-users", {})),
      rides_(programs_.add("rs-rides", {})) {
  if (consul_.exists()) coordination_ = &keys_;
}

Status Cluster::start() {
  if (settings_.links) {
    if (const Status made = network_.make(); !made) return made;
  }
  if (const Status written = write_files(); !written) return written;
  if (const Status started = postgres_.start(); !started) return started;
  if (const Status started = consul_.start(); !started) return started;
  if (const Status started = start_orch(); !started) return started;
  return start_services();
}

std::string Cluster::worker_directory(int id) const { return disks_.directory(std::to_string(id)); }

Status Cluster::write_files() {
  const std::string& dir = settings_.directory;
  std::filesystem::create_directory(dir + "/hold");
  std::vector<std::string> ids;
  for (int id = 1; id <= kWorkers; ++id) ids.push_back(std::to_string(id));
  if (const Status made = clocks_.make(); !made) return made;
  if (const Status made = disks_.make(ids); !made) return made;
  if (settings_.links) {
    if (const Status made = disks_.make_small(std::to_string(kSmallDisk)); !made) return made;
  }
  const std::string text = read_text(settings_.etc + "/orch.toml");
  if (text.empty()) return fail(ErrorKind::kConfig, "cannot read orch.toml in --etc");
  write_text(dir + "/orch.toml", text + kTables);
  // Small logs, so that followers that were away meet snapshots.
  write_text(dir + "/worker.toml",
             "[log]\nsegment = \"9MiB\"\n[snapshot]\nlog_size = \"2MiB\"\n" + postgres_.tables());
  // The pid of a worker is that of this script: exec all the way.
  write_text(dir + "/worker",
             "#!/bin/sh\n"
             // Nothing but the worker itself has a clock of its own.
             "unset LD_PRELOAD\n"
             "for word; do case $word in worker.id=*) id=${word#worker.id=} ;; esac; done\n"
             "while [ -e hold/$id ]; do sleep 0.02; done\n"
             "exec " +
                 (settings_.links ? Network::enter("$id") + " " : std::string()) +
                 fmt::format("{} {}/rs-worker \"$@\"\n", fmt::join(disks_.enter("$id"), " "),
                             settings_.bin));
  std::filesystem::permissions(dir + "/worker", std::filesystem::perms::owner_all);
  const auto base = [](int port) { return "http://127.0.0.1:" + std::to_string(port) + "/api/v1"; };
  const int orch_port = free_port();
  const int users_port = free_port();
  const int rides_port = free_port();
  urls_ = {base(orch_port), base(users_port), base(rides_port)};

  const auto command = [&](const char* program, int port) {
    std::vector<std::string> argv = preload(settings_);
    argv.insert(argv.end(), {settings_.bin + "/" + program, "--port", std::to_string(port)});
    return argv;
  };
  orch_.argv = command("rs-orch", orch_port);
  orch_.argv.insert(orch_.argv.end(), {"--config", "orch.toml"});
  set_option(orch_.argv, "rpc.url", "ipc://orch.sock");
  set_option(orch_.argv, "coord.root", "coord");
  consul_.configure(orch_.argv, 1);
  set_option(orch_.argv, "workers.directory", "db");
  set_option(orch_.argv, "workers.sockets", "sock");
  set_option(orch_.argv, "workers.program", "./worker");
  set_option(orch_.argv, "workers.config", "worker.toml");
  if (settings_.links)
    set_option(orch_.argv, "workers.url", "tcp://" + Network::address("{id}") + ":7000");
  set_option(orch_.argv, "database.min_in_sync", std::to_string(min_in_sync_));
  set_option(orch_.argv, "scaling.min_slaves", std::to_string(kWorkers - 1));
  set_option(orch_.argv, "scaling.max_slaves", std::to_string(kWorkers - 1));
  users_.argv = command("rs-users", users_port);
  rides_.argv = command("rs-rides", rides_port);
  set_option(rides_.argv, "areas.file", settings_.etc + "/areas.csv");
  consul_.configure(users_.argv, 2);
  consul_.configure(rides_.argv, 3);
  for (Program* service : {&users_, &rides_}) {
    set_option(service->argv, "database.urls", "ipc://orch.sock");
    set_option(service->argv, "count.file", service->name + ".count");
  }
  return {};
}

Status Cluster::start_orch() {
  if (const Status started = programs_.launch(orch_); !started) return started;
  return wait_ready(urls_.orch, kStartMs)
             ? Status{}
             : fail(ErrorKind::kTimeout, "rs-orch does not get ready, see rs-orch.log");
}

Status Cluster::start_services() {
  for (Program* service : {&users_, &rides_}) {
    if (const Status started = programs_.launch(*service); !started) return started;
  }
  if (!wait_ready(urls_.users, kStartMs) || !wait_ready(urls_.rides, kStartMs)) {
    return fail(ErrorKind::kTimeout, "rs-users or rs-rides does not get ready");
  }
  return {};
}

void Cluster::kill_services() {
  for (const Program* service : {&users_, &rides_}) (void)processes_.signal(service->pid, SIGKILL);
}

std::vector<Replica> Cluster::replicas() {
  std::vector<Replica> replicas;
  const auto json = wire::parse_json(http_.call("GET", urls_.orch + "/worker/status").body);
  if (!json || json->as_array() == nullptr) return replicas;
  for (const wire::Json& row : *json->as_array()) {
    Replica replica;
    replica.id = static_cast<int>(integer(row, "id", 0));
    replica.pid = static_cast<pid_t>(integer(row, "pid", 0));
    const wire::Json* role = row.find("role");
    const std::string* name = role == nullptr ? nullptr : role->as_string();
    replica.master = name != nullptr && *name == "master";
    replica.in_sync = is_true(row, "in_sync");
    replica.epoch = integer(row, "epoch", -1);
    replica.last_index = integer(row, "last_index", -1);
    replica.applied_index = integer(row, "applied_index", -1);
    replicas.push_back(replica);
  }
  std::sort(replicas.begin(), replicas.end(),
            [](const Replica& a, const Replica& b) { return a.id < b.id; });
  return replicas;
}

support::Answer Cluster::readyz(const std::string& base_url) {
  const std::string root = base_url.substr(0, base_url.size() - std::string("/api/v1").size());
  return http_.call("GET", root + "/readyz");
}

std::string Cluster::trouble() {
  std::string text;
  for (const std::string& url : {urls_.orch, urls_.users, urls_.rides})
    text += readyz(url).body.substr(0, kMostTold) + " ";
  return text;
}

bool Cluster::ready(const std::string& base_url) { return readyz(base_url).status == 200; }

bool Cluster::wait_ready(const std::string& base_url, int64_t timeout_ms) {
  for (int64_t waited = 0; waited < timeout_ms; waited += 20) {
    if (ready(base_url)) return true;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  return false;
}

bool Cluster::whole() {
  const std::vector<Replica> all = replicas();
  if (all.size() != kWorkers || !ready(urls_.orch)) return false;
  const auto good = [](const Replica& r) { return r.in_sync && r.last_index >= 0; };
  const auto master =
      std::find_if(all.begin(), all.end(), [](const Replica& r) { return r.master; });
  return std::all_of(all.begin(), all.end(), good) && master != all.end() && ready(urls_.users) &&
         ready(urls_.rides) && (!consul_.exists() || keys_.holds_all(kWorkers, master->epoch));
}

std::vector<std::string> Cluster::sockets() const {
  std::vector<std::string> sockets = {settings_.directory + "/orch.sock"};
  std::error_code error;
  for (const auto& entry :
       std::filesystem::directory_iterator(settings_.directory + "/sock", error)) {
    sockets.push_back(entry.path());
  }
  return sockets;
}

void Cluster::hold(int id) { write_text(settings_.directory + "/hold/" + std::to_string(id), ""); }

void Cluster::release(int id) {
  std::filesystem::remove(settings_.directory + "/hold/" + std::to_string(id));
}

void Cluster::release_all() {
  for (int id = 1; id <= kWorkers; ++id) release(id);
}

}  // namespace tandem::torture::database
