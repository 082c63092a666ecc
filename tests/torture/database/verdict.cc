#include "database/verdict.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>
#include <map>
#include <thread>
#include <utility>

#include "history/checks.h"
#include "history/linearizable.h"
#include "moment.h"
#include "wire/json.h"

namespace tandem::torture::database {
namespace {

using history::Kind;
using history::Operation;
using wire::Json;

constexpr size_t kPage = 20'000;
constexpr long kReadTimeoutMs = 60'000;
constexpr int64_t kCheckUs = 60'000'000;
constexpr uint64_t kSettleTurns = 1500;  // of 20 ms
constexpr uint32_t kReader = 1000;       // clients above are the reads of replicas

// How the rows of a table become the reads of objects: one object for each text before '-' in
// `group`, or for all of it; the value is `value`, or the number behind '-' in `group`.
struct Table {
  const char* name;
  const char* group;
  const char* value;  // nullptr: behind '-'
  Kind kind;
  const char* suffix;  // of the object's name in the history
};
constexpr Table kTables[] = {
    {"torture_registers", "name", "value", Kind::kRead, ""},
    {"torture_sets", "name", "value", Kind::kReadSet, ""},
    {"torture_lists", "name", "value", Kind::kReadList, ""},
    {"users", "username", nullptr, Kind::kReadSet, "users"},
    {"rides", "created_by", nullptr, Kind::kReadList, "rides"},
    {"riders", nullptr, nullptr, Kind::kReadSet, nullptr},
    {"torture_ballast", nullptr, nullptr, Kind::kReadSet, nullptr},
};

// Every object of this kind that the history knows: a read finds also those that have no row.
std::map<std::string, Operation> empty_reads(const Recorder& recorder, const Table& table) {
  std::map<std::string, Operation> reads;
  if (table.group == nullptr) return reads;
  for (const Operation& o : recorder.history()) {
    const bool is_register =
        o.kind == Kind::kRead || o.kind == Kind::kWrite || o.kind == Kind::kCompareSet;
    const bool is_set = o.kind == Kind::kAdd || o.kind == Kind::kReadSet;
    const bool fits = table.kind == Kind::kRead      ? is_register
                      : table.kind == Kind::kReadSet ? is_set
                                                     : !is_register && !is_set;
    const bool of_service = o.key.starts_with('u');
    if (!fits || of_service != (table.value == nullptr)) continue;
    Operation read;
    read.kind = table.kind;
    read.key = o.key;
    read.value = history::kAbsent;
    reads.emplace(o.key, read);
  }
  return reads;
}

void take_row(const Table& table, const Json& row, std::map<std::string, Operation>& reads) {
  const Json* group = row.find(table.group);
  if (group == nullptr || group->as_string() == nullptr) return;
  std::string name = *group->as_string();
  int64_t value = 0;
  if (table.value != nullptr) {
    const Json* json = row.find(table.value);
    if (json == nullptr || json->as_int() == nullptr) return;
    value = *json->as_int();
  } else {
    const size_t dash = name.find('-');
    if (dash == std::string::npos) return;  // of the probe
    std::from_chars(name.data() + dash + 1, name.data() + name.size(), value);
    name = name.substr(0, dash + 1) + table.suffix;
  }
  Operation& read = reads[name];
  read.kind = table.kind;
  read.key = name;
  if (table.kind == Kind::kRead) {
    read.value = value;
  } else {
    read.values.push_back(value);
  }
}

class Replicas {
 public:
  Replicas(Cluster& cluster, Recorder& recorder, bool plants_row, Judgement& judgement)
      : cluster_(cluster),
        recorder_(recorder),
        plants_row_(plants_row),
        judgement_(judgement),
        http_(kReadTimeoutMs) {}

  // Gives the rows of all of them together.
  size_t read_all() {
    const std::vector<Replica> replicas = settled();
    std::map<std::string, std::string> first;  // table -> rows of the first replica
    for (const Replica& replica : replicas) {
      for (const Table& table : kTables) {
        const std::string rows = read_table(replica, table);
        const auto [it, is_first] = first.emplace(table.name, rows);
        if (is_first || it->second == rows) continue;
        judgement_.violations.push_back("diverged: table " + std::string(table.name) +
                                        " of replica " + std::to_string(replica.id) +
                                        " is not that of replica " +
                                        std::to_string(replicas.front().id));
      }
    }
    compare_postgres(replicas);
    return rows_;
  }

 private:
  // Nobody writes any more: all must come to have applied the same.
  std::vector<Replica> settled() {
    std::vector<Replica> replicas;
    for (uint64_t turn = 0; turn < kSettleTurns; ++turn) {
      replicas = cluster_.replicas();
      const auto same = [&](const Replica& r) {
        return r.applied_index >= 0 && r.applied_index == replicas.front().applied_index &&
               r.applied_index == r.last_index;
      };
      if (replicas.size() == Cluster::kWorkers &&
          std::all_of(replicas.begin(), replicas.end(), same)) {
        return replicas;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    judgement_.violations.push_back("diverged: the replicas do not come to the same index");
    return replicas;
  }

  // Keys and places in the log as well, past the workers.
  void compare_postgres(const std::vector<Replica>& replicas) {
    std::vector<int> ids;
    for (const Replica& replica : replicas) ids.push_back(replica.id);
    const Status planted = plants_row_ ? cluster_.postgres().remove_row(ids.back()) : Status{};
    if (!planted) judgement_.violations.push_back(planted.error().message);
    const auto differing = cluster_.postgres().compare(ids);
    const std::string wrong = differing ? *differing : differing.error().message;
    if (!wrong.empty()) judgement_.violations.push_back("diverged: PostgreSQL: " + wrong);
  }

  std::string read_table(const Replica& replica, const Table& table) {
    std::map<std::string, Operation> reads = empty_reads(recorder_, table);
    std::string all;
    const int64_t called = now_us();
    for (size_t offset = 0;; offset += kPage) {
      const support::Answer answer = http_.call(
          "POST",
          cluster_.urls().orch +
              "/db/read?consistency=linearizable&replica=" + std::to_string(replica.id),
          std::string(R"({"table":")") + table.name + "\",\"limit\":" + std::to_string(kPage) +
              ",\"offset\":" + std::to_string(offset) + "}");
      const auto json = wire::parse_json(answer.body);
      if (answer.status != 200 || !json || json->as_array() == nullptr) {
        judgement_.violations.push_back("unreadable: " + std::string(table.name) + " of replica " +
                                        std::to_string(replica.id) + ": " +
                                        std::to_string(answer.status) + " " + answer.body);
        return all;
      }
      all += answer.body;
      rows_ += json->as_array()->size();
      for (const Json& row : *json->as_array()) {
        if (table.group != nullptr) take_row(table, row, reads);
      }
      if (json->as_array()->size() < kPage) break;
    }
    for (auto& [name, read] : reads) {
      read.client = kReader + static_cast<uint32_t>(replica.id);
      read.called = called;
      read.returned = now_us();
      recorder_.add(std::move(read));
    }
    return all;
  }

  Cluster& cluster_;
  Recorder& recorder_;
  const bool plants_row_;
  Judgement& judgement_;
  size_t rows_ = 0;
  support::HttpCall http_;
};

}  // namespace

void read_replicas(Cluster& cluster, Recorder& recorder, const std::string& plant,
                   Judgement& judgement) {
  const size_t rows = Replicas(cluster, recorder, plant == "row", judgement).read_all();
  judgement.facts.push_back(fmt::format("{} rows a replica", rows / Cluster::kWorkers));
}

void check_history(const Recorder& recorder, Judgement& judgement) {
  const history::History& history = recorder.history();
  for (const std::string& wrong : recorder.wrong_answers()) {
    judgement.violations.push_back("wrong answer: " + wrong);
  }
  history::LinearOptions options;
  const int64_t end_us = now_us() + kCheckUs;
  options.out_of_time = [end_us] { return now_us() > end_us; };
  const history::Linearity linear = history::check_linearizable(history, options);
  judgement.undecided.insert(judgement.undecided.end(), linear.unknown.begin(),
                             linear.unknown.end());
  const auto unknown = std::count_if(history.begin(), history.end(), [](const Operation& o) {
    return o.outcome == history::Outcome::kUnknown;
  });
  judgement.facts.push_back(
      fmt::format("{} operations recorded, {} of unknown outcome, {} writes of the probe",
                  history.size(), unknown, recorder.acknowledgements().size()));
  judgement.facts.push_back(
      fmt::format("{} registers checked for linearizability in {} steps, {} undecided", linear.keys,
                  linear.steps, linear.unknown.size()));
  const auto take = [&](const std::vector<history::Violation>& found) {
    for (const history::Violation& violation : found) {
      judgement.violations.push_back(std::string(history::name_of(violation.problem)) + ": " +
                                     violation.key + ": " + violation.text);
    }
  };
  take(linear.violations);
  take(history::check_sets(history));
  take(history::check_lists(history));
  take(history::check_sessions(history));
  take(history::check_indexes(history));
}

void check_logs(const std::string& directory, Judgement& judgement) {
  for (const char* name : {"rs-orch.log", "rs-users.log", "rs-rides.log"}) {
    std::ifstream file(directory + "/" + name);
    for (std::string line; std::getline(file, line);) {
      const bool is_bug = line.find("check failed") != std::string::npos ||
                          line.find("Sanitizer") != std::string::npos ||
                          line.find("runtime error:") != std::string::npos;
      // A worker ends by SIGKILL, by a disk error (74) and by a disk that is full where it may not
      // be (69), which the faults bring about.
      const bool is_death = line.find(" death: ") != std::string::npos &&
                            line.find("killed by SIGKILL") == std::string::npos &&
                            line.find("exit status 74") == std::string::npos &&
                            line.find("exit status 69") == std::string::npos &&
                            line.find(" death: ended") == std::string::npos;
      if (is_bug || is_death) judgement.violations.push_back(std::string(name) + ": " + line);
    }
  }
}

}  // namespace tandem::torture::database
