#include "repl/exactly_once.h"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

#include "base/ids.h"
#include "base/number.h"
#include "repl/planted.h"
#include "wire/error_body.h"
#include "wire/key.h"
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

// Of memory. Beside the text: the outcome with what counts its owners, the place in the order of
// ageing, the node and the bucket of the index, and what the heap adds to each.
size_t bytes_of(const ExactlyOnce::Outcome& outcome) {
  constexpr size_t kBeside = 170;
  return kBeside + outcome.text.size();
}

class Frozen final : public FrozenState {
 public:
  using Picture = ExactlyOnce::Outcomes::Picture;

  Frozen(Json clock, Picture client, Picture made, std::unique_ptr<FrozenState> inner)
      : clock_(std::move(clock)),
        client_(std::move(client)),
        made_(std::move(made)),
        inner_(std::move(inner)) {}

  bool write_rows(const RowSink& sink) const override {
    std::string row{kClockPrefix};
    clock_.dump_to(row);
    row += '}';
    if (!sink(row)) return false;
    const auto write = [&](const ExactlyOnce::Shared& outcome) {
      Json json;
      wire::set_stored_text(json, "key", outcome->key());
      json.set("hash", hex_id(outcome->payload_hash));
      json.set("time", outcome->time_ms);
      if (outcome->made_at > 0) json.set("made", outcome->made_at);
      json.set("status", static_cast<int64_t>(outcome->status));
      wire::set_stored_text(json, "body", outcome->body());
      row = kRowPrefix;
      json.dump_to(row);
      row += '}';
      return sink(row);
    };
    return client_.visit(write) && made_.visit(write) && inner_->write_rows(sink);
  }

 private:
  Json clock_;
  Picture client_;
  Picture made_;
  std::unique_ptr<FrozenState> inner_;
};

tl::unexpected<Error> corrupt(std::string_view what) {
  return fail(ErrorKind::kCorrupt, "snapshot: " + std::string(what));
}

bool is_own_row(std::string_view row) {
  return row.starts_with(kClockPrefix) || row.starts_with(kRowPrefix);
}

struct Clock {
  int64_t log_time_ms = 0;
  int64_t client_ms = 0;
  std::optional<uint64_t> forgotten_index;  // none: the log has not come to kRules
};
using OwnRow = std::variant<Clock, ExactlyOnce::Outcome>;

// REQUIRES: is_own_row(row).
Result<OwnRow> parse_own_row(std::string_view row) {
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
    Clock clock{*log_time, *client, std::nullopt};
    if (fields.find("forgotten") == nullptr) return OwnRow(clock);
    const int64_t* forgotten = number("forgotten");
    if (!forgotten || *forgotten < 0) return corrupt("'forgotten' is no index");
    clock.forgotten_index = *forgotten;
    return OwnRow(clock);
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
  ExactlyOnce::Outcome outcome(*key, static_cast<uint16_t>(*status), *body);
  outcome.payload_hash = *payload_hash;
  outcome.time_ms = *time_ms;
  outcome.made_at = is_made ? static_cast<uint64_t>(*made_at) : 0;
  return OwnRow(std::move(outcome));
}

class Checker final : public RowChecker {
 public:
  explicit Checker(std::unique_ptr<RowChecker> inner) : inner_(std::move(inner)) {}

  Status check(std::string_view row) override {
    if (!is_own_row(row)) return inner_ == nullptr ? Status() : inner_->check(row);
    const auto own = parse_own_row(row);
    return own ? Status() : fail(own.error());
  }
  Status finish() override { return inner_ == nullptr ? Status() : inner_->finish(); }

 private:
  std::unique_ptr<RowChecker> inner_;
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

std::optional<uint64_t> ExactlyOnce::birth(const wire::Entry& entry) const {
  return by_index_ ? birth_of(entry.request_id, entry.index) : std::nullopt;
}

std::optional<Applied> ExactlyOnce::answer_at_once(const wire::Entry& entry) {
  if (entry.request_id.empty()) return std::nullopt;
  if (auto first = first_answer(entry.payload, entry.request_id)) return first;
  const auto born = birth(entry);
  const bool old = by_index_ ? born && *born < forgotten_index_
                             : birth_ms_of(entry.request_id) < entry.time_ms - kMadeKeyMs / 2;
  if (!old) return std::nullopt;
  return refuse(409, "the request is too old to be carried out now: it may have been before");
}

void ExactlyOnce::carried_out(const wire::Entry& entry, const Applied& answer) {
  if (!answer.settles.empty()) settle(answer);
  if (entry.request_id.empty()) return;
  const auto born = birth(entry);
  auto outcome = std::make_shared<Outcome>(entry.request_id, answer.status, answer.body);
  outcome->payload_hash = hash_of(entry.payload);
  outcome->time_ms = born ? log_time_ms_ : client_clock_ms_;
  outcome->made_at = born ? entry.index : 0;
  remember(std::move(outcome));
}

std::optional<Applied> ExactlyOnce::first_answer(std::string_view command,
                                                 std::string_view key) const {
  const auto known = outcomes_.find(key);
  if (known == outcomes_.end()) return std::nullopt;
  const Outcome& first = ***known;
  if (first.payload_hash == hash_of(command)) {
    return Applied{first.status, std::string(first.body())};
  }
  return refuse(422, "this Idempotency-Key was used with another body");
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
  bytes_ += bytes_of(*outcome);
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
  bytes_ += bytes_of(*settled) - bytes_of(*before);
  Outcomes& ageing = before->made_at > 0 ? made_ : client_;
  ageing.replace(place, std::move(settled), [this](Shared* from, Shared* to) {
    outcomes_.erase(from);
    outcomes_.insert(to);
  });
}

void ExactlyOnce::forget_first(Outcomes& ageing) {
  bytes_ -= bytes_of(*ageing.front());
  outcomes_.erase(&ageing.front());
  ageing.pop_front();
}

void ExactlyOnce::advance(int64_t log_time_ms) {
  if (log_time_ms_ == 0) client_clock_ms_ = log_time_ms_ = log_time_ms;
  const int64_t step_ms = log_time_ms - log_time_ms_;
  client_clock_ms_ += std::clamp<int64_t>(step_ms, 0, kMaxClockStepMs);
  log_time_ms_ = std::max(log_time_ms_, log_time_ms);
  while (!made_.empty() && made_.front()->time_ms < log_time_ms_ - kMadeKeyMs) {
    forgotten_index_ = made_.front()->made_at;
    forget_first(made_);
  }
  while (!client_.empty() && client_.front()->time_ms < client_clock_ms_ - kClientKeyMs) {
    forget_first(client_);
  }
}

std::unique_ptr<FrozenState> ExactlyOnce::freeze() const {
  Json clock;
  clock.set("log_time", log_time_ms_);
  clock.set("clock", client_clock_ms_);
  if (by_index_) clock.set("forgotten", forgotten_index_);
  if (planted(Bug::kForgetKeys)) {
    return std::make_unique<Frozen>(std::move(clock), Outcomes::Picture(), Outcomes::Picture(),
                                    inner_.freeze());
  }
  return std::make_unique<Frozen>(std::move(clock), client_.picture(), made_.picture(),
                                  inner_.freeze());
}

void ExactlyOnce::reset() {
  outcomes_.clear();
  made_.clear();
  client_.clear();
  log_time_ms_ = client_clock_ms_ = 0;
  bytes_ = 0;
  forgotten_index_ = 0;
  by_index_ = false;
  inner_.reset();
}

Status ExactlyOnce::restore_row(std::string_view row) {
  if (!is_own_row(row)) return inner_.restore_row(row);
  auto own = parse_own_row(row);
  if (!own) return fail(std::move(own.error()));
  if (const auto* clock = std::get_if<Clock>(&*own)) {
    log_time_ms_ = clock->log_time_ms;
    client_clock_ms_ = clock->client_ms;
    by_index_ = clock->forgotten_index.has_value();
    forgotten_index_ = clock->forgotten_index.value_or(0);
    return {};
  }
  auto outcome = std::make_shared<Outcome>(std::move(std::get<Outcome>(*own)));
  if (outcomes_.contains(outcome->key())) return corrupt("a key comes twice");
  // An earlier version had keys that aged by log time and are as a client's now.
  if (outcome->made_at == 0 && client_clock_ms_ != 0) {
    outcome->time_ms = std::min(outcome->time_ms, client_clock_ms_);
  }
  remember(std::move(outcome));
  return {};
}

std::unique_ptr<RowChecker> ExactlyOnce::row_checker() const {
  return std::make_unique<Checker>(inner_.row_checker());
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
  std::swap(log_time_ms_, other.log_time_ms_);
  std::swap(client_clock_ms_, other.client_clock_ms_);
  std::swap(by_index_, other.by_index_);
  std::swap(forgotten_index_, other.forgotten_index_);
  inner_.swap_state(other.inner_);
}

Status ExactlyOnce::finish_restore() { return inner_.finish_restore(); }

}  // namespace tandem::repl
