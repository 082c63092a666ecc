#include "database/workloads.h"

#include <charconv>
#include <chrono>
#include <map>
#include <utility>

#include "database/client.h"

namespace tandem::torture::database {
namespace {

using history::Kind;
using history::Level;
using history::Operation;
using history::Outcome;
using wire::Json;

constexpr int64_t kThinkMs = 30;
constexpr uint64_t kRegisters = 3;  // a generation
constexpr const char* kPassword = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

const int64_t* integer(const Json& row, const char* column) {
  const Json* value = row.find(column);
  return value == nullptr ? nullptr : value->as_int();
}

std::string quoted(const std::string& text) { return "\"" + text + "\""; }

std::string rows_named(const char* table, const std::string& name) {
  return std::string(R"({"table":")") + table + R"(","where":{"name":")" + name + "\"}}";
}

bool take_register(const Json::Array& rows, Operation& operation) {
  operation.value = history::kAbsent;
  if (rows.empty()) return true;
  const int64_t* value = integer(rows[0], "value");
  if (rows.size() != 1 || value == nullptr) return false;
  operation.value = *value;
  return true;
}

bool take_values(const Json::Array& rows, Operation& operation) {
  for (const Json& row : rows) {
    const int64_t* value = integer(row, "value");
    if (value == nullptr) return false;
    operation.values.push_back(*value);
  }
  return true;
}

// The number at the end of user names in this column.
auto take_names(const char* column) {
  return [column](const Json::Array& rows, Operation& operation) {
    for (const Json& row : rows) {
      const Json* name = row.find(column);
      if (name == nullptr || name->as_string() == nullptr) return false;
      const std::string& text = *name->as_string();
      int64_t value = 0;
      std::from_chars(text.data() + text.find('-') + 1, text.data() + text.size(), value);
      operation.values.push_back(value);
    }
    return true;
  };
}

// Mostly where the round robin leads, often a named replica, whatever its role.
int some_replica(Client& client) {
  return client.random().chance(400) ? client.random().between(1, Cluster::kWorkers) : 0;
}

// This generation, or the one before.
int64_t some_generation(Client& client) {
  const int64_t generation = client.shared().generation();
  return generation > 0 && client.random().chance(150) ? generation - 1 : generation;
}

// Half of the writes are followed by a read at once, often at another replica than the one that
// answered: that is when one that does not wait is found out.
void run_registers(Client& client) {
  std::map<std::string, int64_t> last_read;
  const std::string url = client.shared().urls.orch + "/db/write";
  std::string name;
  for (bool read_at_once = false; !client.stopped();) {
    if (!read_at_once) {
      client.think(kThinkMs);
      name = register_name(some_generation(client), client.random().below(kRegisters));
    }
    const bool reads = read_at_once || client.random().chance(500);
    read_at_once = !reads && client.random().chance(500);
    if (reads) {
      Operation read = client.operation(Kind::kRead, name);
      if (client.random().chance(100)) read.level = Level::kEventual;
      client.read(std::move(read), rows_named("torture_registers", name), some_replica(client),
                  [&](const Json::Array& rows, Operation& operation) {
                    if (!take_register(rows, operation)) return false;
                    last_read[name] = operation.value;
                    return true;
                  });
    } else if (client.random().chance(600) || !last_read.contains(name) ||
               last_read[name] == history::kAbsent) {
      Operation write = client.operation(Kind::kWrite, name);
      write.value = client.new_value();
      client.write(write, "POST", url,
                   R"({"table":"torture_registers","op":"upsert","row":{"name":)" + quoted(name) +
                       ",\"value\":" + std::to_string(write.value) + "}}");
      client.shared().recorder.add(std::move(write));
    } else {
      Operation swap = client.operation(Kind::kCompareSet, name);
      swap.expected = last_read[name];
      swap.value = client.new_value();
      const std::string where = R"("where":{"name":)" + quoted(name);
      client.write(swap, "POST", url,
                   R"({"if":[{"table":"torture_registers",)" + where +
                       ",\"value\":" + std::to_string(swap.expected) +
                       R"(},"exists":true}],"ops":[{"table":"torture_registers","op":"update",)" +
                       where + R"(},"set":{"value":)" + std::to_string(swap.value) + "}}]}",
                   200, 409);
      if (swap.outcome == Outcome::kOk) last_read[name] = swap.value;
      client.shared().recorder.add(std::move(swap));
    }
  }
}

void insert(Client& client, const char* table, Kind kind, const std::string& name) {
  Operation operation = client.operation(kind, name);
  operation.value = client.new_value();
  client.write(operation, "POST", client.shared().urls.orch + "/db/write",
               std::string(R"({"table":")") + table + R"(","op":"insert","row":{"name":)" +
                   quoted(name) + ",\"value\":" + std::to_string(operation.value) + "}}");
  if (client.session != 0) client.session_index = std::max(client.session_index, operation.index);
  client.shared().recorder.add(std::move(operation));
}

void run_collections(Client& client) {
  bool is_set = false;
  std::string name;
  for (bool read_at_once = false; !client.stopped();) {
    if (!read_at_once) {
      client.think(kThinkMs);
      is_set = client.random().chance(500);
      const int64_t generation = some_generation(client);
      name = is_set ? set_name(generation) : list_name(generation);
    }
    const char* table = is_set ? "torture_sets" : "torture_lists";
    const bool reads = read_at_once || client.random().chance(500);
    read_at_once = !reads && client.random().chance(500);
    if (!reads) {
      insert(client, table, is_set ? Kind::kAdd : Kind::kAppend, name);
    } else {
      Operation read = client.operation(is_set ? Kind::kReadSet : Kind::kReadList, name);
      if (client.session != 0) {
        read.level = Level::kSession;
      } else if (client.random().chance(100)) {
        read.level = Level::kEventual;
      }
      client.read(std::move(read), rows_named(table, name), some_replica(client), take_values);
    }
  }
}

// Users and rides through their services; they are read from the tables.
void run_rides(Client& client) {
  const Urls& urls = client.shared().urls;
  while (!client.stopped()) {
    const int64_t generation = some_generation(client);
    const std::string prefix = user_prefix(generation);
    Operation user = client.operation(Kind::kAdd, prefix + "users");
    user.value = client.new_value();
    const std::string name = prefix + std::to_string(user.value);
    client.write(user, "PUT", urls.users + "/users",
                 R"({"username":)" + quoted(name) + R"(,"password":")" + kPassword + "\"}", 201);
    const bool exists = user.outcome == Outcome::kOk;
    Operation ride = client.operation(Kind::kAppend, prefix + "rides");
    ride.value = user.value;
    client.shared().recorder.add(std::move(user));
    if (exists) {
      client.write(ride, "POST", urls.rides + "/rides",
                   R"({"created_by":)" + quoted(name) +
                       R"(,"timestamp":"26-01-2090:53-17-00","source":1,"destination":2})",
                   201);
      client.shared().recorder.add(std::move(ride));
    }
    // '.' comes after '-', where all names of the generation lie.
    std::string after = prefix;
    after.back() = '.';
    const auto range = [&](const char* column) {
      return std::string("\"where\":{\"") + column + R"(":{"ge":)" + quoted(prefix) +
             ",\"lt\":" + quoted(after) + "}}}";
    };
    const int replica = some_replica(client);
    client.read(client.operation(Kind::kReadSet, prefix + "users"),
                R"({"table":"users",)" + range("username"), replica, take_names("username"));
    client.read(client.operation(Kind::kReadList, prefix + "rides"),
                R"({"table":"rides",)" + range("created_by"), replica, take_names("created_by"));
    client.think(kThinkMs * 3);
  }
}

// One user comes and goes through rs-users, as fast as it is answered: what the gaps are measured
// by. Every answer is determined, so each wrong one is a write that was lost or doubled.
void run_probe(Client& client) {
  const std::string url = client.shared().urls.users + "/users";
  client.is_probe = true;
  for (int64_t number = 0; !client.stopped(); ++number) {
    const std::string name = "probe" + std::to_string(number);
    for (bool exists = false; !client.stopped(); exists = !exists) {
      Operation operation;
      if (exists) {
        client.write(operation, "DELETE", url + "/" + name, "");
      } else {
        client.write(operation, "PUT", url,
                     R"({"username":)" + quoted(name) + R"(,"password":")" + kPassword + "\"}",
                     201);
      }
      if (operation.outcome != Outcome::kOk) break;  // whether it exists is not known now
      client.shared().recorder.acknowledged(operation.returned);
      client.think(4);
    }
  }
}

// Makes logs grow, so that segments and snapshots change hands.
void run_ballast(Client& client) {
  const std::string url = client.shared().urls.orch + "/db/write";
  while (!client.stopped()) {
    const bool heavy = client.shared().heavy;
    const std::string text(heavy ? 128 << 10 : 8 << 10, 'b');
    Operation operation;
    client.write(operation, "POST", url,
                 R"({"table":"torture_ballast","op":"upsert","row":{"slot":)" +
                     std::to_string(client.random().below(8)) + ",\"text\":" + quoted(text) + "}}");
    client.think(heavy ? 20 : 200);
  }
}

}  // namespace

std::string register_name(int64_t generation, uint64_t number) {
  return "r" + std::to_string(generation) + "-" + std::to_string(number);
}

std::string set_name(int64_t generation) { return "s" + std::to_string(generation); }

std::string list_name(int64_t generation) { return "l" + std::to_string(generation); }

std::string user_prefix(int64_t generation) { return "u" + std::to_string(generation) + "-"; }

Clients::Clients(Shared& shared) : shared_(shared) {
  void (*const kWorkloads[])(Client&) = {run_registers,   run_registers,  run_registers,
                                         run_collections, run_rides,      run_probe,
                                         run_ballast,     run_collections};
  uint32_t number = 0;
  for (const auto workload : kWorkloads) {
    ++number;
    // The last one is a session.
    const uint64_t session = number == std::size(kWorkloads) ? number : 0;
    threads_.emplace_back([&shared, workload, number, session] {
      Client client(shared, number);
      client.session = session;
      workload(client);
    });
  }
}

void Clients::stop(bool at_once) {
  shared_.give_up = at_once;
  shared_.stop = true;
  for (std::thread& thread : threads_) thread.join();
  threads_.clear();
}

}  // namespace tandem::torture::database
