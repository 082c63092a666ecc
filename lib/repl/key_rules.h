// The rules of exactly once (exactly_once.h), whoever keeps the outcomes: a state machine in this
// process, or an engine beside it. They decide by the log alone, so that all replicas answer alike.
//
// Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "base/result.h"
#include "repl/state_machine.h"
#include "wire/entry.h"

namespace tandem::repl {

// The first outcome of a key. There may be millions: key and body share one string.
struct KeyOutcome {
  KeyOutcome() = default;
  KeyOutcome(std::string_view key, uint16_t answer_status, std::string_view body)
      : key_size(static_cast<uint32_t>(key.size())), status(answer_status) {
    text.reserve(key.size() + body.size());
    text.append(key).append(body);
  }
  std::string_view key() const { return std::string_view(text).substr(0, key_size); }
  std::string_view body() const { return std::string_view(text).substr(key_size); }
  // Of memory. Beside the text: the outcome with what counts its owners, the place in the order of
  // ageing, the node and the bucket of the index, and what the heap adds to each.
  size_t memory_bytes() const { return text.size() + 170; }
  // What a command with this key is answered: again what the first was, 422 where that was another.
  Applied answer_to(std::string_view command) const;

  std::string text;
  uint64_t payload_hash = 0;
  int64_t time_ms = 0;   // log time; of a client's key, the clock that it ages by
  uint64_t made_at = 0;  // index of the entry of a made key; 0: it ages as a client's
  uint32_t key_size = 0;
  uint16_t status = 0;
};

// The time of keys. Outcomes are forgotten in the order in which they came, those of made keys and
// those of clients each by their clock.
struct KeyClock {
  static constexpr int64_t kMadeKeyMs = 5LL * 60 * 1000;
  static constexpr int64_t kClientKeyMs = 24LL * 60 * 60 * 1000;
  static constexpr std::string_view kRules = "keys-by-index";

  int64_t log_time_ms = 0;  // of the last entry; 0: none yet
  int64_t client_ms = 0;
  bool by_index = false;         // the log has come to kRules
  uint64_t forgotten_index = 0;  // of the newest made key that is forgotten

  // An entry with this log time is looked at. What is older than the horizons is forgotten now; of
  // made keys whoever keeps them says by forgotten_index which was the newest.
  void advance(int64_t entry_time_ms);
  int64_t made_horizon_ms() const { return log_time_ms - kMadeKeyMs; }
  int64_t client_horizon_ms() const { return client_ms - kClientKeyMs; }
  // An entry that opens an epoch.
  void opened(const wire::Entry& entry) { by_index = by_index || entry.request_id == kRules; }

  // What an entry whose key is not remembered is refused with, as its outcome may be forgotten.
  std::optional<Applied> refuse_old(const wire::Entry& entry) const;
  // The outcome of an entry that was carried out. REQUIRES: it has a key.
  KeyOutcome outcome(const wire::Entry& entry, const Applied& answer) const;

 private:
  std::optional<uint64_t> birth(const wire::Entry& entry) const;
};

// Rows of a snapshot, see exactly_once.h.
std::string key_row(const KeyClock& clock);
std::string key_row(const KeyOutcome& outcome);
bool is_key_row(std::string_view row);
// REQUIRES: is_key_row(row). Fails with kCorrupt.
Result<std::variant<KeyClock, KeyOutcome>> parse_key_row(std::string_view row);
// Of a snapshot with such rows before those of `inner` (nullptr: those can all be restored).
std::unique_ptr<RowChecker> key_row_checker(std::unique_ptr<RowChecker> inner);

}  // namespace tandem::repl
