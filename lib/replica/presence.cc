// Host: how others find this replica. It registers, and looks after what makes it findable.
#include <unistd.h>

#include <filesystem>
#include <system_error>
#include <utility>

#include "base/log.h"
#include "coord/member_locks.h"
#include "daemon/daemon.h"
#include "loop/process.h"
#include "replica/host.h"

namespace tandem::replica {
namespace {

constexpr uint64_t kRegisterAgainMs = 500;

// Of coordination: not a mistake in somebody's configuration.
bool may_pass(ErrorKind kind) {
  return kind == ErrorKind::kNoSpace || kind == ErrorKind::kExhausted || kind == ErrorKind::kIo ||
         kind == ErrorKind::kUnavailable || kind == ErrorKind::kTimeout ||
         kind == ErrorKind::kUnknown;
}

// Whether the entry is of a former life of this directory, whose lock this process holds.
bool has_our_lock(const coord::Member& entry, const coord::Member& own) {
  return entry.lock_device == own.lock_device && entry.lock_inode == own.lock_inode &&
         entry.lock_path == own.lock_path && entry.boot_id == own.boot_id;
}

// Whether `earlier` is of our number with another disk, and may serve on another host. One of this
// host the back end judges by its lock. A host may have got another name; a boot may number its
// devices anew.
bool may_serve_elsewhere(const coord::Member& earlier, const coord::Member& own) {
  if (earlier.id != own.id || earlier.storage_id == own.storage_id) return false;
  if (coord::is_here(earlier, {own.host, own.boot_id}) || has_our_lock(earlier, own)) return false;
  const bool before_a_boot = earlier.host == own.host && earlier.lock_path == own.lock_path &&
                             earlier.lock_inode == own.lock_inode;
  return !before_a_boot;
}

}  // namespace

coord::Member Host::own_member() const {
  coord::Member member;
  member.id = options_.id;
  member.storage_id = identity_.storage_id;
  member.session = session_;
  member.host = coord_.host_name();
  member.address = address_;
  member.pid = getpid();
  const auto identity = loop::process_identity(getpid());
  if (identity) {
    member.start_ticks = identity->start_ticks;
    member.boot_id = identity->boot_id;
  }
  // Absolute: who reads it may run in another directory.
  std::error_code error;
  const auto path = std::filesystem::absolute(lock_->lock_path(), error);
  member.lock_path = error ? lock_->lock_path() : path.lexically_normal().string();
  member.lock_device = lock_->lock_device();
  member.lock_inode = lock_->lock_inode();
  return member;
}

Status Host::readiness() const {
  if (std::string trouble = applier_.trouble(); !trouble.empty()) {
    return fail(ErrorKind::kUnavailable, std::move(trouble));
  }
  if (driver_->begins()) return fail(ErrorKind::kUnavailable, "its state is being made ready");
  if (registered_) return {};
  return fail(ErrorKind::kUnavailable, "it is not registered in its group yet");
}

// Coordination that cannot be written to now is waited for: this replica has its data, and its end
// would help nobody.
void Host::register_self(UniqueFunction<void(Status)> done) {
  enter([this, done = std::move(done)](Status registered) mutable {
    if (registered) {
      on_registered();
    } else if (may_pass(registered.error().kind) || !coord_.trouble().empty()) {
      cannot_register(registered.error());
      register_again_ = std::make_unique<loop::Timer>(
          loop_, [this, done = std::move(done)]() mutable { register_self(std::move(done)); });
      register_again_->start(kRegisterAgainMs);
      return;
    }
    done(std::move(registered));
  });
}

// Calls back unless this replica is told to end meanwhile.
void Host::enter(UniqueFunction<void(Status)> done) {
  coord_.members(options_.group, [self = self_.ref(), done = std::move(done)](
                                     const Result<std::vector<coord::Member>>& members) mutable {
    if (!self || self->draining_) return;
    if (!members) return done(fail(members.error()));
    const coord::Member own = self->own_member();
    for (const coord::Member& member : *members) {
      if (may_serve_elsewhere(member, own)) {
        return self->enter_unless_in_sync(member, std::move(done));
      }
    }
    self->put_entry(std::move(done));
  });
}

void Host::put_entry(UniqueFunction<void(Status)> done) {
  coord_.register_member(options_.group, own_member(),
                         [self = self_.ref(), done = std::move(done)](Status put) mutable {
                           if (self && !self->draining_) done(std::move(put));
                         });
}

// Nobody would find `earlier` any more, whose disk the set needs. While the set is not known that is
// waited for.
void Host::enter_unless_in_sync(const coord::Member& earlier, UniqueFunction<void(Status)> done) {
  read([this, earlier,
        done = std::move(done)](const Result<std::optional<repl::Record>>& record) mutable {
    if (draining_) return;
    if (!record) {
      const ErrorKind kind = record.error().kind;
      return done(fail(kind == ErrorKind::kCorrupt ? ErrorKind::kUnavailable : kind,
                       record.error().message));
    }
    if (!*record || !(*record)->contains({earlier.id, earlier.storage_id})) {
      return put_entry(std::move(done));
    }
    done(fail(ErrorKind::kBusy,
              "replica " + std::to_string(earlier.id) + " of group '" + options_.group +
                  "' is registered from host '" + earlier.host + "' (pid " +
                  std::to_string(earlier.pid) +
                  ") with another disk, which is in sync: stop that one first; where its host is "
                  "gone, the leader takes it out of the set, or give it up (accept-loss)"));
  });
}

void Host::cannot_register(const Error& error) {
  if (std::exchange(told_register_, error.message) == error.message) return;
  log::warning("cannot register: tried again", {{"error", error.message}});
}

std::string Host::waits_for() const {
  std::string trouble = applier_.trouble();
  return trouble.empty() && !registered_ ? coord_.trouble() : trouble;
}

void Host::on_registered() {
  registered_ = true;
  if (!std::exchange(told_register_, {}).empty()) log::info("registered after all");
  driver_->registered();
  watch_ =
      coord_.watch_record(options_.group, [self = self_.ref()](const coord::Versioned& version) {
        if (!self) return;
        if (const auto record = self->parse(version)) self->driver_->record_seen(*record);
      });
  members_watch_ = coord_.watch_members(
      options_.group, [self = self_.ref()](const std::vector<coord::Member>& members) {
        if (self) self->take_members(members);
      });
}

// Where coordination was emptied or went back to an earlier state its own entry is missing, or that
// of a former life is there instead: it is made again. That of another directory is another
// replica's, which somebody has given the same number.
void Host::take_members(const std::vector<coord::Member>& members) {
  const coord::Member own = own_member();
  bool former = false;
  bool there = false;
  for (const coord::Member& member : members) {
    if (member.id != options_.id) {
      peers_->set_address(member.id, member.address);
      continue;
    }
    there = true;
    former = member.session != session_ && has_our_lock(member, own);
    tell_replaced(member, member.session != session_ && !former);
  }
  if ((there && !former) || draining_) return;
  log::warning(former ? "the registry shows a former life of this replica: its entry is made again"
                      : "the registry's entry of this replica was removed: it is made again",
               {{"group", options_.group}, {"id", options_.id}});
  enter_registry();
}

void Host::tell_replaced(const coord::Member& by, bool replaced) {
  if (std::exchange(told_replaced_, replaced) || !replaced) return;
  log::error(
      "another replica has this one's number and has taken its place in the registry: nobody finds "
      "this one until that is stopped",
      {{"group", options_.group}, {"id", options_.id}, {"host", by.host}, {"pid", by.pid}});
}

// Somebody may have cleaned up: what makes this process findable is made again. Where its directory
// is gone, or somebody else may have it, there is nothing to go on with.
void Host::stay_findable() {
  if (!lock_->still_ours()) {
    const Status taken = lock_->take_again();
    if (!taken) daemon::die(taken.error());
    log::warning("the lock's file was removed: it is made again",
                 {{"directory", options_.directory}});
    if (registered_ && !draining_) enter_registry();
  }
}

void Host::enter_registry() {
  enter([this](const Status& entered) {
    if (entered) return told_register_.clear();
    cannot_register(entered.error());
    register_again_ = std::make_unique<loop::Timer>(loop_, [this] {
      if (!draining_) enter_registry();
    });
    register_again_->start(kRegisterAgainMs);
  });
}

}  // namespace tandem::replica
