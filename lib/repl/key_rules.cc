#include "repl/key_rules.h"

#include <algorithm>
#include <utility>

#include "base/ids.h"
#include "base/number.h"
#include "wire/error_body.h"
#include "wire/stored_json.h"

namespace tandem::repl {
namespace {

using wire::Json;

constexpr std::string_view kRowPrefix = "{\"outcome\":";
constexpr std::string_view kClockPrefix = "{\"key_clock\":";
constexpr int64_t kMaxClockStepMs = 1000;

// FNV-1a, 64 bit: tells an honest client's other body from a repetition; not a cryptographic hash.
uint64_t hash_of(std::string_view text) {
  uint64_t hash = 14695981039346656037ULL;
  for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 1099511628211ULL;
  return hash;
}

// Where in the log a made key is born; nothing for a client's, and for one that claims to be born
// where the log has not come to. (What it had heard of may be lost by accept-loss.)
std::optional<uint64_t> birth_of(std::string_view key, uint64_t entry_index) {
  const auto birth = key_birth(key);
  return birth && *birth < entry_index ? birth : std::nullopt;
}

// What a version whose keys had a wall clock's time went by; of another key, never.
int64_t birth_ms_of(std::string_view key) {
  constexpr std::string_view kPrefix = "t-";
  if (!key.starts_with(kPrefix)) return INT64_MAX;
  key.remove_prefix(kPrefix.size());
  const size_t dash = key.find('-', 1);  // not that of a "-0"
  if (dash == std::string_view::npos || !parse_hex_id(key.substr(dash + 1))) return INT64_MAX;
  return parse_number<int64_t>(key.substr(0, dash), 0).value_or(INT64_MAX);
}

Applied refuse(uint16_t status, std::string_view message) {
  return Applied{status, wire::error_body(status, message)};
}

tl::unexpected<Error> corrupt(std::string_view what) {
  return fail(ErrorKind::kCorrupt, "snapshot: " + std::string(what));
}

std::string row(std::string_view prefix, const Json& fields) {
  std::string row{prefix};
  fields.dump_to(row);
  return row += '}';
}

class Checker final : public RowChecker {
 public:
  explicit Checker(std::unique_ptr<RowChecker> inner) : inner_(std::move(inner)) {}

  Status check(std::string_view row) override {
    if (!is_key_row(row)) return inner_ == nullptr ? Status() : inner_->check(row);
    const auto own = parse_key_row(row);
    return own ? Status() : fail(own.error());
  }
  Status finish() override { return inner_ == nullptr ? Status() : inner_->finish(); }

 private:
  std::unique_ptr<RowChecker> inner_;
};

}  // namespace

Applied KeyOutcome::answer_to(std::string_view command) const {
  if (payload_hash == hash_of(command)) return Applied{status, std::string(body())};
  return refuse(422, "this Idempotency-Key was used with another body");
}

void KeyClock::advance(int64_t entry_time_ms) {
  if (log_time_ms == 0) client_ms = log_time_ms = entry_time_ms;
  client_ms += std::clamp<int64_t>(entry_time_ms - log_time_ms, 0, kMaxClockStepMs);
  log_time_ms = std::max(log_time_ms, entry_time_ms);
}

std::optional<uint64_t> KeyClock::birth(const wire::Entry& entry) const {
  return by_index ? birth_of(entry.request_id, entry.index) : std::nullopt;
}

std::optional<Applied> KeyClock::refuse_old(const wire::Entry& entry) const {
  const auto born = birth(entry);
  const bool old = by_index ? born && *born < forgotten_index
                            : birth_ms_of(entry.request_id) < entry.time_ms - kMadeKeyMs / 2;
  if (!old) return std::nullopt;
  return refuse(409, "the request is too old to be carried out now: it may have been before");
}

KeyOutcome KeyClock::outcome(const wire::Entry& entry, const Applied& answer) const {
  const auto born = birth(entry);
  KeyOutcome outcome(entry.request_id, answer.status, answer.body);
  outcome.payload_hash = hash_of(entry.payload);
  outcome.time_ms = born ? log_time_ms : client_ms;
  outcome.made_at = born ? entry.index : 0;
  return outcome;
}

std::string key_row(const KeyClock& clock) {
  Json json;
  json.set("log_time", clock.log_time_ms);
  json.set("clock", clock.client_ms);
  if (clock.by_index) json.set("forgotten", clock.forgotten_index);
  return row(kClockPrefix, json);
}

std::string key_row(const KeyOutcome& outcome) {
  Json json;
  wire::set_stored_text(json, "key", outcome.key());
  json.set("hash", hex_id(outcome.payload_hash));
  json.set("time", outcome.time_ms);
  if (outcome.made_at > 0) json.set("made", outcome.made_at);
  json.set("status", static_cast<int64_t>(outcome.status));
  wire::set_stored_text(json, "body", outcome.body());
  return row(kRowPrefix, json);
}

bool is_key_row(std::string_view row) {
  return row.starts_with(kClockPrefix) || row.starts_with(kRowPrefix);
}

Result<std::variant<KeyClock, KeyOutcome>> parse_key_row(std::string_view row) {
  const auto json = wire::parse_stored_json(row);
  if (!json) return corrupt(json.error().message);
  const bool is_clock = row.starts_with(kClockPrefix);
  const Json& fields = *json->find(is_clock ? "key_clock" : "outcome");
  const auto number = [&](std::string_view name) {
    const Json* value = fields.find(name);
    return value == nullptr ? nullptr : value->as_int();
  };
  if (is_clock) {
    const int64_t* log_time = number("log_time");
    const int64_t* client = number("clock");
    if (!log_time || !client) return corrupt("the clock of keys lacks a field");
    KeyClock clock{.log_time_ms = *log_time, .client_ms = *client};
    if (fields.find("forgotten") == nullptr) return clock;
    const int64_t* forgotten = number("forgotten");
    if (!forgotten || *forgotten < 0) return corrupt("'forgotten' is no index");
    clock.by_index = true;
    clock.forgotten_index = static_cast<uint64_t>(*forgotten);
    return clock;
  }
  const auto key = wire::stored_text(fields, "key");
  const auto body = wire::stored_text(fields, "body");
  const auto hash = wire::stored_text(fields, "hash");
  const int64_t* time_ms = number("time");
  const int64_t* status = number("status");
  if (!key || !hash || !body || !time_ms || !status) return corrupt("an outcome lacks a field");
  const auto payload_hash = parse_hex_id(*hash);
  if (!payload_hash) return corrupt(payload_hash.error().message);
  const int64_t* made_at = number("made");
  const bool is_made = fields.find("made") != nullptr;
  if (is_made && (!made_at || *made_at <= 0)) return corrupt("'made' is no index");
  if (*status < 0 || *status > UINT16_MAX) return corrupt("the status of an outcome is none");
  KeyOutcome outcome(*key, static_cast<uint16_t>(*status), *body);
  outcome.payload_hash = *payload_hash;
  outcome.time_ms = *time_ms;
  outcome.made_at = is_made ? static_cast<uint64_t>(*made_at) : 0;
  return outcome;
}

std::unique_ptr<RowChecker> key_row_checker(std::unique_ptr<RowChecker> inner) {
  return std::make_unique<Checker>(std::move(inner));
}

}  // namespace tandem::repl
