// What the replication library asks of a replicated state machine: pure, deterministic, no I/O, no
// clock (time comes with the entry), no randomness. The same entries in the same order give the
// same state and the same answers on every replica.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "wire/entry.h"

namespace tandem::repl {

// The answer to a command: an HTTP status and a JSON body. It is stored with the command's key and
// given again to a repetition.
//
// A command whose outcome takes further entries is answered kProvisional. The entry that brings the
// outcome names the key of that command in `settles`: its own answer replaces the provisional one.
struct Applied {
  uint16_t status = 200;
  std::string body;
  std::string settles = {};
};
constexpr uint16_t kProvisional = 202;

// Takes the rows of a snapshot, one line of JSON without its newline; false: stop, writing failed.
using RowSink = std::function<bool(std::string_view row)>;

// An immutable picture of a state. write_rows may run on another thread than the state machine, and
// while that goes on changing.
class FrozenState {
 public:
  virtual ~FrozenState() = default;
  // In an order that is the same on every replica. False where the sink said stop, or for the reason
  // that failure() gives then.
  virtual bool write_rows(const RowSink& sink) const = 0;
  virtual Status failure() const { return {}; }
  // For one that waits for somebody else: asked now and then, on the thread that writes, whether
  // anybody still wants the rows. REQUIRES: before write_rows().
  virtual void set_stopping(const std::function<bool()>& stopping) { static_cast<void>(stopping); }
};

// Reads the rows of a snapshot, in their order, with the code that restores them, but builds no
// state: what it takes can be restored. Used on another thread than the state machine, and
// refers to nothing of it.
class RowChecker {
 public:
  virtual ~RowChecker() = default;
  virtual Status check(std::string_view row) = 0;
  virtual Status finish() { return {}; }
};

// A command that takes long, carried out beside the state: so the thread that applies goes on with
// all but applying, and the state before it can be read meanwhile. Nothing else is applied until
// finish(); where it is not wanted any more it is dropped instead, and changes nothing.
class LongCommand {
 public:
  virtual ~LongCommand() = default;
  // Once, on any thread. `stopped` is asked now and then: where it says yes, finish() must not be
  // called.
  virtual void run(const std::function<bool()>& stopped) = 0;
  // On the state machine's thread: what was made takes the place of the state. What was there
  // before is freed with this object, which takes long as well.
  virtual Applied finish() = 0;
};
using Applying = std::variant<Applied, std::unique_ptr<LongCommand>>;

class StateMachine {
 public:
  virtual ~StateMachine() = default;

  // Carries out a kCommand entry. Never fails: a command that cannot be carried out changes nothing
  // and is answered so (400, 409).
  virtual Applied apply(const wire::Entry& entry) = 0;
  // The same, with the same answers; but where it would take long nothing is done yet.
  virtual Applying begin(const wire::Entry& entry) { return apply(entry); }

  // What a leader asks before it logs a command: kBadInput or kTooLarge where the state could not
  // give back, in a snapshot or to a reader, what the command puts into it, or where a limit says
  // no. Limits hold here and not at apply or where a snapshot is read: what an earlier version
  // took stays readable. Pure.
  virtual Status admit(std::string_view command) const {
    static_cast<void>(command);
    return {};
  }

  // Cheap in time (no serialization): what is slow happens in FrozenState::write_rows.
  virtual std::unique_ptr<FrozenState> freeze() const = 0;

  // Restoring: reset(), then every row of a snapshot in its order, then finish_restore(). An error
  // leaves the state undefined until the next reset().
  virtual void reset() = 0;
  virtual Status restore_row(std::string_view row) = 0;
  virtual Status finish_restore() = 0;
  // Another one of the same kind and with the same settings, for a snapshot to be restored into on
  // another thread while this one goes on.
  virtual std::unique_ptr<StateMachine> make_empty() const = 0;
  // Exchanges the states of this one and of one that make_empty() made, and nothing else: whoever
  // is told of changes stays the same. Cheap in time; to free what `made` holds then may take long.
  virtual void swap_state(StateMachine& made) = 0;
  // Of a snapshot of this kind of state machine; nullptr: every row can be restored.
  virtual std::unique_ptr<RowChecker> row_checker() const { return nullptr; }
};

}  // namespace tandem::repl
