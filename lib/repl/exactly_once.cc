#include "repl/exactly_once.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "repl/planted.h"
#include "wire/key.h"

namespace tandem::repl {
namespace {

class Frozen final : public FrozenState {
 public:
  using Picture = ExactlyOnce::Outcomes::Picture;

  Frozen(const KeyClock& clock, Picture client, Picture made, std::unique_ptr<FrozenState> inner)
      : clock_(clock),
        client_(std::move(client)),
        made_(std::move(made)),
        inner_(std::move(inner)) {}

  bool write_rows(const RowSink& sink) const override {
    if (!sink(key_row(clock_))) return false;
    const auto write = [&](const ExactlyOnce::Shared& outcome) { return sink(key_row(*outcome)); };
    return client_.visit(write) && made_.visit(write) && inner_->write_rows(sink);
  }
  void set_stopping(const std::function<bool()>& stopping) override {
    inner_->set_stopping(stopping);
  }

 private:
  const KeyClock clock_;
  Picture client_;
  Picture made_;
  std::unique_ptr<FrozenState> inner_;
};

}  // namespace

// Between the start and the end of a long command nothing else is applied: what is looked at and
// remembered is the same as without it.
class ExactlyOnce::Long final : public LongCommand {
 public:
  Long(ExactlyOnce& machine, const wire::Entry& entry, std::unique_ptr<LongCommand> inner)
      : machine_(machine), entry_(entry), inner_(std::move(inner)) {}

  void run(const std::function<bool()>& stopped) override { inner_->run(stopped); }
  Applied finish() override {
    Applied answer = inner_->finish();
    machine_.carried_out(entry_, answer);
    return answer;
  }

 private:
  ExactlyOnce& machine_;
  const wire::Entry entry_;
  std::unique_ptr<LongCommand> inner_;
};

Applied ExactlyOnce::apply(const wire::Entry& entry) {
  advance(entry.time_ms);
  if (auto answer = answer_at_once(entry)) return std::move(*answer);
  Applied answer = inner_.apply(entry);
  carried_out(entry, answer);
  return answer;
}

Applying ExactlyOnce::begin(const wire::Entry& entry) {
  advance(entry.time_ms);
  if (auto answer = answer_at_once(entry)) return std::move(*answer);
  Applying begun = inner_.begin(entry);
  if (const auto* answer = std::get_if<Applied>(&begun)) {
    carried_out(entry, *answer);
    return begun;
  }
  return std::make_unique<Long>(*this, entry,
                                std::move(std::get<std::unique_ptr<LongCommand>>(begun)));
}

std::optional<Applied> ExactlyOnce::answer_at_once(const wire::Entry& entry) {
  if (entry.request_id.empty()) return std::nullopt;
  if (auto first = first_answer(entry.payload, entry.request_id)) return first;
  return clock_.refuse_old(entry);
}

void ExactlyOnce::carried_out(const wire::Entry& entry, const Applied& answer) {
  if (!answer.settles.empty()) settle(answer);
  if (entry.request_id.empty()) return;
  remember(std::make_shared<Outcome>(clock_.outcome(entry, answer)));
}

std::optional<Applied> ExactlyOnce::first_answer(std::string_view command,
                                                 std::string_view key) const {
  const auto known = outcomes_.find(key);
  if (known == outcomes_.end()) return std::nullopt;
  return (**known)->answer_to(command);
}

Status ExactlyOnce::admit(std::string_view command, std::string_view key) const {
  if (outcomes_.contains(key)) return {};
  if (!key.empty()) {
    if (Status good = wire::check_key(key); !good) return good;
    if (remembered() >= limits_.max_number || bytes_ >= limits_.max_bytes) {
      return fail(ErrorKind::kUnavailable,
                  std::string(kTooManyKeys) + ": " + std::to_string(remembered()) + ", " +
                      std::to_string(bytes_ >> 20) + " MiB (keys.max_number, keys.max_bytes)");
    }
  }
  return inner_.admit(command);
}

void ExactlyOnce::remember(Shared outcome) {
  auto& ageing = outcome->made_at > 0 ? made_ : client_;
  bytes_ += outcome->memory_bytes();
  outcomes_.insert(ageing.push_back(std::move(outcome)));
}

// The outcome itself never changes: a frozen state may show it.
void ExactlyOnce::settle(const Applied& answer) {
  const auto known = outcomes_.find(answer.settles);
  if (known == outcomes_.end() || (**known)->status != kProvisional) return;
  Shared* place = *known;
  const Shared before = *place;
  auto settled = std::make_shared<Outcome>(before->key(), answer.status, answer.body);
  settled->payload_hash = before->payload_hash;
  settled->time_ms = before->time_ms;
  settled->made_at = before->made_at;
  bytes_ += settled->memory_bytes() - before->memory_bytes();
  Outcomes& ageing = before->made_at > 0 ? made_ : client_;
  ageing.replace(place, std::move(settled), [this](Shared* from, Shared* to) {
    outcomes_.erase(from);
    outcomes_.insert(to);
  });
}

void ExactlyOnce::forget_first(Outcomes& ageing) {
  bytes_ -= ageing.front()->memory_bytes();
  outcomes_.erase(&ageing.front());
  ageing.pop_front();
}

void ExactlyOnce::advance(int64_t log_time_ms) {
  clock_.advance(log_time_ms);
  while (!made_.empty() && made_.front()->time_ms < clock_.made_horizon_ms()) {
    clock_.forgotten_index = made_.front()->made_at;
    forget_first(made_);
  }
  while (!client_.empty() && client_.front()->time_ms < clock_.client_horizon_ms()) {
    forget_first(client_);
  }
}

std::unique_ptr<FrozenState> ExactlyOnce::freeze() const {
  if (planted(Bug::kForgetKeys)) {
    return std::make_unique<Frozen>(clock_, Outcomes::Picture(), Outcomes::Picture(),
                                    inner_.freeze());
  }
  return std::make_unique<Frozen>(clock_, client_.picture(), made_.picture(), inner_.freeze());
}

void ExactlyOnce::reset() {
  outcomes_.clear();
  made_.clear();
  client_.clear();
  clock_ = {};
  bytes_ = 0;
  inner_.reset();
}

Status ExactlyOnce::restore_row(std::string_view row) {
  if (!is_key_row(row)) return inner_.restore_row(row);
  auto own = parse_key_row(row);
  if (!own) return fail(std::move(own.error()));
  if (const auto* clock = std::get_if<KeyClock>(&*own)) {
    clock_ = *clock;
    return {};
  }
  auto outcome = std::make_shared<Outcome>(std::move(std::get<Outcome>(*own)));
  if (outcomes_.contains(outcome->key()))
    return fail(ErrorKind::kCorrupt, "snapshot: a key comes twice");
  // An earlier version had keys that aged by log time and are as a client's now.
  if (outcome->made_at == 0 && clock_.client_ms != 0) {
    outcome->time_ms = std::min(outcome->time_ms, clock_.client_ms);
  }
  remember(std::move(outcome));
  return {};
}

std::unique_ptr<RowChecker> ExactlyOnce::row_checker() const {
  return key_row_checker(inner_.row_checker());
}

std::unique_ptr<StateMachine> ExactlyOnce::make_empty() const {
  return std::unique_ptr<StateMachine>(new ExactlyOnce(inner_.make_empty(), limits_));
}

// What is in a queue stays where it is when the queue moves, so that outcomes_ finds it.
void ExactlyOnce::swap_state(StateMachine& made) {
  auto& other = static_cast<ExactlyOnce&>(made);
  std::swap(made_, other.made_);
  std::swap(client_, other.client_);
  outcomes_.swap(other.outcomes_);
  std::swap(bytes_, other.bytes_);
  std::swap(clock_, other.clock_);
  inner_.swap_state(other.inner_);
}

Status ExactlyOnce::finish_restore() { return inner_.finish_restore(); }

}  // namespace tandem::repl
