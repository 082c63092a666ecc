#include "tables/key_memory.h"

#include <array>
#include <utility>

#include "base/number.h"
#include "wire/utf8.h"

namespace tandem::tables {
namespace {

using pg::Type;
using repl::KeyOutcome;

constexpr std::string_view kHexPrefix = "\\x";

constexpr const char* kKeyColumns = "key, hash, time_ms, made, status, body";

// Between key and body, as kAllColumns has them.
constexpr const char* kAllColumns = "key, seq, hash, time_ms, made, status, size, body";
constexpr size_t kNumbers = 6;
using Numbers = std::array<int64_t, kNumbers>;

Numbers numbers_of(const KeyOutcome& outcome, int64_t seq) {
  return {seq,
          static_cast<int64_t>(outcome.payload_hash),
          outcome.time_ms,
          static_cast<int64_t>(outcome.made_at),
          outcome.status,
          static_cast<int64_t>(outcome.memory_bytes())};
}

void add_ageing(pg::Batch& batch, const char* which, int64_t horizon_ms) {
  pg::Parameters parameters;
  parameters.int64(horizon_ms);
  batch.add(std::string("SELECT time_ms, max(made), count(*), sum(size)::bigint "
                        "FROM tandem.keys WHERE made ") +
                which + " 0 AND time_ms < $1 GROUP BY time_ms ORDER BY time_ms",
            std::move(parameters), {Type::kInt64, Type::kInt64, Type::kInt64, Type::kInt64});
}

void add_forgetting(pg::Batch& batch, const char* which, int64_t horizon_ms) {
  pg::Parameters parameters;
  parameters.int64(horizon_ms);
  batch.add(std::string("DELETE FROM tandem.keys WHERE made ") + which + " 0 AND time_ms < $1",
            std::move(parameters));
}

}  // namespace

std::string stored_text(std::string_view text) {
  if (!text.starts_with(kHexPrefix) && text.find('\0') == text.npos && wire::is_utf8(text)) {
    return std::string(text);
  }
  constexpr std::string_view kDigits = "0123456789abcdef";
  std::string out(kHexPrefix);
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    out += kDigits[byte >> 4];
    out += kDigits[byte & 15];
  }
  return out;
}

Result<std::string> text_of_stored(std::string_view stored) {
  if (!stored.starts_with(kHexPrefix)) return std::string(stored);
  stored.remove_prefix(kHexPrefix.size());
  std::string out;
  for (; !stored.empty(); stored.remove_prefix(2)) {
    const auto byte = parse_hex<uint8_t>(stored.substr(0, 2));
    if (stored.size() < 2 || !byte) return fail(ErrorKind::kCorrupt, "tandem.keys: no such text");
    out += static_cast<char>(*byte);
  }
  return out;
}

void KeyMemory::reset(const repl::KeyClock& clock, const Total& total, int64_t next_seq) {
  start_anew();
  clock_ = clock;
  total_ = total;
  next_seq_ = next_seq;
}

void KeyMemory::add_fetch(pg::Batch& batch, const std::vector<wire::Entry>& entries) {
  std::vector<std::string> keys;
  repl::KeyClock clock = clock_;
  for (const wire::Entry& entry : entries) {
    if (entry.type != wire::EntryType::kCommand) continue;
    clock.advance(entry.time_ms);
    if (!entry.request_id.empty()) keys.push_back(stored_text(entry.request_id));
  }
  pg::Parameters parameters;
  parameters.text_array(keys);
  batch.add(std::string("SELECT ") + kKeyColumns + " FROM tandem.keys WHERE key = ANY ($1)",
            std::move(parameters), key_types());
  add_ageing(batch, ">", clock.made_horizon_ms());
  add_ageing(batch, "=", clock.client_horizon_ms());
}

Status KeyMemory::take(const std::vector<pg::Rows>& rows, size_t at) {
  for (size_t i = 0; i < rows[at].size(); ++i) {
    auto outcome = outcome_of(rows[at], i);
    if (!outcome) return fail(std::move(outcome.error()));
    std::string key(outcome->key());
    fetched_.emplace(std::move(key), std::move(*outcome));
  }
  for (std::deque<Ageing>* queue : {&made_, &clients_}) {
    const pg::Rows& ageing = rows[++at];
    for (size_t i = 0; i < ageing.size(); ++i) {
      queue->push_back({ageing.int64(i, 0), static_cast<uint64_t>(ageing.int64(i, 1)),
                        static_cast<uint64_t>(ageing.int64(i, 2)),
                        static_cast<uint64_t>(ageing.int64(i, 3))});
    }
  }
  some_made_end_ = !made_.empty();
  some_clients_end_ = !clients_.empty();
  return {};
}

const KeyOutcome* KeyMemory::find(std::string_view key) const {
  if (const auto added = added_by_key_.find(key); added != added_by_key_.end()) {
    return added->second->forgotten ? nullptr : &added->second->outcome;
  }
  const auto fetched = fetched_.find(key);
  if (fetched == fetched_.end()) return nullptr;
  const KeyOutcome& outcome = fetched->second;
  const int64_t horizon_ms =
      outcome.made_at > 0 ? clock_.made_horizon_ms() : clock_.client_horizon_ms();
  return outcome.time_ms < horizon_ms ? nullptr : &outcome;
}

std::optional<repl::Applied> KeyMemory::advance(const wire::Entry& entry) {
  clock_.advance(entry.time_ms);
  forget();
  if (entry.request_id.empty()) return std::nullopt;
  if (const KeyOutcome* known = find(entry.request_id)) return known->answer_to(entry.payload);
  return clock_.refuse_old(entry);
}

// What was there before the batch is older than what the batch adds.
void KeyMemory::forget() {
  const auto reach = [this](std::deque<Ageing>& queue, int64_t horizon_ms) {
    uint64_t newest = 0;
    for (; !queue.empty() && queue.front().time_ms < horizon_ms; queue.pop_front()) {
      newest = queue.front().newest_made;
      total_.keys -= queue.front().keys;
      total_.bytes -= queue.front().bytes;
    }
    return newest;
  };
  if (const uint64_t newest = reach(made_, clock_.made_horizon_ms()); newest > 0) {
    clock_.forgotten_index = newest;
  }
  reach(clients_, clock_.client_horizon_ms());
  for (Added& added : added_) {
    const bool made = added.outcome.made_at > 0;
    const int64_t horizon_ms = made ? clock_.made_horizon_ms() : clock_.client_horizon_ms();
    if (added.forgotten || added.outcome.time_ms >= horizon_ms) continue;
    added.forgotten = true;
    if (made) clock_.forgotten_index = added.outcome.made_at;
    --total_.keys;
    total_.bytes -= added.outcome.memory_bytes();
  }
}

void KeyMemory::carried_out(const wire::Entry& entry, const repl::Applied& answer) {
  if (entry.request_id.empty()) return;
  const Added& added = added_.emplace_back(Added{clock_.outcome(entry, answer)});
  added_by_key_.insert_or_assign(added.outcome.key(), &added);
  ++total_.keys;
  total_.bytes += added.outcome.memory_bytes();
}

void KeyMemory::add_write(pg::Batch& batch) const {
  if (some_made_end_) add_forgetting(batch, ">", clock_.made_horizon_ms());
  if (some_clients_end_) add_forgetting(batch, "=", clock_.client_horizon_ms());
  std::vector<std::string> keys;
  std::vector<std::string> bodies;
  std::vector<int64_t> numbers[kNumbers];
  int64_t seq = next_seq_;
  for (const Added& added : added_) {
    const Numbers fields = numbers_of(added.outcome, seq++);
    if (added.forgotten) continue;
    keys.push_back(stored_text(added.outcome.key()));
    bodies.push_back(stored_text(added.outcome.body()));
    for (size_t i = 0; i < kNumbers; ++i) numbers[i].push_back(fields[i]);
  }
  if (keys.empty()) return;
  pg::Parameters parameters;
  parameters.text_array(keys);
  for (const std::vector<int64_t>& column : numbers) parameters.int64_array(column);
  parameters.text_array(bodies);
  batch.add(std::string("INSERT INTO tandem.keys (") + kAllColumns +
                ") "
                "SELECT * FROM unnest($1::text[], $2::bigint[], $3::bigint[], $4::bigint[], "
                "$5::bigint[], "
                "$6::bigint[], $7::bigint[], $8::text[])",
            std::move(parameters));
}

void KeyMemory::start_anew() {
  next_seq_ = next_seq();
  fetched_.clear();
  made_.clear();
  clients_.clear();
  added_by_key_.clear();
  added_.clear();
}

std::string copy_keys_sql(const std::string& place) {
  return "COPY " + place + ".keys (" + kAllColumns + ") FROM STDIN (FORMAT binary)";
}

pg::Parameters copied(const KeyOutcome& outcome, int64_t seq) {
  pg::Parameters row;
  row.text(stored_text(outcome.key()));
  for (const int64_t number : numbers_of(outcome, seq)) row.int64(number);
  row.text(stored_text(outcome.body()));
  return row;
}

void add_find_key(pg::Batch& batch, std::string_view key) {
  pg::Parameters parameters;
  parameters.text(stored_text(key));
  batch.add(std::string("SELECT ") + kKeyColumns + " FROM tandem.keys WHERE key = $1",
            std::move(parameters), key_types());
}

Result<std::optional<KeyOutcome>> found_key(const pg::Rows& rows) {
  if (rows.empty()) return std::nullopt;
  auto outcome = outcome_of(rows, 0);
  if (!outcome) return fail(std::move(outcome.error()));
  return std::optional(std::move(*outcome));
}

std::string all_keys_sql() {
  return std::string("SELECT ") + kKeyColumns + " FROM tandem.keys ORDER BY made > 0, seq";
}

std::vector<Type> key_types() {
  return {Type::kText, Type::kInt64, Type::kInt64, Type::kInt64, Type::kInt64, Type::kText};
}

Result<KeyOutcome> outcome_of(const pg::Rows& rows, size_t row) {
  const auto key = text_of_stored(rows.text(row, 0));
  const auto body = text_of_stored(rows.text(row, 5));
  if (!key) return fail(key.error());
  if (!body) return fail(body.error());
  KeyOutcome outcome(*key, static_cast<uint16_t>(rows.int64(row, 4)), *body);
  outcome.payload_hash = static_cast<uint64_t>(rows.int64(row, 1));
  outcome.time_ms = rows.int64(row, 2);
  outcome.made_at = static_cast<uint64_t>(rows.int64(row, 3));
  return outcome;
}

}  // namespace tandem::tables
