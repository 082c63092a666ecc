#include "consul/lock.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/log.h"
#include "consul/planted.h"

namespace tandem::consul {
namespace {

constexpr uint64_t kFirstPauseMs = 100;
constexpr uint64_t kLongestPauseMs = 2000;
// Longer than a session can last that nobody renews.
constexpr int64_t kPromptAfterNs = 6 * Client::kTtlNs;

std::string value_of(const Processes& processes, const std::string& holder) {
  wire::Json value;
  value.set("holder", holder).set("process", processes.self());
  return value.dump();
}

// An attempt that failed like this.
bool may_be_done(const Error& error) {
  return error.kind != ErrorKind::kNotFound && error.kind != ErrorKind::kPermission &&
         error.kind != ErrorKind::kBadInput;
}

}  // namespace

Result<std::optional<std::string>> holder_of(const std::optional<Entry>& entry) {
  if (!entry || entry->session.empty()) return std::nullopt;
  const auto json = wire::parse_json(entry->value);
  const wire::Json* holder = json ? json->find("holder") : nullptr;
  if (holder == nullptr || holder->as_string() == nullptr) {
    return fail(ErrorKind::kUnavailable,
                "the holder of '" + entry->key + "' does not say who it is");
  }
  return *holder->as_string();
}

ConsulLock::ConsulLock(Client& client, std::shared_ptr<GroupView> view, Session& session,
                       Processes& processes, Time time, const std::string& name,
                       const std::string& holder, coord::LockCallbacks callbacks)
    : client_(client),
      view_(std::move(view)),
      session_(session),
      processes_(processes),
      key_(view_->prefix() + "locks/" + name),
      value_(value_of(processes, holder)),
      callbacks_(std::move(callbacks)),
      time_(time),
      retry_(time.timers.make([this] { attempt(); })),
      self_(*this) {
  view_->add(*this);
  session_.add(*this);
  retry_->start(0, 0);
}

// An attempt may be carried out yet.
bool ConsulLock::is_unsure() const {
  if (planted(Bug::kKeepUnsure)) return false;
  return attempting_ || (!unsure_.empty() && unsure_ == session_.id());
}

ConsulLock::~ConsulLock() {
  if (!stopped_ || attempting_) let_go({});
}

bool ConsulLock::held() const {
  return !held_by_.empty() && session_.alive() && session_.id() == held_by_;
}

// --- taking it ---

void ConsulLock::session_changed() {
  if (!held_by_.empty() && !held()) {
    return lose({ErrorKind::kUnavailable, "the session with Consul was not renewed in time"});
  }
  attempt();
}

void ConsulLock::attempt() {
  if (stopped_ || attempting_ || !held_by_.empty() || !session_.alive()) return;
  if (session_.lets_go_of(key_) && !planted(Bug::kTakeWhileReleased)) return;
  attempting_ = true;
  retry_->stop();
  client_.put(key_, value_, {.acquire = session_.id(), .may_repeat = false},
              [self = self_.ref(), session = session_.id()](const Result<bool>& acquired) {
                if (self) self->attempted(session, acquired);
              });
}

void ConsulLock::attempted(const std::string& session, const Result<bool>& acquired) {
  attempting_ = false;
  if (!acquired && may_be_done(acquired.error())) unsure_ = session;
  if (stopped_) {
    if (auto then = std::exchange(when_attempted_, {})) then();
    return;
  }
  if (acquired && *acquired) {
    pause_ms_ = 0;
    took_with_ = session;
    // While it was asked for, the session may have run out, or become another one.
    if ((!session_.alive() || session_.id() != session) && !planted(Bug::kTookWithOldSession)) {
      return retry_->start(0, 0);
    }
    held_by_ = planted(Bug::kTookWithOldSession) ? session_.id() : session;
    seen_held_ = false;
    acquired_at_ = view_->now_sent();
    holder_session_.clear();
    holder_watch_.reset();
    view_->look();
    if (callbacks_.on_acquired) callbacks_.on_acquired();
    return;
  }
  // Refused though nobody has it, it is within the lock delay of a session that ended: until
  // somebody is seen to have it, it is asked for again after a pause.
  pause_ms_ = std::clamp(pause_ms_ * 2, kFirstPauseMs, kLongestPauseMs);
  retry_->start(pause_ms_, 0);
  if (acquired) return view_->look();  // who has it
  if (acquired.error().kind == ErrorKind::kNotFound) session_.is_gone(session);
  log::debug("cannot take a lock", {{"key", key_}, {"error", acquired.error().message}});
}

// --- what is seen ---

void ConsulLock::seen(const Listing& keys, uint64_t plain_sent) {
  if (stopped_) return;
  const Entry* entry = keys.find(key_);
  const std::string holder = entry == nullptr ? std::string() : entry->session;
  if (!held_by_.empty()) {
    if (holder == held_by_ || planted(Bug::kHoldWhatIsLost)) {
      seen_held_ = true;
    } else if (seen_held_ || plain_sent > acquired_at_) {
      lose({ErrorKind::kBusy, holder.empty() ? "somebody released the lock '" + key_ + "'"
                                             : "another session has the lock '" + key_ + "'"});
    }
    return;
  }
  // Ours: the answer that told so was lost.
  if (holder.empty() || holder == session_.id()) {
    holder_session_.clear();
    holder_watch_.reset();
    if (!retry_->active()) attempt();
    return;
  }
  look_at_holder(*entry);
}

void ConsulLock::look_at_holder(const Entry& entry) {
  const int64_t now_ns = time_.clock.boot_ns();
  retry_->stop();
  pause_ms_ = 0;
  if (std::exchange(holder_session_, entry.session) != entry.session) {
    holder_since_ns_ = now_ns;
    prompted_ = false;
    holder_watch_.reset();
    foreign_ = holder_of(entry) ? "" : "its value does not say who it is";
    const auto json = wire::parse_json(entry.value);
    const wire::Json* process = json ? json->find("process") : nullptr;
    holder_process_ = process == nullptr ? wire::Json() : *process;
    holder_watch_ = processes_.watch(holder_process_, [self = self_.ref()] {
      if (self) self->end_dead_holder();
    });
  }
  end_dead_holder();
  // Where Consul was restored from a snapshot it may have sessions whose time does not run: a
  // renewal makes it run, once, as a living holder does all the time.
  if (now_ns - holder_since_ns_ >= kPromptAfterNs && !std::exchange(prompted_, true) &&
      !planted(Bug::kNeverPrompt)) {
    prompt();
  }
}

void ConsulLock::prompt() {
  client_.renew_session(holder_session_, [self = self_.ref(), session = holder_session_](
                                             const Result<Renewal>& renewed) {
    if (!self || self->holder_session_ != session) return;
    if (renewed) {
      if (*renewed == Renewal::kEndless) self->foreign_ = "it has no TTL";
      return;
    }
    self->holder_since_ns_ = self->time_.clock.boot_ns();
    self->prompted_ = false;
  });
}

std::string ConsulLock::trouble() const {
  if (holder_session_.empty() || foreign_.empty()) return {};
  return "the lock '" + key_ + "' in Consul is held by the session " + holder_session_ +
         ", which is none of tandem's (" + foreign_ +
         "): nobody decides until that is destroyed (PUT /v1/session/destroy/" + holder_session_ +
         ")";
}

void ConsulLock::end_dead_holder() {
  if (stopped_ || ending_holder_ || holder_session_.empty()) return;
  const bool own = session_.had(holder_session_);
  const bool dead = processes_.proven_dead(holder_process_) || planted(Bug::kEndTheLiving);
  if (!own && !dead) return;
  ending_holder_ = true;
  log::info(own ? "a lock is held by an earlier session of this process: that is ended"
                : "the holder of a lock is dead: its session is ended",
            {{"key", key_}, {"session", holder_session_}});
  client_.destroy_session(holder_session_, [self = self_.ref()](const Status& ended) {
    if (!self) return;
    self->ending_holder_ = false;
    if (ended) {
      self->attempt();
    } else {
      self->retry_->start(kFirstPauseMs, 0);
    }
  });
}

void ConsulLock::lose(const Error& error) {
  held_by_.clear();
  retry_->start(kFirstPauseMs, 0);
  if (callbacks_.on_lost) callbacks_.on_lost(error);  // last: it may destroy this
}

// --- the end ---

void ConsulLock::stop() {
  stopped_ = true;
  retry_->stop();
  holder_watch_.reset();
  view_->remove(*this);
  session_.remove(*this);
}

// A request that is under way could take it after it was let go.
void ConsulLock::let_go(UniqueFunction<void()> done) {
  const bool unsure = is_unsure();
  const bool maybe_held = !took_with_.empty() && took_with_ == session_.id();
  held_by_.clear();
  stop();
  if (unsure) {
    session_.abandon(std::move(done));
  } else if (maybe_held) {
    session_.let_go(key_, value_, std::move(done));
  } else {
    session_.end_if_unused(std::move(done));
  }
}

void ConsulLock::release(UniqueFunction<void()> done) {
  if (stopped_) return session_.end_if_unused(std::move(done));
  if (!attempting_) return let_go(std::move(done));
  stop();
  when_attempted_ = [this, done = std::move(done)]() mutable {
    if (is_unsure()) return session_.abandon(std::move(done));
    session_.let_go(key_, value_, std::move(done));
  };
}

}  // namespace tandem::consul
