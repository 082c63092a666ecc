// Exactly once: remembers the first answer to each idempotency key and gives it again to a
// repetition, refusals (409) included. The memory is replicated state: it is filled at apply, is
// part of every snapshot, and forgets by log time, so that all replicas forget the same.
//
// Keys that tandem made (base/ids.h) are remembered for kMadeKeyMs, keys of clients for
// kClientKeyMs. A made key carries its birth; one that is older than half its life is refused, as
// its first outcome may be forgotten by the time it is applied. Its life begins at its birth where
// that is ahead of log time: after an idle hour log time catches up within a few entries, and the
// key must not be forgotten before it is refused. One that claims to be born further ahead than a
// client's key lives is remembered as a client's.
//
// A provisional answer is replaced by the one that settles it, and the key goes on ageing as
// before; where the key is forgotten already, or has an answer that is not provisional, nothing
// happens.
//
// Rows of a snapshot, before those of the inner state machine; a key or a body that is no UTF-8 is
// written as wire/stored_json.h says:
//
//   {"key_clock":{"log_time":…,"clock":…}}
//   {"outcome":{"key":"basket-1","hash":"…","time":…,"status":200,"body":"{…}"}}
//
// The keys of clients age by a clock of their own, which follows log time by at most a second an
// entry: where log time catches up with an idle day in a thousand entries, they do not age a day.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "repl/state_machine.h"
#include "wire/json.h"

namespace tandem::repl {

class ExactlyOnce final : public StateMachine {
 public:
  static constexpr int64_t kMadeKeyMs = 5LL * 60 * 1000;
  static constexpr int64_t kClientKeyMs = 24LL * 60 * 60 * 1000;

  explicit ExactlyOnce(StateMachine& inner) : inner_(inner) {}  // `inner` outlives this

  Applied apply(const wire::Entry& entry) override;
  Status admit(std::string_view command) const override { return inner_.admit(command); }
  // The command with its key, which may be empty: the rule for keys is wire/key.h. One that is
  // remembered gets its first answer again, whatever would be admitted now.
  Status admit(std::string_view command, std::string_view key) const;
  // What a repetition would be answered (422 where it is none); nullopt: the key is not remembered.
  std::optional<Applied> first_answer(std::string_view command, std::string_view key) const;
  std::unique_ptr<FrozenState> freeze() const override;
  void reset() override;
  Status restore_row(std::string_view row) override;
  Status finish_restore() override;
  std::unique_ptr<RowChecker> row_checker() const override;

  size_t remembered() const { return outcomes_.size(); }

  // The first outcome of a key. Immutable, so that a frozen state shares it with this one: that is
  // why it is held by shared_ptr.
  struct Outcome {
    std::string key;
    uint64_t payload_hash = 0;
    int64_t time_ms = 0;  // log time; of a client's key, the clock that it ages by
    Applied answer;
  };
  using Shared = std::shared_ptr<const Outcome>;

 private:
  Applied carry_out(const wire::Entry& entry);
  void remember(Shared outcome);
  void settle(const Applied& answer);
  void advance(int64_t log_time_ms);

  StateMachine& inner_;
  std::multimap<int64_t, Shared> made_;  // by the beginning of their lives
  std::deque<Shared> client_;            // in the order of their clock
  // Where in those two the outcome of a key is: elements of neither move. The keys are views into
  // the outcomes.
  std::unordered_map<std::string_view, Shared*> outcomes_;
  int64_t log_time_ms_ = 0;  // of the last entry; 0: none yet
  int64_t client_clock_ms_ = 0;
};

}  // namespace tandem::repl
