// What coord/coord.h promises, of local files and of Consul alike: two processes, as two back ends on
// one loop. Those of Consul talk to a real agent (CONSUL_HTTP_ADDR) through a proxy that does harm.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/ids.h"
#include "consul/consul_coord.h"
#include "consulhost/host_processes.h"
#include "consulhost/http_transport.h"
#include "coord/coord.h"
#include "coord/local.h"
#include "loop/loop_timers.h"
#include "support/http_proxy.h"
#include "support/temporary_directory.h"

namespace tandem::consulhost {
namespace {

using coord::Coord;
using coord::Member;
using coord::SwapOutcome;
using coord::Versioned;
using support::Harm;
using testing::HasSubstr;

// Turns the loop until that holds.
using Until = std::function<void(const std::function<bool()>&)>;

// Where the processes of one test coordinate.
class BackEnd {
 public:
  virtual ~BackEnd() = default;
  virtual std::unique_ptr<Coord> open(loop::Loop& loop) = 0;
  // Takes the lock "active" of group "g" away from whoever has it.
  virtual void take_lock_away(const Until& until) = 0;
};

class LocalFiles final : public BackEnd {
 public:
  std::unique_ptr<Coord> open(loop::Loop& loop) override {
    // Polls are far apart: what a test waits for is told by the kernel.
    return std::move(
        coord::open_local({.root = scratch_.file("coord"), .poll_ms = 3'600'000}, loop).value());
  }
  void take_lock_away(const Until&) override {
    std::filesystem::remove(scratch_.file("coord/g/locks/active"));
  }

 private:
  support::TemporaryDirectory scratch_;
};

// All that a process needs to coordinate by Consul, which a Coord does not own.
class ConsulProcess final : public Coord {
 public:
  ConsulProcess(loop::Loop& loop, const std::string& url, const std::string& prefix)
      : timers_(loop),
        processes_(loop, ""),
        transport_(loop, {.addresses = {parse_address(url).value()}}),
        coord_(consul::make_coord(transport_, processes_, timers_.time(), {.prefix = prefix})) {}

  void read_record(const std::string& group,
                   UniqueFunction<void(Result<Versioned>)> done) override {
    coord_->read_record(group, std::move(done));
  }
  void swap_record(const std::string& group, coord::Expected expected, std::string text,
                   UniqueFunction<void(Result<SwapOutcome>)> done) override {
    coord_->swap_record(group, std::move(expected), std::move(text), std::move(done));
  }
  std::unique_ptr<coord::Watch> watch_record(
      const std::string& group, UniqueFunction<void(const Versioned&)> on_change) override {
    return coord_->watch_record(group, std::move(on_change));
  }
  std::unique_ptr<coord::Lock> lock(const std::string& group, const std::string& name,
                                    std::string holder, coord::LockCallbacks callbacks) override {
    return coord_->lock(group, name, std::move(holder), std::move(callbacks));
  }
  void lock_holder(const std::string& group, const std::string& name,
                   UniqueFunction<void(Result<std::optional<std::string>>)> done) override {
    coord_->lock_holder(group, name, std::move(done));
  }
  void register_member(const std::string& group, Member member,
                       UniqueFunction<void(Status)> done) override {
    coord_->register_member(group, std::move(member), std::move(done));
  }
  void unregister_member(const std::string& group, uint32_t id, uint64_t session,
                         UniqueFunction<void(Status)> done) override {
    coord_->unregister_member(group, id, session, std::move(done));
  }
  void members(const std::string& group,
               UniqueFunction<void(Result<std::vector<Member>>)> done) override {
    coord_->members(group, std::move(done));
  }
  std::unique_ptr<coord::Watch> watch_members(
      const std::string& group,
      UniqueFunction<void(const std::vector<Member>&)> on_change) override {
    return coord_->watch_members(group, std::move(on_change));
  }
  void last_members(const std::string& group,
                    UniqueFunction<void(Result<std::vector<Member>>)> done) override {
    coord_->last_members(group, std::move(done));
  }
  void proven_dead(Member member, UniqueFunction<void(Result<bool>)> done) override {
    coord_->proven_dead(std::move(member), std::move(done));
  }
  std::string host_name() const override { return coord_->host_name(); }
  std::string trouble() const override { return coord_->trouble(); }

 private:
  loop::LoopTimers timers_;
  HostProcesses processes_;
  HttpTransport transport_;
  std::unique_ptr<Coord> coord_;
};

class RealConsul final : public BackEnd {
 public:
  explicit RealConsul(loop::Loop& loop)
      : url_(std::getenv("CONSUL_HTTP_ADDR")),
        prefix_("test-" + hex_id(random_id())),
        asker_(loop, {}),
        proxy_(loop, url_) {}

  std::unique_ptr<Coord> open(loop::Loop& loop) override {
    return std::make_unique<ConsulProcess>(loop, through_proxy ? proxy_.url() : url_, prefix_);
  }
  void take_lock_away(const Until& until) override {
    const wire::Json entry = ask(until, "GET", "/v1/kv/" + prefix_ + "/g/locks/active");
    ask(until, "PUT", "/v1/session/destroy/" + session_of(entry));
  }
  static std::string session_of(const wire::Json& entries) {
    return *entries.as_array()->front().find("Session")->as_string();
  }
  // Without the proxy.
  wire::Json ask(const Until& until, const std::string& method, const std::string& target,
                 const std::string& body = "") {
    std::string answer;
    const auto asked = asker_.fetch(
        {.method = method, .url = url_ + target, .body = body},
        [&](const Result<fetch::Answer>& got) { answer = got ? got->body : got.error().message; });
    EXPECT_TRUE(asked);
    until([&] { return !answer.empty(); });
    return wire::parse_json(answer).value();
  }

  bool through_proxy = true;  // what is opened from now on
  support::HttpProxy& proxy() { return proxy_; }
  const std::string& url() const { return url_; }
  const std::string& prefix() const { return prefix_; }

 private:
  const std::string url_;
  const std::string prefix_;
  fetch::Fetcher asker_;
  support::HttpProxy proxy_;
};

class ContractTest : public testing::TestWithParam<bool> {
 protected:
  ContractTest() {
    if (GetParam()) {
      auto consul = std::make_unique<RealConsul>(loop_);
      consul_ = consul.get();
      back_end_ = std::move(consul);
    } else {
      back_end_ = std::make_unique<LocalFiles>();
    }
    // A turn that runs a timer and nothing else would not end.
    turns_.start(1, 1);
    one_ = back_end_->open(loop_);
    two_ = back_end_->open(loop_);
  }

  void until(const std::function<bool()>& done) {
    while (!done()) loop_.run_once();
  }
  template <typename T, typename Start>
  T wait(Start start) {
    std::optional<T> result;
    start(UniqueFunction<void(T)>([&result](T value) { result.emplace(std::move(value)); }));
    EXPECT_FALSE(result) << "completed from inside the call";
    until([&] { return result.has_value(); });
    return std::move(*result);
  }
  Result<SwapOutcome> swap(Coord& coord, const coord::Expected& expected, const std::string& text) {
    return wait<Result<SwapOutcome>>(
        [&](auto done) { coord.swap_record("g", expected, text, std::move(done)); });
  }
  Result<Versioned> read(Coord& coord) {
    return wait<Result<Versioned>>([&](auto done) { coord.read_record("g", std::move(done)); });
  }
  Status enter(Coord& coord, const Member& member) {
    return wait<Status>([&](auto done) { coord.register_member("g", member, std::move(done)); });
  }
  Status leave(Coord& coord, uint32_t id, uint64_t session) {
    return wait<Status>(
        [&](auto done) { coord.unregister_member("g", id, session, std::move(done)); });
  }
  std::vector<Member> members(Coord& coord) {
    return wait<Result<std::vector<Member>>>(
               [&](auto done) { coord.members("g", std::move(done)); })
        .value();
  }
  std::optional<std::string> holder(Coord& coord) {
    return wait<Result<std::optional<std::string>>>(
               [&](auto done) { coord.lock_holder("g", "active", std::move(done)); })
        .value();
  }
  static Member member(uint32_t id) {
    Member made;
    made.id = id;
    made.storage_id = 0xfedcba9876543210;
    made.session = 77 + id;
    made.address = "ipc:///tmp/x";
    made.pid = getpid();
    made.host = "elsewhere";
    made.lock_path = "/nowhere/lock";
    made.extra.set("role", "worker");
    return made;
  }

  loop::Loop loop_;
  loop::Timer turns_{loop_, [] {}};
  RealConsul* consul_ = nullptr;
  std::unique_ptr<BackEnd> back_end_;
  std::unique_ptr<Coord> one_;
  std::unique_ptr<Coord> two_;
};

TEST_P(ContractTest, ASwapIsOfTheVersionAndTheTextThatAreExpected) {
  EXPECT_EQ(read(*one_).value(), Versioned{});
  EXPECT_EQ(swap(*one_, 0, "one").value(), SwapOutcome::kApplied);
  EXPECT_EQ(read(*two_).value(), (Versioned{1, "one", {}}));
  EXPECT_EQ(swap(*two_, 0, "again").value(), SwapOutcome::kRefused);
  EXPECT_EQ(swap(*two_, {1, "another"}, "two").value(), SwapOutcome::kRefused);
  EXPECT_EQ(swap(*two_, 2, "two").value(), SwapOutcome::kRefused);
  EXPECT_EQ(swap(*two_, {1, "one"}, "two").value(), SwapOutcome::kApplied);
  EXPECT_EQ(swap(*one_, {1, "one"}, "lost").value(), SwapOutcome::kRefused);
  EXPECT_EQ(read(*one_).value(), (Versioned{2, "two", {}}));
}

TEST_P(ContractTest, ATextMayHoldAnyBytes) {
  const std::string text("\0 \xff\"\n{}", 7);
  EXPECT_EQ(swap(*one_, 0, text).value(), SwapOutcome::kApplied);
  EXPECT_EQ(read(*two_).value(), (Versioned{1, text, {}}));
  EXPECT_EQ(swap(*two_, {1, text}, "").value(), SwapOutcome::kApplied);
  EXPECT_EQ(read(*two_).value(), (Versioned{2, "", {}}));
}

TEST_P(ContractTest, CallsOnTheRecordKeepTheirOrder) {
  std::vector<SwapOutcome> outcomes;
  for (uint64_t i = 0; i < 10; ++i) {
    one_->swap_record("g", i, "text",
                      [&](Result<SwapOutcome> outcome) { outcomes.push_back(outcome.value()); });
  }
  until([&] { return outcomes.size() == 10; });
  EXPECT_EQ(outcomes, std::vector<SwapOutcome>(10, SwapOutcome::kApplied));
}

TEST_P(ContractTest, OfTwoSwapsOfOneVersionOneIsApplied) {
  for (uint64_t version = 0; version < 20; ++version) {
    std::vector<Result<SwapOutcome>> outcomes;
    for (Coord* coord : {one_.get(), two_.get()}) {
      coord->swap_record("g", version, coord == one_.get() ? "of one" : "of two",
                         [&](const Result<SwapOutcome>& outcome) { outcomes.push_back(outcome); });
    }
    until([&] { return outcomes.size() == 2; });
    const auto applied = [](const auto& outcome) { return outcome == SwapOutcome::kApplied; };
    EXPECT_EQ(std::count_if(outcomes.begin(), outcomes.end(), applied), 1);
  }
}

TEST_P(ContractTest, AWatchTellsTheRecordAndItsChanges) {
  std::vector<Versioned> seen;
  const auto watch =
      one_->watch_record("g", [&seen](const Versioned& record) { seen.push_back(record); });
  until([&] { return seen.size() == 1; });
  EXPECT_EQ(seen[0], Versioned{});
  EXPECT_EQ(swap(*two_, 0, "one").value(), SwapOutcome::kApplied);
  until([&] { return seen.back().version == 1; });
  EXPECT_EQ(swap(*two_, 1, "two").value(), SwapOutcome::kApplied);
  until([&] { return seen.back().version == 2; });
  EXPECT_EQ(seen.back().text, "two");
}

TEST_P(ContractTest, MembersAreListedByIdAndTheirOwnSessionRemovesThem) {
  EXPECT_TRUE(members(*one_).empty());
  ASSERT_TRUE(enter(*one_, member(12)));
  ASSERT_TRUE(enter(*two_, member(3)));
  EXPECT_EQ(members(*two_), (std::vector{member(3), member(12)}));
  Member next = member(3);
  next.session = 999;
  ASSERT_TRUE(enter(*one_, next));
  ASSERT_TRUE(leave(*two_, 3, member(3).session));
  EXPECT_EQ(members(*two_), (std::vector{next, member(12)}));
  ASSERT_TRUE(leave(*one_, 3, next.session));
  ASSERT_TRUE(leave(*one_, 3, next.session));
  EXPECT_EQ(members(*two_), std::vector{member(12)});
  const auto last = wait<Result<std::vector<Member>>>(
      [&](auto done) { one_->last_members("g", std::move(done)); });
  EXPECT_EQ(last.value(), (std::vector{next, member(12)}));
}

TEST_P(ContractTest, AWatchTellsMembersAndTheirChanges) {
  std::vector<std::vector<Member>> seen;
  const auto watch = one_->watch_members(
      "g", [&seen](const std::vector<Member>& there) { seen.push_back(there); });
  until([&] { return seen.size() == 1; });
  EXPECT_TRUE(seen[0].empty());
  ASSERT_TRUE(enter(*two_, member(1)));
  until([&] { return seen.back() == std::vector{member(1)}; });
  ASSERT_TRUE(leave(*two_, 1, member(1).session));
  until([&] { return seen.back().empty(); });
}

TEST_P(ContractTest, ALockGoesToOneAndWhenThatReleasesItToTheNext) {
  EXPECT_EQ(holder(*one_), std::nullopt);
  bool first = false;
  bool second = false;
  auto of_one = one_->lock("g", "active", "one", {[&] { first = true; }, nullptr});
  until([&] { return first; });
  EXPECT_TRUE(of_one->held());
  auto of_two = two_->lock("g", "active", "two", {[&] { second = true; }, nullptr});
  EXPECT_EQ(holder(*two_), "one");
  EXPECT_FALSE(of_two->held());
  bool released = false;
  of_one->release([&] { released = true; });
  EXPECT_FALSE(of_one->held());
  until([&] { return released && second; });
  EXPECT_TRUE(of_two->held());
  EXPECT_EQ(holder(*one_), "two");
  // Destroying it does the same.
  bool third = false;
  auto again = one_->lock("g", "active", "three", {[&] { third = true; }, nullptr});
  of_two.reset();
  until([&] { return third; });
  again.reset();
  while (holder(*two_)) {
  }
}

TEST_P(ContractTest, ALockThatIsTakenAwayIsLostAndWaitedForAnew) {
  int acquired = 0;
  int lost = 0;
  const auto lock =
      one_->lock("g", "active", "me", {[&] { ++acquired; }, [&](const Error&) { ++lost; }});
  until([&] { return acquired == 1; });
  back_end_->take_lock_away([this](const auto& done) { until(done); });
  until([&] { return lost == 1; });
  until([&] { return acquired == 2; });
  EXPECT_TRUE(lock->held());
  EXPECT_EQ(lost, 1);
}

TEST_P(ContractTest, TheLockOfAProcessThatIsKilledIsTakenAtOnce) {
  int ready[2];
  ASSERT_EQ(pipe(ready), 0);
  if (consul_ != nullptr) consul_->through_proxy = false;
  const pid_t child = fork();
  if (child == 0) {
    loop::Loop loop;
    const auto coord = back_end_->open(loop);
    bool held = false;
    const auto lock = coord->lock("g", "active", "child", {[&] { held = true; }, nullptr});
    while (!held) loop.run_once();
    if (write(ready[1], "!", 1) != 1) _exit(1);
    while (true) loop.run_once();
  }
  char byte = 0;
  ASSERT_EQ(::read(ready[0], &byte, 1), 1);
  bool held = false;
  const auto lock = one_->lock("g", "active", "me", {[&] { held = true; }, nullptr});
  EXPECT_EQ(holder(*two_), "child");
  kill(child, SIGKILL);
  until([&] { return held; });
  EXPECT_EQ(holder(*two_), "me");
  waitpid(child, nullptr, 0);
  close(ready[0]);
  close(ready[1]);
}

TEST_P(ContractTest, NothingIsCalledAfterItIsGone) {
  one_->read_record("g", [](const Result<Versioned>&) { FAIL(); });
  one_->register_member("g", member(1), [](const Status&) { FAIL(); });
  auto watch = one_->watch_record("g", [](const Versioned&) { FAIL(); });
  watch.reset();
  one_.reset();
  EXPECT_EQ(swap(*two_, 0, "one").value(), SwapOutcome::kApplied);
}

TEST_P(ContractTest, NamesAreChecked) {
  for (const std::string group : {"..", "a/b", "", ".hidden", "a b", "a?raw"}) {
    const auto record =
        wait<Result<Versioned>>([&](auto done) { one_->read_record(group, std::move(done)); });
    ASSERT_FALSE(record);
    EXPECT_EQ(record.error().kind, ErrorKind::kBadInput) << group;
  }
}

INSTANTIATE_TEST_SUITE_P(OnFiles, ContractTest, testing::Values(false));
INSTANTIATE_TEST_SUITE_P(OnAgent, ContractTest, testing::Values(true));

// --- what only a network can do ---

class HarmedTest : public ContractTest {
 protected:
  static constexpr std::array kHarms = {Harm::kDelay,      Harm::kCutBefore, Harm::kCutAfter,
                                        Harm::kHalf,       Harm::kError,     Harm::kTooMany,
                                        Harm::kErrorAfter, Harm::kPage,      Harm::kNoPage};
  // The request with this number from now on, counted from 0.
  void harm(Harm harm, int which) {
    which_ = which;
    consul_->proxy().harm = [this, harm](const std::string&) {
      return which_-- == 0 ? harm : Harm::kNone;
    };
  }
  wire::Json ask(const std::string& method, const std::string& target,
                 const std::string& body = "") {
    return consul_->ask([this](const auto& done) { until(done); }, method, target, body);
  }
  int which_ = 0;
};

TEST_P(HarmedTest, WhatASwapTellsIsTrue) {
  uint64_t version = 0;
  std::string text;
  for (const Harm kind : kHarms) {
    for (int which = 0; which < 3; ++which) {
      const std::string next =
          "text " + std::to_string(static_cast<int>(kind)) + " " + std::to_string(which);
      harm(kind, which);
      SCOPED_TRACE(next);
      const auto outcome = swap(*one_, {version, text}, next);
      harm(Harm::kNone, 0);
      const Versioned there = read(*two_).value();
      const bool applied = there == Versioned{version + 1, next, {}};
      ASSERT_TRUE(applied || there == (version == 0 ? Versioned{} : Versioned{version, text, {}}));
      if (outcome) {
        EXPECT_EQ(*outcome == SwapOutcome::kApplied, applied) << next;
      }
      if (applied) {
        ++version;
        text = next;
      }
    }
  }
  EXPECT_GT(version, 0U);
}

TEST_P(HarmedTest, AWatchIsRightInTheEnd) {
  uint64_t seen = 0;
  const auto watch =
      one_->watch_record("g", [&seen](const Versioned& record) { seen = record.version; });
  const auto direct = std::make_unique<ConsulProcess>(loop_, consul_->url(), consul_->prefix());
  uint64_t version = 0;
  for (const Harm kind : kHarms) {
    consul_->proxy().harm = [kind](const std::string&) { return kind; };
    ASSERT_EQ(swap(*direct, version, "text").value(), SwapOutcome::kApplied);
    ++version;
    harm(Harm::kNone, 0);
    until([&] { return seen == version; });
  }
}

TEST_P(HarmedTest, AMemberIsRegisteredInTheEnd) {
  for (const Harm kind : kHarms) {
    for (int which = 0; which < 3; ++which) {
      Member entry = member(1);
      entry.session = static_cast<uint64_t>(kind) * 10 + static_cast<uint64_t>(which);
      harm(kind, which);
      while (!enter(*one_, entry)) {
      }
      harm(Harm::kNone, 0);
      EXPECT_EQ(members(*two_), std::vector{entry});
    }
  }
}

TEST_P(HarmedTest, ALockIsHeldByOneInTheEndAndNeverByTwo) {
  int turn = 0;
  consul_->proxy().harm = [&turn](const std::string&) {
    const int now = turn++;
    return now % 2 == 0 ? Harm::kNone : kHarms.at(static_cast<size_t>(now / 2) % kHarms.size());
  };
  const auto of_one = one_->lock("g", "active", "one", {nullptr, nullptr});
  const auto of_two = two_->lock("g", "active", "two", {nullptr, nullptr});
  until([&] {
    EXPECT_FALSE(of_one->held() && of_two->held());
    return turn > 20;
  });
  harm(Harm::kNone, 0);
  until([&] { return of_one->held() || of_two->held(); });
  EXPECT_FALSE(of_one->held() && of_two->held());
}

TEST_P(HarmedTest, WhatIsWrongIsToldInWordsAndIsOver) {
  consul_->proxy().harm = [](const std::string&) { return Harm::kError; };
  const auto watch = one_->watch_record("g", [](const Versioned&) {});
  until([&] { return !one_->trouble().empty(); });
  EXPECT_THAT(one_->trouble(), HasSubstr("Consul at 127.0.0.1:"));
  EXPECT_THAT(one_->trouble(), HasSubstr("elections and changes of sets wait"));
  harm(Harm::kNone, 0);
  until([&] { return one_->trouble().empty(); });
}

TEST_P(HarmedTest, APageOfAnotherProgramRenewsNoSessionAndIsTold) {
  const auto lock = one_->lock("g", "active", "me", {nullptr, nullptr});
  until([&] { return lock->held(); });
  consul_->proxy().harm = [](const std::string&) { return Harm::kPage; };
  until([&] { return !one_->trouble().empty(); });
  EXPECT_THAT(one_->trouble(), HasSubstr("not an answer of Consul's: 200 '<html>"));
  until([&] { return !lock->held(); });
}

TEST_P(HarmedTest, FlagsOfAnyKindBelowAGroupHideNothing) {
  for (const char* key : {"odd", "members/9", "record"}) {
    ask("PUT", "/v1/kv/" + consul_->prefix() + "/g/" + key + "?flags=18446744073709551615", "x");
  }
  EXPECT_THAT(read(*one_).value().damage, HasSubstr("has no version"));
  EXPECT_EQ(swap(*one_, 0, "one").value(), SwapOutcome::kApplied);
  ASSERT_TRUE(enter(*one_, member(1)));
  EXPECT_EQ(members(*two_), std::vector{member(1)});
}

// Of `consul lock`, for example: nobody has it, and nobody gets it for a while.
TEST_P(HarmedTest, TheLockDelayOfAnotherOnesSessionIsWaitedForWithPauses) {
  const std::string key = "/v1/kv/" + consul_->prefix() + "/g/locks/active";
  const wire::Json made = ask("PUT", "/v1/session/create", R"({"LockDelay":"1s"})");
  const std::string session = *made.find("ID")->as_string();
  EXPECT_EQ(ask("PUT", key + "?acquire=" + session, "{}"), wire::Json(true));
  bool held = false;
  const auto lock = one_->lock("g", "active", "me", {[&] { held = true; }, nullptr});
  int requests = 0;
  consul_->proxy().harm = [&requests](const std::string&) {
    ++requests;
    return Harm::kNone;
  };
  until([&] { return requests > 4; });
  requests = 0;
  ask("PUT", "/v1/session/destroy/" + session);
  until([&] { return held; });
  EXPECT_LT(requests, 40);
}

// By somebody with the command line, for example.
TEST_P(HarmedTest, ARecordWithoutAVersionIsDamagedAndMayBePutBack) {
  ask("PUT", "/v1/kv/" + consul_->prefix() + "/g/record", "by hand");
  const Versioned damaged = read(*one_).value();
  EXPECT_EQ(damaged.version, 0U);
  EXPECT_THAT(damaged.damage, HasSubstr("has no version"));
  EXPECT_EQ(swap(*one_, 3, "three").value(), SwapOutcome::kRefused);
  EXPECT_EQ(swap(*one_, 0, "one").value(), SwapOutcome::kApplied);
  EXPECT_EQ(read(*two_).value(), (Versioned{1, "one", {}}));
}

INSTANTIATE_TEST_SUITE_P(OnAgent, HarmedTest, testing::Values(true));

}  // namespace
}  // namespace tandem::consulhost
