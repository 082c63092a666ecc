#include "replica/replica_config.h"

#include <string_view>

#include "coord/names.h"
#include "file/directories.h"
#include "replica/restore.h"
#include "rpc/url.h"

namespace tandem::replica {
namespace {

constexpr std::string_view kIdMark = "{id}";

void put_id(std::string& text, repl::ReplicaId id) {
  for (size_t at = text.find(kIdMark); at != std::string::npos; at = text.find(kIdMark, at)) {
    text.replace(at, kIdMark.size(), std::to_string(id));
  }
}

// The length of a socket's path and the port may depend on the number; what they then are is told
// where the server listens.
Status check_url(std::string url) {
  put_id(url, 1);
  return rpc::check_url(url);
}

}  // namespace

void declare_replica(ReplicaConfig& c, daemon::SettingTable& t, const std::string& section) {
  daemon::Setting& id =
      t.integer(section + ".id", c.host.id, 1, 1000000, "number of this replica in its group");
  if (c.host.id == 0) id.required();
  t.text(section + ".group", c.host.group, "name of the group").checked_by(coord::check_group_name);
  daemon::Setting& directory =
      t.text(section + ".directory", c.host.directory, "where this replica keeps its data");
  directory.checked_by(daemon::check_not_empty);
  if (c.host.directory.empty()) directory.required();
  t.integer(section + ".max_in_sync", c.host.max_in_sync, 1, 7,
            "replicas that every write waits for at most; further ones are readers");
  t.integer(section + ".max_writers", c.host.limits.max_writers, 1, 1000000,
            "writes without an outcome; more are refused");
  t.integer(section + ".max_readers", c.host.limits.max_readers, 1, 1000000,
            "reads that wait for this replica to catch up; more are refused");
  daemon::Setting& url = t.text("rpc.url", c.rpc_url,
                                "where others reach this process: ipc://, tcp:// or abstract://");
  url.checked_by(check_url);
  if (c.rpc_url.empty()) url.required();
  daemon::declare_coord(c.coord, t);
  t.integer("keys.max_number", c.keys.max_number, 1, 1'000'000'000,
            "idempotency keys that are remembered; writes with new ones are refused");
  t.size("keys.max_bytes", c.keys.max_bytes,
         "memory of remembered keys and answers; writes with new keys are refused", 1 << 20,
         int64_t{1} << 40);
  t.size("log.segment", c.host.segment_bytes, "size of a log segment, written in advance", 9 << 20,
         int64_t{1} << 31);
  t.size("snapshot.log_size", c.host.limits.snapshot_log_bytes,
         "a snapshot is taken when so much was logged since the last, and no less than that one's "
         "size",
         1 << 10, int64_t{1} << 40);
}

void declare_tables(TablesConfig& c, daemon::SettingTable& t, const std::string& backends) {
  t.text("tables.backend", c.backend, backends).one_of({"file", "postgres"});
  t.text("tables.url", c.url,
         "of postgres: its database, as a URI or key=value; {id} is the number of the replica")
      .secret();
  t.text("tables.password_file", c.password_file,
         "the password for it, where it is not in the URL or ~/.pgpass");
}

std::vector<daemon::Option> replica_options() {
  std::vector<daemon::Option> options = restore_options();
  options.insert(options.begin(),
                 {"id", 'i', "N", "number of this replica in its group", "replica.id"});
  return options;
}

void put_id(ReplicaConfig& config) {
  put_id(config.host.directory, config.host.id);
  put_id(config.rpc_url, config.host.id);
}

daemon::Registered registered(const ReplicaConfig& config, Host& replica, const char* leads,
                              const char* follows) {
  return {
      .group = config.host.group,
      .replica = config.host.id,
      .role = [&replica, leads, follows] { return replica.driver().leading() ? leads : follows; },
      .rpc_url = [&replica] { return replica.address(); },
      .ready = [&replica] { return replica.readiness(); }};
}

Status make_directories(const ReplicaConfig& config) {
  constexpr std::string_view kIpc = "ipc://";
  if (!config.rpc_url.starts_with(kIpc)) return {};
  return file::make_parents(config.rpc_url.substr(kIpc.size()), "cannot make");
}

}  // namespace tandem::replica
