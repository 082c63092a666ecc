// tandem-load: writers against rs-users and rs-rides while master and slaves are killed with
// SIGKILL; afterwards every answered write must be there, once, on every replica.
//
// Each writer creates a user and then a ride by that user, over and over, each with a key of its
// own that it repeats on 5xx and lost connections. Prints one JSON object; exit status 1 where a
// write was lost or doubled or an answer was wrong.
//
//   tandem-load --users URL --rides URL --orch URL [--writers N] [--seconds S] [--kills N]
#include <getopt.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <map>
#include <mutex>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "base/clock.h"
#include "base/exit_status.h"
#include "support/http_call.h"
#include "wire/json.h"

namespace {

using tandem::support::Answer;
using tandem::support::HttpCall;
using tandem::wire::Json;

constexpr long kCallTimeoutMs = 10'000;
constexpr int kRepeats = 20;

// Who was killed last.
enum Kind : size_t { kNobody, kMaster, kSlave, kKinds };
constexpr const char* kKindNames[kKinds] = {"nobody", "master", "slave"};

struct Settings {
  std::string users = "http://127.0.0.1:8080";
  std::string rides = "http://127.0.0.1:8000";
  std::string orch = "http://127.0.0.1:8090";
  int writers = 16;
  int seconds = 10;
  int kills = 20;
};

int64_t now_us() { return tandem::system_clock().boot_ns() / 1000; }

// What all writers have seen.
class Tally {
 public:
  void acknowledged_user(const std::string& name, int64_t started_us) {
    const std::lock_guard lock(mutex_);
    users_.insert(name);
    note(started_us);
  }
  void acknowledged_ride(const std::string& creator, int64_t started_us) {
    const std::lock_guard lock(mutex_);
    riders_.insert(creator);
    note(started_us);
  }
  void unknown(const std::string& name) {
    const std::lock_guard lock(mutex_);
    unknown_.insert(name);
  }
  void wrong(const std::string& what) {
    const std::lock_guard lock(mutex_);
    if (wrong_++ < 5) std::fprintf(stderr, "tandem-load: wrong answer: %s\n", what.c_str());
  }
  void repeated() { ++repeated_; }
  // From now on the longest gap is that of a kill of this kind.
  void killed(size_t kind) {
    const std::lock_guard lock(mutex_);
    kind_ = kind;
    longest_gaps_us_[kind].push_back(0);
  }

  std::set<std::string> users_;
  std::set<std::string> riders_;
  std::set<std::string> unknown_;
  std::vector<int64_t> latencies_us_;
  // From each kill to the next, by kind; before the first one that of nobody.
  std::array<std::vector<int64_t>, kKinds> longest_gaps_us_{{{0}, {}, {}}};
  int wrong_ = 0;
  std::atomic<int> repeated_{0};

 private:
  void note(int64_t started_us) {
    const int64_t now = now_us();
    latencies_us_.push_back(now - started_us);
    int64_t& longest = longest_gaps_us_[kind_].back();
    if (last_us_ != 0) longest = std::max(longest, now - last_us_);
    last_us_ = now;
  }
  std::mutex mutex_;
  size_t kind_ = kNobody;
  int64_t last_us_ = 0;
};

// Repeats a write with its key until it has an answer that is not "try again".
Answer write(HttpCall& http, Tally& tally, const char* method, const std::string& url,
             const std::string& body, const std::string& key) {
  Answer answer;
  for (int i = 0; i < kRepeats; ++i) {
    answer = http.call(method, url, body, {.key = key});
    if (answer.status != 0 && answer.status < 500) return answer;
    tally.repeated();
  }
  return answer;
}

void run_writer(const Settings& settings, Tally& tally, int number, const std::atomic<bool>& stop) {
  HttpCall http(kCallTimeoutMs);
  const std::string run = std::to_string(now_us());
  for (int i = 0; !stop; ++i) {
    const std::string name = "w" + std::to_string(number) + "-" + run + "-" + std::to_string(i);
    int64_t started = now_us();
    const Answer user = write(
        http, tally, "PUT", settings.users + "/api/v1/users",
        R"({"username":")" + name + R"(","password":"da39a3ee5e6b4b0d3255bfef95601890afd80709"})",
        "u-" + name);
    if (user.status == 201) {
      tally.acknowledged_user(name, started);
    } else if (user.status == 0 || user.status >= 500) {
      tally.unknown(name);
      continue;
    } else {
      tally.wrong("user " + name + ": " + std::to_string(user.status) + " " + user.body);
      continue;
    }
    started = now_us();
    const Answer ride =
        write(http, tally, "POST", settings.rides + "/api/v1/rides",
              R"({"created_by":")" + name +
                  R"(","timestamp":"26-01-2090:53-17-00","source":1,"destination":2})",
              "r-" + name);
    if (ride.status == 201) {
      tally.acknowledged_ride(name, started);
    } else if (ride.status == 0 || ride.status >= 500) {
      tally.unknown(name);
    } else {
      tally.wrong("ride of " + name + ": " + std::to_string(ride.status) + " " + ride.body);
    }
  }
}

// The ids of the workers that are in sync; empty where the orchestrator does not answer.
std::vector<int64_t> in_sync_workers(HttpCall& http, const Settings& settings) {
  std::vector<int64_t> ids;
  const auto json =
      tandem::wire::parse_json(http.call("GET", settings.orch + "/api/v1/worker/status").body);
  if (!json || json->as_array() == nullptr) return ids;
  for (const Json& worker : *json->as_array()) {
    const Json* in_sync = worker.find("in_sync");
    if (in_sync != nullptr && *in_sync == Json(true)) ids.push_back(*worker.find("id")->as_int());
  }
  return ids;
}

// Master and slave in turn, each time when the set is whole again.
int run_killer(const Settings& settings, Tally& tally, const std::atomic<bool>& stop) {
  HttpCall http(kCallTimeoutMs);
  int killed = 0;
  const int64_t pause_us = int64_t{settings.seconds} * 1'000'000 / (settings.kills + 1);
  int64_t next_us = now_us() + pause_us;
  while (!stop && killed < settings.kills) {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    if (now_us() < next_us || in_sync_workers(http, settings).size() < 2) continue;
    const Kind whom = killed % 2 == 0 ? kMaster : kSlave;
    tally.killed(whom);
    const Answer answer = http.call("POST", settings.orch + "/api/v1/crash/" + kKindNames[whom]);
    if (answer.status == 200) ++killed;
    next_us = now_us() + pause_us;
  }
  return killed;
}

struct Verdict {
  int replicas = 0;
  size_t lost = 0;
  size_t doubled = 0;
};

std::multiset<std::string> column(HttpCall& http, const Settings& settings, int64_t replica,
                                  const char* table, const char* name, bool& ok) {
  std::multiset<std::string> values;
  const size_t page = 20'000;
  for (size_t offset = 0;; offset += page) {
    const std::string body = std::string(R"({"table":")") + table + R"(","columns":[")" + name +
                             R"("],"limit":)" + std::to_string(page) +
                             ",\"offset\":" + std::to_string(offset) + "}";
    const Answer answer = http.call(
        "POST", settings.orch + "/api/v1/db/read?replica=" + std::to_string(replica), body);
    const auto json = tandem::wire::parse_json(answer.body);
    if (answer.status != 200 || !json || json->as_array() == nullptr) {
      ok = false;
      return values;
    }
    for (const Json& row : *json->as_array()) values.insert(*row.find(name)->as_string());
    if (json->as_array()->size() < page) return values;
  }
}

void check_replica(const Settings& settings, const Tally& tally, int64_t replica,
                   Verdict& verdict) {
  HttpCall http(60'000);
  bool ok = true;
  const auto users = column(http, settings, replica, "users", "username", ok);
  const auto creators = column(http, settings, replica, "rides", "created_by", ok);
  if (!ok) {
    std::fprintf(stderr, "tandem-load: replica %lld cannot be read\n",
                 static_cast<long long>(replica));
    ++verdict.lost;
    return;
  }
  ++verdict.replicas;
  for (const std::string& name : tally.users_) verdict.lost += users.contains(name) ? 0 : 1;
  for (const std::string& name : tally.riders_) {
    const size_t rides = creators.count(name);
    verdict.lost += rides == 0 ? 1 : 0;
    verdict.doubled += rides > 1 ? 1 : 0;
  }
  for (const std::string& name : tally.unknown_)
    verdict.doubled += creators.count(name) > 1 ? 1 : 0;
}

Verdict check(const Settings& settings, const Tally& tally) {
  HttpCall http(kCallTimeoutMs);
  std::vector<int64_t> replicas;
  for (int i = 0; i < 400 && replicas.size() < 2; ++i) {
    replicas = in_sync_workers(http, settings);
    if (replicas.size() < 2) std::this_thread::sleep_for(std::chrono::milliseconds(25));
  }
  Verdict verdict;
  for (const int64_t replica : replicas) check_replica(settings, tally, replica, verdict);
  return verdict;
}

double ms_at(std::vector<int64_t>& sorted_us, double quantile) {
  if (sorted_us.empty()) return 0;
  const auto at = static_cast<size_t>(quantile * static_cast<double>(sorted_us.size() - 1));
  return static_cast<double>(sorted_us[at]) / 1000;
}

bool parse(int argc, char** argv, Settings& settings) {
  static const option kOptions[] = {{"users", required_argument, nullptr, 'u'},
                                    {"rides", required_argument, nullptr, 'r'},
                                    {"orch", required_argument, nullptr, 'o'},
                                    {"writers", required_argument, nullptr, 'w'},
                                    {"seconds", required_argument, nullptr, 's'},
                                    {"kills", required_argument, nullptr, 'k'},
                                    {nullptr, 0, nullptr, 0}};
  for (int c = 0; (c = getopt_long(argc, argv, "", kOptions, nullptr)) != -1;) {
    switch (c) {
      case 'u':
        settings.users = optarg;
        break;
      case 'r':
        settings.rides = optarg;
        break;
      case 'o':
        settings.orch = optarg;
        break;
      case 'w':
        settings.writers = std::atoi(optarg);
        break;
      case 's':
        settings.seconds = std::atoi(optarg);
        break;
      case 'k':
        settings.kills = std::atoi(optarg);
        break;
      default:
        return false;
    }
  }
  return optind == argc && settings.writers > 0 && settings.seconds > 0 && settings.kills >= 0;
}

}  // namespace

int main(int argc, char** argv) {
  Settings settings;
  if (!parse(argc, argv, settings)) {
    std::fputs(
        "usage: tandem-load [--users URL] [--rides URL] [--orch URL] [--writers N] "
        "[--seconds S] [--kills N]\n",
        stderr);
    return static_cast<int>(tandem::ExitStatus::kUsage);
  }
  Tally tally;
  std::atomic<bool> stop{false};
  std::vector<std::thread> writers;
  for (int i = 0; i < settings.writers; ++i) {
    writers.emplace_back([&, i] { run_writer(settings, tally, i, stop); });
  }
  int killed = 0;
  std::thread killer([&] { killed = run_killer(settings, tally, stop); });
  // Runs for the time asked for, and longer where the kills are not done; not for ever.
  const int64_t begin_us = now_us();
  const int64_t end_us = begin_us + int64_t{settings.seconds} * 1'000'000;
  std::thread limit([&] {
    while (now_us() < end_us + 60'000'000 && !stop) {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
    }
    stop = true;
  });
  while (now_us() < end_us) std::this_thread::sleep_for(std::chrono::milliseconds(20));
  killer.join();
  const double seconds = static_cast<double>(now_us() - begin_us) / 1e6;
  stop = true;
  for (std::thread& writer : writers) writer.join();
  limit.join();

  const Verdict verdict = check(settings, tally);
  std::sort(tally.latencies_us_.begin(), tally.latencies_us_.end());
  Json report;
  report.set("acknowledged", static_cast<int64_t>(tally.latencies_us_.size()));
  report.set("per_second", static_cast<double>(tally.latencies_us_.size()) / seconds);
  report.set("kills", killed);
  report.set("repeated", tally.repeated_.load());
  report.set("unknown", static_cast<int64_t>(tally.unknown_.size()));
  report.set("wrong", tally.wrong_);
  report.set("replicas", verdict.replicas);
  report.set("lost", static_cast<int64_t>(verdict.lost));
  report.set("doubled", static_cast<int64_t>(verdict.doubled));
  double longest_ms = 0;
  for (const Kind kind : {kNobody, kMaster, kSlave}) {
    std::vector<int64_t>& gaps_us = tally.longest_gaps_us_[kind];
    std::sort(gaps_us.begin(), gaps_us.end());
    longest_ms = std::max(longest_ms, ms_at(gaps_us, 1));
    if (kind == kNobody) continue;
    const std::string name = kKindNames[kind];
    report.set(name + "_kills", static_cast<int64_t>(gaps_us.size()));
    report.set("median_gap_" + name + "_ms", ms_at(gaps_us, 0.5));
    report.set("longest_gap_" + name + "_ms", ms_at(gaps_us, 1));
  }
  report.set("longest_gap_ms", longest_ms);
  report.set("median_ms", ms_at(tally.latencies_us_, 0.5));
  report.set("p99_ms", ms_at(tally.latencies_us_, 0.99));
  report.set("max_ms", ms_at(tally.latencies_us_, 1));
  std::printf("%s\n", report.dump().c_str());
  const bool good = verdict.lost == 0 && verdict.doubled == 0 && tally.wrong_ == 0 &&
                    verdict.replicas >= 2 && killed == settings.kills &&
                    !tally.latencies_us_.empty();
  return static_cast<int>(good ? tandem::ExitStatus::kOk : tandem::ExitStatus::kNo);
}
