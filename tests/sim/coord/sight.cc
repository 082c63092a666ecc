#include "sim/coord/sight.h"

#include <algorithm>
#include <utility>

#include "consul/planted.h"

namespace tandem::sim {

using consul::Bug;

class SightWatch final : public consul::Processes::Watch {
 public:
  SightWatch(Lives& lives, uint64_t of_life, Process& owner, UniqueFunction<void()> on_end)
      : watched(of_life),
        lives_(lives),
        number_(++lives.last_watch_),
        owner_(owner),
        on_end_(std::make_shared<Call>(std::move(on_end))) {
    lives_.watches_[number_] = this;
  }
  ~SightWatch() override {
    lives_.watches_.erase(number_);
    *on_end_ = nullptr;
  }
  void tell_in(int64_t delay_ns) {
    owner_.later(delay_ns, [call = on_end_] {
      if (Call once = std::exchange(*call, nullptr)) once();
    });
  }

  const uint64_t watched;  // the number of the life

 private:
  using Call = UniqueFunction<void()>;

  Lives& lives_;
  const uint64_t number_;
  Process& owner_;
  const std::shared_ptr<Call> on_end_;
};

// --- lives ---

uint64_t Lives::begin(const Process& process, uint32_t host) {
  uint32_t pid = 0;
  do {
    pid = universe_.random.between<uint32_t>(1, plan_.pids);
  } while (pid_lives(host, pid));
  lives_.push_back({&process, process.session(), host, pid});
  return lives_.size();
}

bool Lives::pid_lives(uint32_t host, uint32_t pid) const {
  return std::any_of(lives_.begin(), lives_.end(), [&](const Life& life) {
    return life.host == host && life.pid == pid && life.living();
  });
}

const Lives::Life* Lives::find(uint64_t number) const {
  return number == 0 || number > lives_.size() ? nullptr : &lives_[number - 1];
}

const Lives::Life* Lives::of_session(uint64_t session) const {
  const auto it = std::find_if(lives_.begin(), lives_.end(),
                               [&](const Life& life) { return life.session == session; });
  return it == lives_.end() ? nullptr : &*it;
}

void Lives::ended() {
  for (const auto& [number, watch] : watches_) {
    if (find(watch->watched)->living() ||
        !(universe_.healed || universe_.random.chance(plan_.proofs))) {
      continue;
    }
    watch->tell_in(universe_.between_ns(kMs / 20, plan_.proof_ns));
  }
}

// --- what one of them sees ---

Sight::Sight(Lives& lives, Process& process, uint32_t host)
    : lives_(lives), process_(process), host_(host), number_(lives.begin(process, host)) {}

wire::Json Sight::self() const {
  wire::Json json;
  json.set("host", host_name()).set("pid", static_cast<int64_t>(lives_.find(number_)->pid));
  json.set("start", static_cast<int64_t>(number_));
  return json;
}

std::string Sight::host_name() const { return "host" + std::to_string(host_); }

const Lives::Life* Sight::seen(const wire::Json& process) const {
  const wire::Json* start = process.find("start");
  if (start == nullptr || start->as_int() == nullptr) return nullptr;
  const Lives::Life* life = lives_.find(static_cast<uint64_t>(*start->as_int()));
  const bool here = life != nullptr && life->host == host_;
  return here || planted(Bug::kProofAcrossHosts) ? life : nullptr;
}

bool Sight::proven_dead(const wire::Json& process) const {
  const Lives::Life* life = seen(process);
  if (life == nullptr) return false;
  if (planted(Bug::kProofAcrossHosts)) return !lives_.pid_lives(host_, life->pid);
  return !life->living() &&
         (lives_.universe_.healed || lives_.universe_.random.chance(lives_.plan_.proofs));
}

std::unique_ptr<consul::Processes::Watch> Sight::watch(const wire::Json& process,
                                                       UniqueFunction<void()> on_end) {
  const Lives::Life* life = seen(process);
  if (life == nullptr || !life->living()) return nullptr;
  const auto number = static_cast<uint64_t>(*process.find("start")->as_int());
  return std::make_unique<SightWatch>(lives_, number, process_, std::move(on_end));
}

void Sight::may_replace(const coord::Member&, const coord::Member&,
                        UniqueFunction<void(Status)> done) {
  process_.later(lives_.universe_.between_ns(kMs / 20, kMs),
                 [done = std::move(done)]() mutable { done({}); });
}

void Sight::member_proven_dead(coord::Member member, UniqueFunction<void(Result<bool>)> done) {
  const Lives::Life* life = lives_.of_session(member.session);
  const bool dead = life != nullptr && life->host == host_ && !life->living();
  process_.later(lives_.universe_.between_ns(kMs / 20, kMs),
                 [done = std::move(done), dead]() mutable { done(dead); });
}

}  // namespace tandem::sim
