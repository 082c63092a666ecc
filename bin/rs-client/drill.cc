// drill: one fault against a running system, under load. Writers create users, each with a key of
// its own, while one process is killed or stopped; then every answered write is asked for again
// under its key, and looked for in the list; then all of them are deleted.
#include <sys/types.h>

#include <algorithm>
#include <csignal>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.h"
#include "base/ids.h"
#include "base/number.h"
#include "commands.h"
#include "daemon/setting_value.h"
#include "daemon/suggest.h"
#include "drill_verdict.h"
#include "fetch/url.h"
#include "loop/process.h"
#include "session.h"

namespace tandem::client {
namespace {

using wire::Json;

constexpr uint64_t kWarmUpMs = 500;
constexpr uint64_t kAfterKillMs = 2000;
constexpr uint64_t kAfterStopMs = 1000;
constexpr int64_t kDefaultStopMs = 2000;
constexpr int64_t kMaxStopMs = 600'000;
constexpr int64_t kDefaultTimeoutMs = 30'000;  // of each request, with all of its repetitions
constexpr uint64_t kReadEvery = 8;             // writes of one writer
constexpr const char* kDigest = "da39a3ee5e6b4b0d3255bfef95601890afd80709";

struct Fault {
  const char* name;
  bool stops;  // else kills
  const char* role;
};
constexpr Fault kFaults[] = {{"kill-master", false, "master"}, {"kill-slave", false, "slave"},
                             {"kill-orch", false, "orch"},     {"stop-master", true, "master"},
                             {"stop-slave", true, "slave"},    {"stop-orch", true, "orch"}};

int64_t now_ms() { return system_clock().boot_ns() / 1'000'000; }

// Signals one process of this host, by a handle that cannot come to mean another one.
class Victim {
 public:
  explicit Victim(loop::Loop& loop) : watch_(loop, [] {}) {}

  Status find(int64_t pid, const std::string& program) {
    pid_ = pid;
    const auto identity = loop::process_identity(static_cast<pid_t>(pid));
    std::ifstream comm("/proc/" + std::to_string(pid) + "/comm");
    std::string name;
    if (!identity || !comm || !std::getline(comm, name) || name != program) {
      return fail(ErrorKind::kUnavailable, "process " + std::to_string(pid) + " is no " + program +
                                               " of this host: run the drill there");
    }
    return watch_.start(*identity);
  }
  Status signal(int number) { return watch_.signal(number); }
  int64_t pid() const { return pid_; }

 private:
  int64_t pid_ = 0;
  loop::ProcessWatch watch_;
};

class Drill {
 public:
  Drill(Session& session, const Fault& fault, uint64_t stop_ms, size_t writers)
      : session_(session),
        fault_(fault),
        stop_ms_(stop_ms),
        writers_(writers),
        users_url_(session.settings.users_url + "/api/v1/users"),
        run_(hex_id(random_id())),
        step_(session.loop, [this] { next_step(); }) {}

  ExitStatus run() {
    const Status found = find_victim();
    if (!found) return session_.report(found.error());
    load();
    if (trouble_) {
      clean_up();
      return session_.report(*trouble_);
    }
    check();
    clean_up();
    return print();
  }

 private:
  // --- whom ---

  Status find_victim() {
    if (!fault_.stops && std::string_view(fault_.role) != "orch") return {};  // rs-orch kills it
    const bool orch = std::string_view(fault_.role) == "orch";
    const auto reply = session_.ask(Call{.url = session_.settings.orch_url + "/api/v1/" +
                                                (orch ? "orchestrator" : "worker/status")});
    if (!reply) return fail(reply.error());
    const auto json = wire::parse_json(reply->body);
    int64_t pid = 0;
    if (json && orch) pid = number(*json, "pid");
    if (json && json->as_array() != nullptr) {
      for (const Json& row : *json->as_array()) {
        const Json* role = row.find("role");
        if (role != nullptr && *role == Json(fault_.role)) pid = number(row, "pid");
      }
    }
    if (pid <= 1) return fail(ErrorKind::kConflict, std::string("there is no ") + fault_.role);
    victim_ = std::make_unique<Victim>(session_.loop);
    return victim_->find(pid, orch ? "rs-orch" : "rs-worker");
  }

  static int64_t number(const Json& object, const char* name) {
    const Json* member = object.find(name);
    return member != nullptr && member->as_int() != nullptr ? *member->as_int() : 0;
  }

  // --- the load and the fault ---

  enum class Step { kWarmUp, kFault, kAfter };

  void load() {
    // A stopped process goes on also where this one is told to end.
    loop::Signal on_int(session_.loop, SIGINT, [this] { interrupt(); });
    loop::Signal on_term(session_.loop, SIGTERM, [this] { interrupt(); });
    for (size_t writer = 0; writer < writers_; ++writer) write(writer, 0);
    step_.start(kWarmUpMs);
    session_.loop.run();
  }

  void interrupt() {
    trouble_ = Error{ErrorKind::kTimeout, "interrupted: nothing was checked"};
    if (stopped_) (void)victim_->signal(SIGCONT);
    stopped_ = false;
    end_load();
  }

  void next_step() {
    switch (at_) {
      case Step::kWarmUp:
        session_.console.progress("doing " + std::string(fault_.name));
        at_ = Step::kFault;
        begin_fault();
        return;
      case Step::kFault:
        if (stopped_) (void)victim_->signal(SIGCONT);
        stopped_ = false;
        at_ = Step::kAfter;
        step_.start(kAfterStopMs);
        return;
      case Step::kAfter:
        end_load();
        return;
    }
  }

  void begin_fault() {
    if (fault_.stops) {
      const Status sent = victim_->signal(SIGSTOP);
      stopped_ = sent.has_value();
      pid_ = victim_->pid();
      if (!sent) give_up(sent.error());
      step_.start(stop_ms_);
    } else if (victim_ != nullptr) {
      const Status sent = victim_->signal(SIGKILL);
      pid_ = victim_->pid();
      if (!sent) give_up(sent.error());
      at_ = Step::kAfter;
      step_.start(kAfterKillMs);
    } else {
      Call crash{.kind = Call::Kind::kOnce,
                 .method = "POST",
                 .url = session_.settings.orch_url + "/api/v1/crash/" + fault_.role};
      session_.caller.call(std::move(crash), [this](const Result<Reply>& reply) {
        if (!reply) return give_up(reply.error());
        const auto json = wire::parse_json(reply->body);
        if (json && json->as_array() != nullptr && json->as_array()->size() == 1) {
          const int64_t* pid = json->as_array()->front().as_int();
          pid_ = pid == nullptr ? 0 : *pid;
        }
        at_ = Step::kAfter;
        step_.start(kAfterKillMs);
      });
    }
  }

  void give_up(const Error& error) {
    trouble_ = error;
    end_load();
  }

  void end_load() {
    step_.stop();
    ending_ = true;
    if (in_flight_ == 0) session_.loop.stop();
  }

  // One user after the other, until the load ends.
  void write(size_t writer, uint64_t count) {
    const std::string name =
        "drill-" + run_ + "-" + std::to_string(writer) + "-" + std::to_string(count);
    ++in_flight_;
    session_.caller.call(create(name), [this, writer, count, name](const Result<Reply>& reply) {
      --in_flight_;
      take(name, reply);
      if (ending_) {
        if (in_flight_ == 0) session_.loop.stop();
      } else if (reply && count % kReadEvery == kReadEvery - 1) {
        read(writer, count, name);
      } else {
        write(writer, count + 1);
      }
    });
  }

  Call create(const std::string& name) const {
    const Json body = Json::Object{{"username", name}, {"password", kDigest}};
    return Call{.kind = Call::Kind::kWrite,
                .method = "PUT",
                .url = users_url_,
                .body = body.dump(),
                .key = name};
  }

  void take(const std::string& name, const Result<Reply>& reply) {
    if (!reply) {
      // Nobody else makes these names: one that is taken was made twice.
      if (reply.error().kind == ErrorKind::kBadInput) doubled_.insert(name);
      unknown_.insert(name);
      pause_.unanswered(now_ms());
      return;
    }
    acknowledged_.insert(name);
    pause_.answered(now_ms());
  }

  // A read that begins after a write was answered shows it.
  void read(size_t writer, uint64_t count, const std::string& name) {
    ++in_flight_;
    session_.caller.call(session_.read("GET", users_url_),
                         [this, writer, count, name](const Result<Reply>& reply) {
                           --in_flight_;
                           ++reads_;
                           if (reply && reply->body.find('"' + name + '"') == std::string::npos) {
                             ++findings_.stale;
                           }
                           if (!ending_) return write(writer, count + 1);
                           if (in_flight_ == 0) session_.loop.stop();
                         });
  }

  // --- afterwards ---

  // Calls for each of `names`, many at a time; waits for all of them.
  template <typename MakeCall, typename Take>
  void for_each(const std::set<std::string>& names, MakeCall make, Take take) {
    auto next = names.begin();
    size_t open = 0;
    const std::function<void()> pump = [&] {
      while (open < session_.settings.concurrency && next != names.end()) {
        const std::string& name = *next++;
        ++open;
        session_.caller.call(make(name), [&, name](const Result<Reply>& reply) {
          --open;
          take(name, reply);
          if (next != names.end()) return pump();
          if (open == 0) session_.loop.stop();
        });
      }
    };
    if (names.empty()) return;
    pump();
    session_.loop.run();
  }

  void check() {
    session_.console.progress("checking");
    for_each(
        acknowledged_, [this](const std::string& name) { return create(name); },
        [this](const std::string& name, const Result<Reply>& reply) {
          // The first answer again, or the key was forgotten and the name is taken.
          if (!reply && reply.error().kind == ErrorKind::kBadInput) doubled_.insert(name);
        });
    const auto reply = session_.ask(Call{.url = users_url_ + "?consistency=linearizable"});
    if (!reply) {
      trouble_ = reply.error();
      return;
    }
    std::multiset<std::string> listed;
    const auto json = wire::parse_json(reply->body.empty() ? "[]" : reply->body);
    if (json && json->as_array() != nullptr) {
      for (const Json& name : *json->as_array()) {
        if (name.as_string() != nullptr) listed.insert(*name.as_string());
      }
    }
    for (const std::string& name : acknowledged_) {
      const size_t count = listed.count(name);
      findings_.lost += count == 0 ? 1 : 0;
      if (count > 1) doubled_.insert(name);
    }
    findings_.answered = static_cast<int64_t>(acknowledged_.size());
    findings_.doubled = static_cast<int64_t>(doubled_.size());
    findings_.unknown = static_cast<int64_t>(unknown_.size());
    findings_.paused_ms = pause_.longest_ms();
  }

  void clean_up() {
    session_.console.progress("deleting what was written");
    std::set<std::string> all = acknowledged_;
    all.insert(unknown_.begin(), unknown_.end());
    for_each(
        all,
        [this](const std::string& name) {
          return session_.write("DELETE", users_url_ + "/" + fetch::percent_encode(name), "");
        },
        // One whose outcome was unknown may never have been there.
        [](const std::string&, const Result<Reply>&) {});
    session_.console.progress("");
  }

  // So that it stands among what happened there. Where that cannot be done the drill is no worse.
  void tell_service(const std::string& verdict) {
    Json event;
    event.set("event", "drill").set("drill", fault_.name);
    event.set("verdict", findings_.violated() ? "failed" : "passed").set("reason", verdict);
    event.set("gap_ms", findings_.paused_ms).set("answered", findings_.answered);
    event.set("lost", findings_.lost).set("doubled", findings_.doubled);
    event.set("stale", findings_.stale);
    const Result<Reply> told =
        session_.ask(Call{.kind = Call::Kind::kOnce,
                          .method = "POST",
                          .url = session_.settings.orch_url + "/api/v1/events",
                          .body = event.dump()});
    if (!told) session_.console.detail("the verdict is not told: " + told.error().message);
  }

  ExitStatus print() {
    if (trouble_) return session_.report(*trouble_);
    if (findings_.answered == 0) {
      return session_.report({ErrorKind::kTimeout, "no write was answered: nothing was shown"});
    }
    const std::string verdict = verdict_of(findings_);
    Json row;
    row.set("fault", fault_.name);
    row.set("pid", pid_);
    row.set("acknowledged", findings_.answered);
    row.set("lost", findings_.lost);
    row.set("doubled", findings_.doubled);
    row.set("unknown", findings_.unknown);
    row.set("reads", reads_);
    row.set("stale", findings_.stale);
    row.set("longest_gap_ms", findings_.paused_ms);
    if (session_.output.format() == Format::kJson) row.set("verdict", verdict);
    session_.output.print(row);
    session_.output.flush();
    session_.console.say(verdict);
    tell_service(verdict);
    return findings_.violated() ? ExitStatus::kNo : ExitStatus::kOk;
  }

  Session& session_;
  const Fault& fault_;
  const uint64_t stop_ms_;
  const size_t writers_;
  const std::string users_url_;
  const std::string run_;
  std::unique_ptr<Victim> victim_;  // of a fault that this process does itself
  loop::Timer step_;
  Step at_ = Step::kWarmUp;
  bool stopped_ = false;
  bool ending_ = false;
  std::optional<Error> trouble_;
  size_t in_flight_ = 0;
  int64_t pid_ = 0;
  Pause pause_;
  int64_t reads_ = 0;
  DrillFindings findings_;
  std::set<std::string> acknowledged_;
  std::set<std::string> unknown_;
  std::set<std::string> doubled_;
};

}  // namespace

ExitStatus drill(Session& session, const Arguments& arguments) {
  const std::string& name = arguments.operands[0];
  const Fault* fault = nullptr;
  std::vector<std::string> names;
  for (const Fault& each : kFaults) {
    names.emplace_back(each.name);
    if (name == each.name) fault = &each;
  }
  if (fault == nullptr) {
    return session.report(
        {ErrorKind::kUsage, "'" + name + "' is no fault" + daemon::suggestion(name, names)});
  }
  int64_t stop_ms = kDefaultStopMs;
  if (arguments.line.has("for")) {
    const auto given = daemon::parse_duration(arguments.value("for"));
    if (!given || *given <= 0 || *given > kMaxStopMs) {
      const std::string missing = daemon::missing_unit(arguments.value("for"));
      return session.report(
          {ErrorKind::kUsage, "'--for " + arguments.value("for") + "'" +
                                  (missing.empty() ? " is no time such as 500ms or 2s, at most 10m"
                                                   : ": " + missing)});
    }
    stop_ms = *given;
  }
  size_t writers = 4;
  if (arguments.line.has("writers")) {
    const std::string text = arguments.value("writers");
    const auto given = parse_number<size_t>(text, 1, session.settings.concurrency);
    if (!given) {
      return session.report({ErrorKind::kUsage, "'--writers " + text + "' is no number from 1 to " +
                                                    std::to_string(session.settings.concurrency)});
    }
    writers = *given;
  }
  if (!session.settings.timeout_given) session.caller.set_timeout_ms(kDefaultTimeoutMs);
  return Drill(session, *fault, static_cast<uint64_t>(stop_ms), writers).run();
}

}  // namespace tandem::client
