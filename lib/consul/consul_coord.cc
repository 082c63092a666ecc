#include "consul/consul_coord.h"

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/log.h"
#include "consul/client.h"
#include "consul/group_view.h"
#include "consul/lane.h"
#include "consul/lock.h"
#include "consul/planted.h"
#include "consul/session.h"
#include "coord/member_text.h"
#include "coord/names.h"

namespace tandem::consul {
namespace {

using coord::Expected;
using coord::Member;
using coord::SwapOutcome;
using coord::Versioned;

constexpr int64_t kSwapTimeoutMs = 2000;

// What the key of a record says.
class RecordReader {
 public:
  RecordReader(std::string key, const Options& options)
      : key_(std::move(key)), is_record_(options.is_record) {}

  const std::string& key() const { return key_; }

  Versioned read(const Entry* entry) const {
    if (entry == nullptr) return {};
    if (!has_version(*entry)) {
      return {0, {}, damaged("has no version: it was not written by tandem")};
    }
    if (!is_record_(entry->value, entry->flags)) {
      return {0, {}, damaged("is no record of version " + std::to_string(entry->flags))};
    }
    return {entry->flags, entry->value, {}};
  }

  // Keeps what it finds, for people.
  Status check_not_moved(const Entry* entry) {
    moved_.clear();
    if (entry == nullptr || !is_moved(*entry)) return {};
    moved_ = "the record in Consul's key '" + key_ +
             "' was moved to local files: set coord.backend to local, or take it back with "
             "'tandem coord move consul'";
    return fail(ErrorKind::kPermission, moved_);
  }
  const std::string& moved() const { return moved_; }

 private:
  static bool has_version(const Entry& entry) {
    return entry.flags != 0 && entry.flags < kMovedFlag;
  }
  std::string damaged(const std::string& why) const {
    return "the record in Consul's key '" + key_ + "' " + why;
  }

  const std::string key_;
  const std::function<bool(std::string_view, uint64_t)> is_record_;
  std::string moved_;
};

// Entries that cannot be read are passed over, and told each time that they have changed.
class MemberReader {
 public:
  std::vector<Member> read(const Listing& keys, const std::string& prefix) {
    std::vector<Member> members;
    for (const Entry& entry : keys.entries) {
      if (!entry.key.starts_with(prefix)) continue;
      auto member = coord::decode_member(entry.value);
      if (member && std::to_string(member->id) == entry.key.substr(prefix.size())) {
        members.push_back(std::move(*member));
      } else if (std::exchange(told_[entry.key], entry.modify_index) != entry.modify_index) {
        log::warning("passed over a member",
                     {{"key", entry.key},
                      {"error", member ? "the key is not its id" : member.error().message}});
      }
    }
    std::sort(members.begin(), members.end(),
              [](const Member& a, const Member& b) { return a.id < b.id; });
    return members;
  }

 private:
  std::map<std::string, uint64_t> told_;  // keys, and the modify index then
};

class RecordWatch final : public coord::Watch, private GroupView::Watcher {
 public:
  RecordWatch(std::shared_ptr<GroupView> view, std::shared_ptr<RecordReader> reader,
              UniqueFunction<void(const Versioned&)> on_change)
      : view_(std::move(view)), reader_(std::move(reader)), on_change_(std::move(on_change)) {
    view_->add(*this);
  }
  ~RecordWatch() override { view_->remove(*this); }

 private:
  void seen(const Listing& keys, uint64_t) override {
    const Entry* entry = keys.find(reader_->key());
    if (const Status counts = reader_->check_not_moved(entry); !counts) {
      if (!std::exchange(told_moved_, true)) log::error(counts.error().message);
      return;
    }
    told_moved_ = false;
    Versioned record = reader_->read(entry);
    if (told_ == record && record.damage.empty()) return;
    told_ = record;
    on_change_(record);  // last: it may destroy this
  }

  const std::shared_ptr<GroupView> view_;
  const std::shared_ptr<RecordReader> reader_;
  UniqueFunction<void(const Versioned&)> on_change_;
  std::optional<Versioned> told_;
  bool told_moved_ = false;
};

class MembersWatch final : public coord::Watch, private GroupView::Watcher {
 public:
  MembersWatch(std::shared_ptr<GroupView> view,
               UniqueFunction<void(const std::vector<Member>&)> on_change)
      : view_(std::move(view)), on_change_(std::move(on_change)) {
    view_->add(*this);
  }
  ~MembersWatch() override { view_->remove(*this); }

 private:
  void seen(const Listing& keys, uint64_t) override {
    std::vector<Member> members = reader_.read(keys, view_->prefix() + "members/");
    if (told_ == members &&
        (changes_here_ == view_->changes_here() || planted(Bug::kForgetChanges)))
      return;
    told_ = members;
    changes_here_ = view_->changes_here();
    on_change_(members);  // last: it may destroy this
  }

  const std::shared_ptr<GroupView> view_;
  UniqueFunction<void(const std::vector<Member>&)> on_change_;
  std::optional<std::vector<Member>> told_;
  uint64_t changes_here_ = 0;  // when it was told
  MemberReader reader_;
};

// One group's calls.
class Group {
 public:
  Group(Client& client, Processes& processes, Time time, const Options& options,
        const std::string& name)
      : client_(client),
        processes_(processes),
        time_(time),
        prefix_(options.prefix + "/" + name + "/"),
        record_(std::make_shared<RecordReader>(prefix_ + "record", options)),
        self_(*this) {}

  const std::string& trouble() const { return record_->moved(); }
  std::unique_ptr<coord::Watch> watch_record(UniqueFunction<void(const Versioned&)> on_change) {
    return std::make_unique<RecordWatch>(view(), record_, std::move(on_change));
  }

  std::shared_ptr<GroupView> view() {
    auto view = view_.lock();
    if (view == nullptr) {
      view = std::make_shared<GroupView>(client_, time_, prefix_);
      view_ = view;
    }
    return view;
  }

  void read(UniqueFunction<void(Result<Versioned>)> done) {
    records_.run([this, done = std::move(done)](Lane::Next next) mutable {
      client_.get(record_->key(), [this, done = std::move(done), next = std::move(next)](
                                      const Result<std::optional<Entry>>& entry) mutable {
        const Status counts =
            entry ? record_->check_not_moved(entry_of(*entry)) : Status(fail(entry.error()));
        done(counts ? Result<Versioned>(record_->read(entry_of(*entry))) : fail(counts.error()));
        next();
      });
    });
  }

  void swap(Expected expected, std::string text, UniqueFunction<void(Result<SwapOutcome>)> done) {
    records_.run([this, expected = std::move(expected), text = std::move(text),
                  done = std::move(done)](Lane::Next next) mutable {
      Swap swap{
          std::move(expected), std::move(text),
          [done = std::move(done), next = std::move(next)](Result<SwapOutcome> outcome) mutable {
            done(std::move(outcome));
            next();
          }};
      begin_swap(std::move(swap));
    });
  }

  void lock_holder(const std::string& name,
                   UniqueFunction<void(Result<std::optional<std::string>>)> done) {
    others_.run([this, name, done = std::move(done)](Lane::Next next) mutable {
      client_.get(prefix_ + "locks/" + name,
                  [done = std::move(done),
                   next = std::move(next)](const Result<std::optional<Entry>>& entry) mutable {
                    done(entry ? holder_of(*entry) : fail(entry.error()));
                    next();
                  });
    });
  }

  void register_member(Member member, UniqueFunction<void(Status)> done) {
    if (member.host.empty()) member.host = processes_.host_name();
    others_.run(
        [this, member = std::move(member), done = std::move(done)](Lane::Next next) mutable {
          enter(std::move(member), kAttempts,
                [this, done = std::move(done), next = std::move(next)](Status entered) mutable {
                  if (const auto seen = view_.lock(); seen != nullptr && entered) {
                    seen->changed_here();
                  }
                  done(std::move(entered));
                  next();
                });
        });
  }

  void unregister_member(uint32_t id, uint64_t session, UniqueFunction<void(Status)> done) {
    others_.run([this, id, session, done = std::move(done)](Lane::Next next) mutable {
      leave(id, session, kAttempts,
            [done = std::move(done), next = std::move(next)](Status left) mutable {
              done(std::move(left));
              next();
            });
    });
  }

  // `below`: members/ or last/.
  void members(const std::string& below, UniqueFunction<void(Result<std::vector<Member>>)> done) {
    others_.run([this, below, done = std::move(done)](Lane::Next next) mutable {
      client_.list(prefix_ + below, 0, 0,
                   [this, below, done = std::move(done),
                    next = std::move(next)](const Result<Listing>& keys) mutable {
                     if (keys) {
                       done(reader_.read(*keys, prefix_ + below));
                     } else {
                       done(fail(keys.error()));
                     }
                     next();
                   });
    });
  }

 private:
  // Of changes of a key that another process changes meanwhile.
  static constexpr int kAttempts = 10;

  struct Swap {
    Expected expected;
    std::string text;
    UniqueFunction<void(Result<SwapOutcome>)> done;
  };

  static const Entry* entry_of(const std::optional<Entry>& entry) {
    return entry ? &*entry : nullptr;
  }
  std::string member_key(uint32_t id) const { return prefix_ + "members/" + std::to_string(id); }

  // Of a read that comes before anything is changed.
  static Error not_begun(const Error& error) {
    if (error.kind == ErrorKind::kPermission) return error;
    return {ErrorKind::kUnavailable, error.message};
  }

  void begin_swap(Swap swap) {
    client_.get(record_->key(),
                [this, swap = std::move(swap)](const Result<std::optional<Entry>>& entry) mutable {
                  if (!entry) return swap.done(fail(not_begun(entry.error())));
                  const Entry* there = entry_of(*entry);
                  if (Status counts = record_->check_not_moved(there); !counts) {
                    return swap.done(fail(counts.error()));
                  }
                  const uint64_t version = record_->read(there).version;
                  const bool other = version != 0 && !swap.expected.text.empty() &&
                                     there->value != swap.expected.text &&
                                     !planted(Bug::kCompareFlagsOnly);
                  if (version != swap.expected.version || other)
                    return swap.done(SwapOutcome::kRefused);
                  Client::Put how{.cas = there == nullptr ? 0 : there->modify_index,
                                  .flags = version + 1,
                                  .timeout_ms = kSwapTimeoutMs,
                                  .may_repeat = false};
                  if (planted(Bug::kPutBlindly)) how.cas.reset();
                  const std::string text = swap.text;  // the swap goes on with its completion
                  client_.put(record_->key(), text, how,
                              [this, swap = std::move(swap)](const Result<bool>& put) mutable {
                                if (put && *put) return swap.done(SwapOutcome::kApplied);
                                if (put) return settle(std::move(swap));
                                if (planted(Bug::kRetryAsNewVersion))
                                  return try_again(std::move(swap));
                                if (planted(Bug::kUnknownIsRefused))
                                  return swap.done(SwapOutcome::kRefused);
                                swap.done(fail(put.error()));
                              });
                });
  }

  // Planted alone.
  void try_again(Swap swap) {
    client_.get(record_->key(),
                [this, swap = std::move(swap)](const Result<std::optional<Entry>>& entry) mutable {
                  if (!entry) return swap.done(fail(entry.error()));
                  const Versioned there = record_->read(entry_of(*entry));
                  swap.expected = {there.version, there.text};
                  begin_swap(std::move(swap));
                });
  }

  // It was refused, maybe because it was applied: a request on a connection that broke before its
  // answer came is sent again on another one.
  void settle(Swap swap) {
    client_.get(record_->key(),
                [swap = std::move(swap)](const Result<std::optional<Entry>>& entry) mutable {
                  const uint64_t next = swap.expected.version + 1;
                  if (!entry) {
                    return swap.done(fail(ErrorKind::kUnknown,
                                          "the outcome is unknown: " + entry.error().message));
                  }
                  const Entry* there = entry_of(*entry);
                  if (there != nullptr && there->flags == next && there->value == swap.text) {
                    return swap.done(SwapOutcome::kApplied);
                  }
                  if (there != nullptr && there->flags > next) {
                    if (planted(Bug::kPassedIsApplied)) return swap.done(SwapOutcome::kApplied);
                    return swap.done(fail(ErrorKind::kUnknown,
                                          "the outcome is unknown: the record went past "
                                          "version " +
                                              std::to_string(next) + " meanwhile"));
                  }
                  swap.done(SwapOutcome::kRefused);
                });
  }

  void enter(Member member, int attempts, UniqueFunction<void(Status)> done) {
    const std::string key = member_key(member.id);
    client_.get(key, [this, member = std::move(member), attempts,
                      done = std::move(done)](const Result<std::optional<Entry>>& entry) mutable {
      if (!entry) return done(fail(entry.error()));
      const Entry* there = entry_of(*entry);
      const uint64_t cas = there == nullptr ? 0 : there->modify_index;
      if (there == nullptr) return write(cas, std::move(member), attempts, std::move(done));
      const auto earlier = coord::decode_member(there->value);
      // Of another format version: not ours to replace. A damaged one is.
      if (!earlier && earlier.error().kind == ErrorKind::kConfig) {
        return done(fail(ErrorKind::kConfig,
                         "Consul's key '" + there->key + "': " + earlier.error().message));
      }
      if (earlier && *earlier == member) return remember(member, std::move(done));
      if (!earlier) return write(cas, std::move(member), attempts, std::move(done));
      Member later = member;
      processes_.may_replace(*earlier, later,
                             [self = self_.ref(), member = std::move(member), cas, attempts,
                              done = std::move(done)](Status may) mutable {
                               if (!self) return;
                               if (!may) return done(std::move(may));
                               self->write(cas, std::move(member), attempts, std::move(done));
                             });
    });
  }

  void write(uint64_t cas, Member member, int attempts, UniqueFunction<void(Status)> done) {
    const std::string key = member_key(member.id);
    const std::string text = coord::encode_member(member);
    client_.put(key, text, {.cas = cas},
                [this, key, member = std::move(member), attempts,
                 done = std::move(done)](const Result<bool>& put) mutable {
                  if (!put) return done(fail(put.error()));
                  if (*put) return remember(member, std::move(done));
                  if (attempts == 0) return done(changes_all_the_time(key));
                  enter(std::move(member), attempts - 1, std::move(done));
                });
  }

  // For people's sake alone: that it fails is no reason not to register.
  void remember(const Member& member, UniqueFunction<void(Status)> done) {
    client_.put(prefix_ + "last/" + std::to_string(member.id), coord::encode_member(member), {},
                [done = std::move(done)](const Result<bool>&) mutable { done({}); });
  }

  void leave(uint32_t id, uint64_t session, int attempts, UniqueFunction<void(Status)> done) {
    client_.get(member_key(id), [this, id, session, attempts, done = std::move(done)](
                                    const Result<std::optional<Entry>>& entry) mutable {
      if (!entry) return done(fail(entry.error()));
      const Entry* there = entry_of(*entry);
      if (there == nullptr) return done({});
      const auto member = coord::decode_member(there->value);
      if (!member) return done(fail(member.error()));
      if (member->session != session && !planted(Bug::kRemoveAnySession)) return done({});
      client_.remove(there->key, there->modify_index,
                     [this, id, session, attempts,
                      done = std::move(done)](const Result<bool>& removed) mutable {
                       if (!removed) return done(fail(removed.error()));
                       if (*removed) return done({});
                       if (attempts == 0) return done(changes_all_the_time(member_key(id)));
                       leave(id, session, attempts - 1, std::move(done));
                     });
    });
  }

  static Status changes_all_the_time(const std::string& key) {
    return fail(ErrorKind::kUnavailable, "Consul's key '" + key + "' changes all the time");
  }

  Client& client_;
  Processes& processes_;
  const Time time_;
  const std::string prefix_;
  const std::shared_ptr<RecordReader> record_;
  std::weak_ptr<GroupView> view_;
  MemberReader reader_;
  Lane records_;
  Lane others_;
  Self<Group> self_;  // last: goes first
};

class ConsulCoord final : public coord::Coord {
 public:
  ConsulCoord(Transport& transport, Processes& processes, Time time, Options options)
      : processes_(processes),
        time_(time),
        options_(std::move(options)),
        client_(transport, time),
        session_(client_, time, session_name()) {}

  void read_record(const std::string& group,
                   UniqueFunction<void(Result<Versioned>)> done) override {
    if (refused(group, done)) return;
    of(group).read(std::move(done));
  }
  void swap_record(const std::string& group, Expected expected, std::string text,
                   UniqueFunction<void(Result<SwapOutcome>)> done) override {
    if (refused(group, done)) return;
    of(group).swap(std::move(expected), std::move(text), std::move(done));
  }
  std::unique_ptr<coord::Watch> watch_record(
      const std::string& group, UniqueFunction<void(const Versioned&)> on_change) override {
    check(group);
    return of(group).watch_record(std::move(on_change));
  }

  std::unique_ptr<coord::Lock> lock(const std::string& group, const std::string& name,
                                    std::string holder, coord::LockCallbacks callbacks) override {
    check(group);
    CHECK_MSG(coord::check_name("lock", name), "names of locks are constants");
    return std::make_unique<ConsulLock>(client_, of(group).view(), session_, processes_, time_,
                                        name, holder, std::move(callbacks));
  }
  void lock_holder(const std::string& group, const std::string& name,
                   UniqueFunction<void(Result<std::optional<std::string>>)> done) override {
    if (refused(group, done)) return;
    if (Status good = coord::check_name("lock", name); !good) {
      return later([done = std::move(done), good]() mutable { done(fail(good.error())); });
    }
    of(group).lock_holder(name, std::move(done));
  }

  void register_member(const std::string& group, Member member,
                       UniqueFunction<void(Status)> done) override {
    if (refused(group, done)) return;
    of(group).register_member(std::move(member), std::move(done));
  }
  void unregister_member(const std::string& group, uint32_t id, uint64_t session,
                         UniqueFunction<void(Status)> done) override {
    if (refused(group, done)) return;
    of(group).unregister_member(id, session, std::move(done));
  }
  void members(const std::string& group,
               UniqueFunction<void(Result<std::vector<Member>>)> done) override {
    if (refused(group, done)) return;
    of(group).members("members/", std::move(done));
  }
  void last_members(const std::string& group,
                    UniqueFunction<void(Result<std::vector<Member>>)> done) override {
    if (refused(group, done)) return;
    of(group).members("last/", std::move(done));
  }
  std::unique_ptr<coord::Watch> watch_members(
      const std::string& group,
      UniqueFunction<void(const std::vector<Member>&)> on_change) override {
    check(group);
    return std::make_unique<MembersWatch>(of(group).view(), std::move(on_change));
  }
  void proven_dead(Member member, UniqueFunction<void(Result<bool>)> done) override {
    processes_.member_proven_dead(std::move(member), std::move(done));
  }

  std::string host_name() const override { return processes_.host_name(); }
  std::string trouble() const override {
    if (std::string trouble = client_.trouble(); !trouble.empty()) return trouble;
    for (const auto& [name, group] : groups_) {
      if (!group->trouble().empty()) return group->trouble();
    }
    return session_.trouble();
  }

 private:
  // For people, in Consul's list of sessions.
  std::string session_name() const {
    const wire::Json self = processes_.self();
    const wire::Json* pid = self.find("pid");
    return options_.prefix + " " + processes_.host_name() +
           (pid == nullptr ? "" : " pid " + pid->dump());
  }

  Group& of(const std::string& group) {
    auto& found = groups_[group];
    if (found == nullptr) {
      found = std::make_unique<Group>(client_, processes_, time_, options_, group);
    }
    return *found;
  }

  static void check(const std::string& group) {
    CHECK_MSG(coord::check_group_name(group), "the group's name is checked by the configuration");
  }

  template <typename Done>
  bool refused(const std::string& group, Done& done) {
    Status good = coord::check_group_name(group);
    if (good) return false;
    later([done = std::move(done), error = good.error()]() mutable { done(fail(error)); });
    return true;
  }

  // In a turn of its own.
  void later(UniqueFunction<void()> work) {
    const uint64_t number = ++last_later_;
    Later& made = later_[number];
    made.work = std::move(work);
    made.timer = time_.timers.make([this, number] {
      const auto due = later_.extract(number);
      due.mapped().work();
    });
    made.timer->start(0, 0);
  }

  struct Later {
    UniqueFunction<void()> work;
    std::unique_ptr<Timer> timer;
  };

  Processes& processes_;
  const Time time_;
  const Options options_;
  std::map<uint64_t, Later> later_;
  uint64_t last_later_ = 0;
  // Before what uses it.
  Client client_;
  Session session_;
  std::map<std::string, std::unique_ptr<Group>> groups_;
};

}  // namespace

bool is_moved(const Entry& record) {
  return record.flags < 2 * kMovedFlag && (record.flags & kMovedFlag) != 0;
}

std::unique_ptr<coord::Coord> make_coord(Transport& transport, Processes& processes, Time time,
                                         Options options) {
  return std::make_unique<ConsulCoord>(transport, processes, time, std::move(options));
}

Status check_prefix(const std::string& prefix) {
  std::string_view left = prefix;
  while (true) {
    const size_t slash = left.find('/');
    if (Status good = coord::check_name("prefix of keys", std::string(left.substr(0, slash)));
        !good) {
      return fail(ErrorKind::kConfig, "'" + prefix + "': " + good.error().message);
    }
    if (slash == std::string_view::npos) return {};
    left.remove_prefix(slash + 1);
  }
}

}  // namespace tandem::consul
