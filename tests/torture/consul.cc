#include "consul.h"

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <signal.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>
#include <thread>

#include "moment.h"

namespace tandem::torture {
namespace {

constexpr long kAskTimeoutMs = 500;
constexpr int64_t kStartMs = 60'000;
constexpr int64_t kTurnMs = 50;

}  // namespace

Consul::Consul(const Settings& settings, Processes& processes, Programs& programs, Network& network,
               int first_node)
    : settings_(settings),
      processes_(processes),
      programs_(programs),
      network_(network),
      first_node_(first_node),
      http_(kAskTimeoutMs) {
  if (!settings.on_consul()) return;
  for (int id = 1; id <= kServers; ++id) {
    Program& server = programs.add(name(id), {"sh", "-c", start_line(id)});
    // One that ends as it is asked to tells the others first, and takes seconds for it.
    server.ends_by = SIGKILL;
    servers_.push_back(&server);
  }
}

std::string Consul::host(int id) const {
  if (settings_.links) return Network::address(std::to_string(first_node_ - 1 + id));
  const pid_t self = getpid();
  return fmt::format("127.{}.{}.{}", 100 + self / 256 % 100, self % 256, id);
}

// Its log goes to a file of its own: who reads no logs, as a fault, is not to stop Consul, too.
std::string Consul::start_line(int id) const {
  std::string join;
  for (int other = 1; other <= kServers; ++other)
    if (other != id) join += " -retry-join " + host(other);
  const std::string node = std::to_string(first_node_ - 1 + id);
  return fmt::format(
      "exec {} {} agent -server -bootstrap-expect {} -node {} -bind {} -client {}{} "
      "-retry-interval 1s "
      "-data-dir {}/{} -log-level warn -hcl 'performance {{ raft_multiplier = 1 }}' >>{}.log 2>&1",
      settings_.links ? Network::enter(node) : "", settings_.consul, kServers, name(id), host(id),
      host(id), join, settings_.directory, name(id), name(id));
}

Status Consul::start() {
  if (!exists()) return {};
  for (Program* server : servers_) {
    if (const Status launched = programs_.launch(*server); !launched) return launched;
  }
  for (int64_t waited = 0; waited < kStartMs; waited += kTurnMs) {
    if (leader() != 0) return {};
    std::this_thread::sleep_for(std::chrono::milliseconds(kTurnMs));
  }
  return fail(ErrorKind::kTimeout, "Consul gets no leader, see consul-1.log");
}

std::vector<std::string> Consul::urls() const {
  std::vector<std::string> all;
  for (int id = 1; id <= static_cast<int>(servers_.size()); ++id) all.push_back(url(id));
  return all;
}

void Consul::configure(std::vector<std::string>& argv, int first) const {
  if (!exists()) return;
  std::vector<std::string> all = urls();
  std::rotate(all.begin(), all.begin() + (first - 1), all.end());
  set_option(argv, "coord.backend", "consul");
  set_option(argv, "coord.addresses", fmt::format("{}", fmt::join(all, ",")));
  set_option(argv, "coord.prefix", kPrefix);
}

int Consul::leader() {
  const std::string body = call("GET", "/v1/status/leader").body;
  for (int id = 1; id <= static_cast<int>(servers_.size()); ++id) {
    if (body == "\"" + host(id) + ":8300\"") return id;
  }
  return 0;
}

support::Answer Consul::call(std::string_view method, const std::string& path,
                             std::string_view body) {
  support::Answer answer;
  for (const std::string& each : urls()) {
    answer = http_.call(method, each + path, body);
    if (answer.status == 200 || answer.status == 404) return answer;
  }
  return answer;
}

Status Consul::command(const std::string& arguments) {
  const int at = leader();
  if (at == 0) return fail(ErrorKind::kUnavailable, "Consul has no leader");
  return processes_.run(
      fmt::format("CONSUL_HTTP_ADDR={} timeout 10 {} {}\n", url(at), settings_.consul, arguments));
}

Status Consul::kill(const std::vector<int>& ids, bool stays_down) {
  std::vector<pid_t> pids;
  for (const int id : ids) {
    program(id).stays_down = stays_down;
    pids.push_back(program(id).pid);
  }
  return processes_.kill_at_once(pids);
}

Status Consul::stop(const std::vector<int>& ids) {
  for (const int id : ids) {
    const pid_t pid = program(id).pid;
    if (const Status sent = processes_.signal(pid, SIGSTOP); !sent) return sent;
    stopped_.push_back(pid);
  }
  return {};
}

Status Consul::cut(int id, bool from_everybody) {
  const int node = first_node_ - 1 + id;
  std::vector<std::pair<int, int>> links;
  for (int other = from_everybody ? 0 : first_node_; other < first_node_ + kServers; ++other) {
    if (other == node) continue;
    links.emplace_back(node, other);
    links.emplace_back(other, node);
  }
  return network_.cut(links);
}

Status Consul::wipe() {
  const Status killed = kill(all(), true);
  std::error_code error;
  for (const int id : all()) {
    std::filesystem::remove_all(settings_.directory + "/" + name(id), error);
    program(id).stays_down = false;
  }
  return error ? fail_errno("cannot remove what Consul has", error.value()) : killed;
}

Status Consul::save() {
  const Status saved = command("snapshot save consul.snapshot");
  if (saved) saved_us_ = now_us();
  return saved;
}

int64_t Consul::saved_age_us() const { return saved_us_ == 0 ? 0 : now_us() - saved_us_; }

Status Consul::restore() {
  saved_us_ = 0;
  return command("snapshot restore consul.snapshot");
}

void Consul::heal() {
  for (const pid_t pid : stopped_) (void)processes_.signal(pid, SIGCONT);
  stopped_.clear();
  for (Program* server : servers_) server->stays_down = false;
}

}  // namespace tandem::torture
