// Groups of real replicas on one loop, with a disk and a link each; what a supervisor does to their
// processes the test does to them.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "coord/local.h"
#include "group/group.h"
#include "loop/loop.h"
#include "repl/memory_applier.h"
#include "replica/background_jobs.h"
#include "replica/endpoint.h"
#include "replica/host.h"
#include "support/temporary_directory.h"
#include "wire/envelope.h"

namespace tandem::group {

namespace fs = std::filesystem;

inline constexpr uint64_t kMaxKeys = 50;

// Counts what was applied.
class Counter final : public repl::StateMachine {
 public:
  repl::Applied apply(const wire::Entry&) override { return {200, std::to_string(++count)}; }
  std::unique_ptr<repl::FrozenState> freeze() const override { return nullptr; }
  void reset() override { count = 0; }
  Status restore_row(std::string_view) override { return {}; }
  Status finish_restore() override { return {}; }
  std::unique_ptr<repl::StateMachine> make_empty() const override {
    return std::make_unique<Counter>();
  }
  void swap_state(repl::StateMachine& made) override {
    std::swap(count, static_cast<Counter&>(made).count);
  }
  int count = 0;
};

// The process of one replica: writes count up, reads tell the count and who answered.
class Node final : public replica::Methods {
 public:
  Node(loop::Loop& loop, const fs::path& root, repl::ReplicaId id)
      : id_(id),
        coord_(*coord::open_local({.root = root / "coord"}, loop)),
        jobs_(loop),
        host_(loop, {.group = "g", .id = id, .directory = root / std::to_string(id)}, applier_,
              *coord_) {
    EXPECT_TRUE(host_.open());
    endpoint_ = std::make_unique<replica::Endpoint>(
        loop, "ipc://" + (root / std::to_string(id)).string() + ".sock", host_, *this);
    endpoint_->start([](const Status& status) { EXPECT_TRUE(status); });
    host_.start([](const Status& status) { EXPECT_TRUE(status); });
  }

  void on_request(rpc::Reply reply, const wire::Request& request) override {
    ++asked;
    if (busy) return replica::answer_error(reply, {ErrorKind::kBusy, "busy"});
    if (!refusal.empty()) return replica::answer_error(reply, {ErrorKind::kUnavailable, refusal});
    if (holds) {
      held.push_back(std::move(reply));
      return;
    }
    if (!long_answer.empty()) return replica::answer_large(reply, 200, id_, long_answer);
    if (wire::is_read(request.method)) {
      host_.driver().when_readable(
          wire::Consistency::kLinearizable, 0, request.budget_ms,
          [this, reply = std::move(reply)](const Status& readable) mutable {
            if (!readable) return replica::answer_error(reply, readable.error());
            replica::answer(reply, 200, id_, std::to_string(counter_.count));
          });
      return;
    }
    host_.driver().write("{}", request.key, request.budget_ms,
                         [reply = std::move(reply)](const Result<repl::Written>& written) mutable {
                           if (!written) return replica::answer_error(reply, written.error());
                           replica::answer(reply, 200, written->index, written->answer.body);
                         });
  }

  int asked = 0;                 // requests that have come
  bool busy = false;             // refuses them
  std::string refusal;           // … for now, with these words
  std::string long_answer;       // is answered to each
  bool holds = false;            // keeps them without an answer
  std::vector<rpc::Reply> held;  // those

  repl::Driver& driver() { return host_.driver(); }
  replica::Host& host() { return host_; }
  replica::Endpoint& endpoint() { return *endpoint_; }

 private:
  const repl::ReplicaId id_;
  Counter counter_;
  std::unique_ptr<coord::Coord> coord_;
  replica::BackgroundJobs jobs_;
  repl::MemoryApplier applier_{counter_, {.max_number = kMaxKeys}, system_clock(), jobs_};
  replica::Host host_;
  std::unique_ptr<replica::Endpoint> endpoint_;
};

// Coordination whose changes of the record can be held back, or fail.
class HeldCoord final : public coord::Coord {
 public:
  explicit HeldCoord(std::unique_ptr<coord::Coord> real) : real_(std::move(real)) {}

  bool hold = false;                // swaps wait for release()
  std::optional<Error> swap_error;  // of the next ones, nothing is done
  bool holds_one() const { return static_cast<bool>(held_); }
  void release() {
    hold = false;
    std::exchange(held_, nullptr)();
  }

  void read_record(const std::string& group,
                   UniqueFunction<void(Result<coord::Versioned>)> done) override {
    real_->read_record(group, std::move(done));
  }
  void swap_record(const std::string& group, coord::Expected expected, std::string text,
                   UniqueFunction<void(Result<coord::SwapOutcome>)> done) override {
    if (hold) {
      held_ = [this, group, expected = std::move(expected), text = std::move(text),
               done = std::move(done)]() mutable {
        real_->swap_record(group, std::move(expected), std::move(text), std::move(done));
      };
      return;
    }
    if (swap_error) return done(fail(*swap_error));
    real_->swap_record(group, std::move(expected), std::move(text), std::move(done));
  }
  std::unique_ptr<coord::Watch> watch_record(
      const std::string& group, UniqueFunction<void(const coord::Versioned&)> on_change) override {
    return real_->watch_record(group, std::move(on_change));
  }
  std::unique_ptr<coord::Lock> lock(const std::string& group, const std::string& name,
                                    std::string holder, coord::LockCallbacks callbacks) override {
    return real_->lock(group, name, std::move(holder), std::move(callbacks));
  }
  std::unique_ptr<coord::Watch> watch_members(
      const std::string& group,
      UniqueFunction<void(const std::vector<coord::Member>&)> on_change) override {
    return real_->watch_members(group, std::move(on_change));
  }
  std::string host_name() const override { return real_->host_name(); }
  std::string trouble() const override { return real_->trouble(); }
  void lock_holder(const std::string& group, const std::string& name,
                   UniqueFunction<void(Result<std::optional<std::string>>)> done) override {
    real_->lock_holder(group, name, std::move(done));
  }
  void register_member(const std::string& group, coord::Member member,
                       UniqueFunction<void(Status)> done) override {
    real_->register_member(group, std::move(member), std::move(done));
  }
  void unregister_member(const std::string& group, uint32_t id, uint64_t session,
                         UniqueFunction<void(Status)> done) override {
    real_->unregister_member(group, id, session, std::move(done));
  }
  void members(const std::string& group,
               UniqueFunction<void(Result<std::vector<coord::Member>>)> done) override {
    real_->members(group, std::move(done));
  }
  void last_members(const std::string& group,
                    UniqueFunction<void(Result<std::vector<coord::Member>>)> done) override {
    real_->last_members(group, std::move(done));
  }
  void proven_dead(coord::Member member, UniqueFunction<void(Result<bool>)> done) override {
    real_->proven_dead(std::move(member), std::move(done));
  }

 private:
  std::unique_ptr<coord::Coord> real_;
  UniqueFunction<void()> held_;
};

class GroupTest : public testing::Test {
 protected:
  GroupTest()
      : coord_(std::make_unique<HeldCoord>(*coord::open_local({.root = root_ / "coord"}, loop_))) {}

  void start(repl::ReplicaId id) { nodes_[id] = std::make_unique<Node>(loop_, root_, id); }
  void kill(repl::ReplicaId id) { nodes_.erase(id); }
  Node& node(repl::ReplicaId id) { return *nodes_.at(id); }

  Group& open_group(bool active, bool hand_over = false, uint32_t stand_in_after_ms = 0) {
    GroupOptions options;
    options.group = "g";
    options.replicas = {1, 2, 3};
    options.min_in_sync = 2;
    options.prefer = prefer_highest_id;
    options.hand_over = hand_over;
    options.timeout_ms = 60'000;
    options.stand_in_after_ms = stand_in_after_ms;
    options.accept_loss = "lose";
    options.settle_ms = settle_ms_;
    groups_.push_back(std::make_unique<Group>(loop_, *coord_, options));
    Group& group = *groups_.back();
    group.set_active(active);
    group.start([](const Status& status) { EXPECT_TRUE(status); });
    return group;
  }

  // Turns the loop until it is so; a test that never gets there ends by the time limit of ctest.
  void until(const std::function<bool()>& so) {
    while (!so()) loop_.run_once();
  }
  void until_led_by(Group& group, repl::ReplicaId id) {
    until([&] { return group.leadership().leader() == id && group.readiness().has_value(); });
  }
  void until_in_sync(Group& group, size_t count) {
    until([&] {
      const auto& record = group.leadership().record();
      return record && record->in_sync.size() == count;
    });
  }

  struct Answer {
    uint16_t status = 0;
    uint64_t index = 0;
    std::string body;
  };
  Answer ask(Group& group, wire::Method method, std::string_view key = {}) {
    std::optional<Answer> answer;
    wire::Request request;
    request.method = method;
    request.key = key;
    group.gateway().submit(request, [&](const wire::Response& r) {
      answer = Answer{r.status, r.index, std::string(r.body)};
    });
    until([&] { return answer.has_value(); });
    return *answer;
  }

  support::TemporaryDirectory directory_;
  const fs::path root_ = directory_.path();
  loop::Loop loop_;
  std::unique_ptr<HeldCoord> coord_;
  std::map<repl::ReplicaId, std::unique_ptr<Node>> nodes_;
  std::vector<std::unique_ptr<Group>> groups_;
  uint64_t settle_ms_ = 60'000;
};

}  // namespace tandem::group
