#include "consul/session.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/log.h"
#include "consul/planted.h"

namespace tandem::consul {
namespace {

constexpr int64_t kNsPerMs = 1'000'000;
constexpr int64_t kForeverNs = 1'000'000 * Client::kTtlNs;  // planted alone
constexpr uint64_t kRenewMs = 3000;
constexpr uint64_t kAgainMs = 300;      // after a failure
constexpr uint64_t kPatienceMs = 1000;  // of who lets go of a lock
constexpr size_t kFormer = 16;          // sessions that are remembered

}  // namespace

Session::Session(Client& client, Time time, std::string name)
    : client_(client),
      time_(time),
      name_(std::move(name)),
      next_(time.timers.make([this] { work(); })),
      end_(time.timers.make([this] { look_at_end(); })),
      patience_(time.timers.make([this] {
        while (!waiting_.empty()) waited_for(waiting_.begin()->first);
      })),
      turn_(time.timers.make([this] {
        for (const uint64_t number : std::exchange(over_, {})) waited_for(number);
      })),
      self_(*this) {}

void Session::add(User& user) {
  users_.push_back(&user);
  // While nobody used it, nobody has renewed it.
  if (!asking_ && !next_->active()) next_->start(0, 0);
}

void Session::remove(User& user) { std::erase(users_, &user); }

bool Session::alive() const { return !id_.empty() && now_ns() < alive_until_ns_; }

std::string Session::trouble() const {
  for (const User* user : users_) {
    if (std::string trouble = user->trouble(); !trouble.empty()) return trouble;
  }
  return {};
}

void Session::work() {
  if (asking_ || users_.empty()) return;
  if (id_.empty()) {
    create();
  } else {
    renew();
  }
}

void Session::create() {
  asking_ = true;
  client_.create_session(name_,
                         [self = self_.ref(), sent_ns = now_ns()](const Result<std::string>& made) {
                           if (!self) return;
                           Session& session = *self;
                           session.asking_ = false;
                           if (!made) {
                             log::debug("cannot make a session", {{"error", made.error().message}});
                             return session.next_->start(kAgainMs, 0);
                           }
                           session.id_ = *made;
                           if (session.users_.empty()) return session.end_if_unused({});
                           session.live_from(sent_ns);
                         });
}

void Session::renew() {
  asking_ = true;
  client_.renew_session(
      id_, [self = self_.ref(), id = id_, sent_ns = now_ns()](const Result<Renewal>& renewed) {
        if (self) self->take_renewal(id, sent_ns, renewed);
      });
}

void Session::take_renewal(const std::string& id, int64_t sent_ns, const Result<Renewal>& renewed) {
  asking_ = false;
  if (id != id_) return next_->start(0, 0);
  if (!renewed) {
    log::debug("cannot renew the session", {{"error", renewed.error().message}});
    return next_->start(kAgainMs, 0);
  }
  if (*renewed == Renewal::kOver) return is_gone(id);
  live_from(planted(Bug::kLiveFromAnswer) ? now_ns() : sent_ns);
}

void Session::live_from(int64_t sent_ns) {
  tell();  // where it was over for a moment, whoever has seen that is told first
  alive_until_ns_ = sent_ns + (planted(Bug::kHeldWithoutRenewal) ? kForeverNs : Client::kTtlNs);
  next_->start(kRenewMs, 0);
  look_at_end();
}

void Session::look_at_end() {
  const int64_t left_ns = alive_until_ns_ - now_ns();
  if (alive()) end_->start(static_cast<uint64_t>(left_ns / kNsPerMs) + 1, 0);
  tell();
}

void Session::is_gone(const std::string& id) {
  if (id != id_ || planted(Bug::kKeepGoneSession)) return;
  log::info("the session with Consul is over", {{"session", id_}});
  give_up();
  if (!asking_) next_->start(0, 0);
  tell();
}

bool Session::had(const std::string& id) const {
  return std::find(former_.begin(), former_.end(), id) != former_.end();
}

std::string Session::give_up() {
  alive_until_ns_ = 0;
  former_.push_back(id_);
  if (former_.size() > kFormer) former_.pop_front();
  return std::exchange(id_, {});
}

void Session::tell() {
  const std::string now = alive() ? id_ : std::string();
  if (std::exchange(told_, now) != now) tell_all();
}

void Session::tell_all() {
  const std::vector<User*> users = users_;
  for (User* user : users) {
    // One may let go of another.
    const bool there = std::find(users_.begin(), users_.end(), user) != users_.end();
    if (there) user->session_changed();
  }
}

// --- the end ---

uint64_t Session::wait_for(UniqueFunction<void()> done) {
  waiting_.emplace(++last_wait_, std::move(done));
  if (!patience_->active()) patience_->start(kPatienceMs, 0);
  return last_wait_;
}

void Session::waited_for(uint64_t number) {
  auto waiting = waiting_.extract(number);
  if (waiting.empty()) return;
  if (waiting_.empty()) patience_->stop();
  if (waiting.mapped()) waiting.mapped()();
}

// Not from inside the call that has nothing to do.
void Session::waited_for_soon(uint64_t number) {
  over_.push_back(number);
  turn_->start(0, 0);
}

void Session::let_go(const std::string& key, const std::string& value,
                     UniqueFunction<void()> done) {
  if (id_.empty()) return end_if_unused(std::move(done));
  const uint64_t number = wait_for(std::move(done));
  letting_go_.insert(key);
  client_.put(key, value, {.release = id_, .may_repeat = false},
              [self = self_.ref(), number, key, id = id_](const Result<bool>& released) {
                if (!self) return;
                self->letting_go_.extract(key);
                const auto then = [self, number] {
                  if (self) self->waited_for(number);
                };
                if (!released && id == self->id_) return self->abandon(then);
                self->end_if_unused(then);
                self->tell_all();  // who waits for this key again
              });
}

void Session::abandon(UniqueFunction<void()> done) {
  const uint64_t number = wait_for(std::move(done));
  if (id_.empty()) return waited_for_soon(number);
  client_.destroy_session(give_up(), [self = self_.ref(), number](const Status&) {
    if (self) self->waited_for(number);
  });
  end_->start(0, 0);  // tells, and not from inside a call
  if (!asking_) next_->start(0, 0);
}

void Session::end_if_unused(UniqueFunction<void()> done) {
  const uint64_t number = wait_for(std::move(done));
  if (!users_.empty() || id_.empty()) return waited_for_soon(number);
  next_->stop();
  end_->stop();
  told_.clear();
  client_.destroy_session(give_up(), [self = self_.ref(), number](const Status&) {
    if (self) self->waited_for(number);
  });
}

}  // namespace tandem::consul
