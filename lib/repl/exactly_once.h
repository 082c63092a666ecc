// Exactly once: remembers the first answer to each idempotency key and gives it again to a
// repetition, refusals (409) included. The memory is replicated state: it is filled at apply, is
// part of every snapshot, and forgets by log time, so that all replicas forget the same.
//
// Keys that tandem made (base/ids.h) are remembered for kMadeKeyMs, keys of clients for
// kClientKeyMs. A made key tells of an index that its maker had heard of: its own first entry comes
// after that. What is remembered also holds the index of the newest made key that was forgotten. A
// made key that is not remembered, and was born before that, may be one of those: it is refused.
// One that was born at or after it was never carried out. No clock is needed for that. A key that
// claims to be born where the log has not come to is remembered as a client's.
//
// Logs of an earlier version hold keys with a wall clock's time, "t-<ms since 1970>-<16 hex>", and
// what was refused there for its age has to stay refused where such a log is read again. So the
// entry that opens an epoch says by its own key, kRules, that the rules above hold from there on: a
// key with a time is a client's like every other then.
//
// A provisional answer is replaced by the one that settles it, and the key goes on ageing as
// before; where the key is forgotten already, or has an answer that is not provisional, nothing
// happens.
//
// Rows of a snapshot, before those of the inner state machine; a key or a body that is no UTF-8 is
// written as wire/stored_json.h says:
//
//   {"key_clock":{"log_time":…,"clock":…,"forgotten":…}}
//   {"outcome":{"key":"basket-1","hash":"…","time":…,"made":…,"status":200,"body":"{…}"}}
//
// "made" is the index of the entry that a made key was applied with, and only those have it. There
// is no "forgotten" in the snapshot of a log without kRules, as an earlier version wrote it: all
// its keys age as those of clients, and nothing was forgotten that has an index.
//
// The keys of clients age by a clock of their own, which follows log time by at most a second an
// entry: a host whose clocks leap, or a snapshot of a version whose log time could, makes none of
// them a day older at once.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>

#include "repl/chunk_queue.h"
#include "repl/key_rules.h"
#include "repl/state_machine.h"

namespace tandem::repl {

// What is remembered at most before new keys are refused; nothing is forgotten for it.
struct KeyLimits {
  uint64_t max_number = 8'000'000;
  uint64_t max_bytes = uint64_t{2} << 30;  // of memory
};
// What a refusal for these limits says; whoever passes it on may look for it.
constexpr std::string_view kTooManyKeys = "too many idempotency keys are remembered";

class ExactlyOnce final : public StateMachine {
 public:
  static constexpr int64_t kMadeKeyMs = KeyClock::kMadeKeyMs;
  static constexpr int64_t kClientKeyMs = KeyClock::kClientKeyMs;
  static constexpr std::string_view kRules = KeyClock::kRules;

  // `inner` outlives this.
  explicit ExactlyOnce(StateMachine& inner, const KeyLimits& limits = {})
      : inner_(inner), limits_(limits) {}

  Applied apply(const wire::Entry& entry) override;
  Applying begin(const wire::Entry& entry) override;
  // An entry that opens an epoch.
  void opened(const wire::Entry& entry) { clock_.opened(entry); }
  Status admit(std::string_view command) const override { return inner_.admit(command); }
  // The command with its key, which may be empty: the rule for keys is wire/key.h. One that is
  // remembered gets its first answer again, whatever would be admitted now. A new one fails with
  // kUnavailable where the limits are reached: that is looked at here alone, since whatever is in
  // the log is applied by every replica alike.
  Status admit(std::string_view command, std::string_view key) const;
  // What a repetition would be answered (422 where it is none); nullopt: the key is not remembered.
  std::optional<Applied> first_answer(std::string_view command, std::string_view key) const;
  std::unique_ptr<FrozenState> freeze() const override;
  void reset() override;
  Status restore_row(std::string_view row) override;
  Status finish_restore() override;
  std::unique_ptr<StateMachine> make_empty() const override;
  void swap_state(StateMachine& made) override;
  std::unique_ptr<RowChecker> row_checker() const override;

  size_t remembered() const { return outcomes_.size(); }

  size_t bytes() const { return bytes_; }  // that they take

  // Immutable, so that a frozen state shares it with this one: that is why it is held by
  // shared_ptr.
  using Outcome = KeyOutcome;
  using Shared = std::shared_ptr<const Outcome>;
  using Outcomes = ChunkQueue<Shared>;

 private:
  class Long;

  ExactlyOnce(std::unique_ptr<StateMachine> inner, const KeyLimits& limits)
      : owned_(std::move(inner)), inner_(*owned_), limits_(limits) {}

  // What an entry is answered without being carried out: a repetition, or what may be one.
  std::optional<Applied> answer_at_once(const wire::Entry& entry);
  // It was carried out, with this answer.
  void carried_out(const wire::Entry& entry, const Applied& answer);
  void remember(Shared outcome);
  void settle(const Applied& answer);
  void advance(int64_t log_time_ms);
  void forget_first(Outcomes& ageing);

  struct KeyHash {
    using is_transparent = void;
    size_t operator()(std::string_view key) const { return std::hash<std::string_view>()(key); }
    size_t operator()(const Shared* place) const { return (*this)((*place)->key()); }
  };
  struct SameKey {
    using is_transparent = void;
    static std::string_view key_of(std::string_view key) { return key; }
    static std::string_view key_of(const Shared* place) { return (*place)->key(); }
    bool operator()(const auto& a, const auto& b) const { return key_of(a) == key_of(b); }
  };

  const std::unique_ptr<StateMachine> owned_;  // the inner one of one that make_empty() made
  StateMachine& inner_;
  const KeyLimits limits_;
  Outcomes made_;    // in the order of the log
  Outcomes client_;  // in the order of their clock
  // Where in those two the outcome of a key is.
  std::unordered_set<Shared*, KeyHash, SameKey> outcomes_;
  size_t bytes_ = 0;
  KeyClock clock_;
};

}  // namespace tandem::repl
