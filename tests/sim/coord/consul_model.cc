#include "sim/coord/consul_model.h"

#include <algorithm>
#include <charconv>
#include <utility>

#include "wire/base64.h"
#include "wire/json.h"

namespace tandem::sim {
namespace {

constexpr int64_t kSecondNs = 1'000'000'000;
constexpr int64_t kMinTtlNs = 10 * kSecondNs;
constexpr int64_t kMaxTtlNs = kSecondNs * 24 * 3600;
constexpr int64_t kDefaultLockDelayNs = 15 * kSecondNs;
constexpr int64_t kDefaultWaitNs = 300 * kSecondNs;
constexpr int64_t kMaxWaitNs = 600 * kSecondNs;
constexpr int64_t kWaitJitter = 16;  // so much of a wait may be added to it
constexpr size_t kMaxValueBytes = 524'288;
constexpr size_t kSessionIdBytes = 36;
constexpr size_t kKeptPast = 4;

using Reply = ConsulModel::Reply;

Reply plain(bool yes) { return {200, yes ? "true" : "false", 0}; }
Reply server_error(std::string what) { return {500, std::move(what), 0}; }
Reply bad_request(std::string what) { return {400, std::move(what), 0}; }

std::string quoted(const std::string& text) { return wire::Json(text).dump(); }

// As Go's time.ParseDuration, for one number with one unit.
std::optional<int64_t> duration_ns(std::string_view text) {
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || number < 0) return std::nullopt;
  const std::string_view unit(end, static_cast<size_t>(text.data() + text.size() - end));
  if (unit == "ms") return number * (kSecondNs / 1000);
  if (unit == "s") return number * kSecondNs;
  if (unit == "m") return number * 60 * kSecondNs;
  if (unit == "h") return number * 3600 * kSecondNs;
  return std::nullopt;
}

std::optional<uint64_t> number_in(std::string_view text) {
  uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Reply not_a_number(const std::string& text) {
  return server_error("strconv.ParseUint: parsing " + quoted(text) + ": invalid syntax");
}

Reply not_a_session() {
  return server_error("failed session lookup: index error: UUID must be 36 characters");
}

std::string text_of(const std::string& key, const ConsulModel::Entry& entry) {
  std::string text = R"({"LockIndex":)" + std::to_string(entry.lock_index);
  text += R"(,"Key":)" + quoted(key) + R"(,"Flags":)" + std::to_string(entry.flags);
  text += R"(,"Value":)";
  text += entry.value.empty() ? "null" : '"' + wire::encode_base64(entry.value) + '"';
  if (!entry.session.empty()) text += R"(,"Session":)" + quoted(entry.session);
  text += R"(,"CreateIndex":)" + std::to_string(entry.create_index);
  return text + R"(,"ModifyIndex":)" + std::to_string(entry.modify_index) + '}';
}

std::string text_of(const std::string& id, const ConsulModel::Session& session) {
  wire::Json json;
  json.set("ID", id).set("Name", session.name).set("Node", session.node);
  json.set("LockDelay", session.lock_delay_ns);
  json.set("Behavior", session.deletes ? "delete" : "release").set("TTL", session.ttl);
  json.set("NodeChecks", wire::Json::Array()).set("ServiceChecks", nullptr);
  json.set("CreateIndex", session.index).set("ModifyIndex", session.index);
  return json.dump();
}

std::string member_text(const wire::Json& object, std::string_view key,
                        const std::string& otherwise) {
  const wire::Json* member = object.find(key);
  const std::string* text = member == nullptr ? nullptr : member->as_string();
  return text == nullptr ? otherwise : *text;
}

}  // namespace

// --- requests ---

ConsulModel::Asked ConsulModel::take_apart(const Request& request) {
  const size_t mark = std::min(request.target.find('?'), request.target.size());
  Asked asked{request.method, request.target.substr(0, mark), {}, request.body};
  for (std::string_view rest = std::string_view(request.target).substr(mark); rest.size() > 1;) {
    rest.remove_prefix(1);
    const std::string_view part = rest.substr(0, rest.find('&'));
    const size_t equals = std::min(part.find('='), part.size());
    asked.query.emplace(part.substr(0, equals),
                        equals < part.size() ? part.substr(equals + 1) : std::string_view());
    rest.remove_prefix(part.size());
  }
  return asked;
}

uint64_t ConsulModel::serve(const Request& request, Done done) {
  const Asked asked = take_apart(request);
  const uint64_t number = ++last_number_;
  if (std::optional<Reply> reply = answer(asked)) {
    done(*reply);
    return number;
  }
  const std::string key = asked.path.substr(std::string_view("/v1/kv/").size());
  Reply reply = of_keys(asked, key);
  const auto index = asked.query.find("index");
  if (asked.method != "GET" || index == asked.query.end() || reply.index == 0) {
    done(reply);
    return number;
  }
  const std::optional<uint64_t> passed = number_in(index->second);
  if (!passed) {
    done(bad_request("Invalid index"));
    return number;
  }
  const auto given = asked.query.find("wait");
  const auto wait_ns = given == asked.query.end() ? kDefaultWaitNs : duration_ns(given->second);
  if (!wait_ns) {
    done(bad_request("Invalid wait time"));
    return number;
  }
  if (*passed == 0 || reply.index > *passed) {
    done(reply);
    return number;
  }
  return wait(asked, key, std::move(reply), *passed, *wait_ns, std::move(done));
}

// All but what is asked of keys.
std::optional<Reply> ConsulModel::answer(const Asked& asked) {
  const auto below = [&](std::string_view prefix) -> std::optional<std::string> {
    if (!asked.path.starts_with(prefix)) return std::nullopt;
    return asked.path.substr(prefix.size());
  };
  if (asked.path == "/v1/status/leader") return Reply{200, has_leader_ ? R"("model")" : R"("")", 0};
  if (!has_leader_) return server_error("No cluster leader");
  if (denies_) return Reply{403, "Permission denied", 0};
  if (const auto key = below("/v1/kv/")) {
    if (key->empty() && !asked.has("recurse")) return bad_request("Missing key name");
    return std::nullopt;
  }
  if (const auto what = below("/v1/session/")) return of_sessions(asked, *what);
  if (asked.path == "/v1/catalog/register") return register_node(asked.body);
  return Reply{404, "", 0};
}

const ConsulModel::State& ConsulModel::state_for(const Asked& asked) {
  const bool old = !asked.has("consistent") && !past_.empty() && random_.chance(stale);
  return old ? past_[random_.below(past_.size())] : state_;
}

Reply ConsulModel::of_keys(const Asked& asked, const std::string& key) {
  if (asked.method == "GET") return read(state_for(asked), key, asked.has("recurse"));
  if (asked.method == "PUT") return put(asked, key);
  if (asked.method == "DELETE") return remove(asked, key);
  return {405, "method " + std::string(asked.method) + " not allowed", 0};
}

Reply ConsulModel::read(const State& state, const std::string& key, bool recurse) const {
  Reply reply;
  uint64_t index = 0;
  for (auto it = state.keys.lower_bound(key); it != state.keys.end(); ++it) {
    if (recurse ? !it->first.starts_with(key) : it->first != key) break;
    reply.body += reply.body.empty() ? "[" : ",";
    reply.body += text_of(it->first, it->second);
    index = std::max(index, it->second.modify_index);
  }
  const bool none = reply.body.empty();
  if (recurse) {
    for (const auto& [gone, at] : state.tombstones) {
      if (gone.starts_with(key)) index = std::max(index, at);
    }
  }
  reply.index = std::max<uint64_t>(index == 0 ? state.keys_index : index, 1);
  reply.status = none ? 404 : 200;
  if (!none) reply.body += "]";
  return reply;
}

Reply ConsulModel::put(const Asked& asked, const std::string& key) {
  if (asked.body.size() > kMaxValueBytes) return {413, "Request body too large", 0};
  const auto given = [&](std::string_view name) {
    const auto it = asked.query.find(name);
    return it == asked.query.end() ? std::string() : it->second;
  };
  const std::string acquire = given("acquire");
  const std::string release = given("release");
  if (asked.has("cas") + asked.has("acquire") + asked.has("release") > 1) {
    return bad_request("Conflicting flags");
  }
  const auto flags = asked.has("flags") ? number_in(given("flags")) : 0;
  if (!flags) return not_a_number(given("flags"));
  const auto cas = asked.has("cas") ? number_in(given("cas")) : 0;
  if (!cas) return not_a_number(given("cas"));

  const auto it = state_.keys.find(key);
  const Entry* now = it == state_.keys.end() ? nullptr : &it->second;
  Entry entry;
  if (now != nullptr) entry = *now;
  entry.value = asked.body;
  entry.flags = *flags;
  if (asked.has("acquire")) {
    if (acquire.size() != kSessionIdBytes) return not_a_session();
    if (!state_.sessions.contains(acquire)) {
      next_index();
      return server_error("invalid session " + quoted(acquire));
    }
    const auto delay = lock_delays_.find(key);
    if (delay != lock_delays_.end() && schedule_.now() < delay->second) return plain(false);
    next_index();
    if (!entry.session.empty() && entry.session != acquire) return plain(false);
    if (entry.session.empty()) ++entry.lock_index;
    entry.session = acquire;
  } else if (asked.has("release")) {
    next_index();
    if (entry.session.empty() || entry.session != release) return plain(false);
    entry.session.clear();
  } else {
    next_index();
    // The modify index of what is not there is 0.
    if (asked.has("cas") && *cas != entry.modify_index) return plain(false);
    entry.lock_index = 0;
  }
  change(key, entry);
  return plain(true);
}

Reply ConsulModel::remove(const Asked& asked, const std::string& key) {
  next_index();
  if (asked.has("recurse")) {
    std::vector<std::string> gone;
    for (auto it = state_.keys.lower_bound(key);
         it != state_.keys.end() && it->first.starts_with(key); ++it) {
      gone.push_back(it->first);
    }
    for (const std::string& one : gone) erase(one);
    return plain(true);
  }
  const auto it = state_.keys.find(key);
  if (it == state_.keys.end()) return plain(true);
  if (asked.has("cas")) {
    const auto cas = number_in(asked.query.at("cas"));
    if (!cas) return not_a_number(asked.query.at("cas"));
    if (*cas != it->second.modify_index) return plain(false);
  }
  erase(key);
  return plain(true);
}

// --- changes of keys ---

uint64_t ConsulModel::next_index() {
  if (stale > 0) {
    past_.push_back(state_);
    if (past_.size() > kKeptPast) past_.pop_front();
  }
  return ++log_index_;
}

void ConsulModel::change(const std::string& key, const Entry& entry) {
  const auto it = state_.keys.find(key);
  std::optional<Entry> before;
  if (it != state_.keys.end()) before = it->second;
  if (before && before->holds_same(entry)) return;
  Entry& now = state_.keys[key];
  now = entry;
  now.modify_index = state_.keys_index = log_index_;
  now.create_index = before ? before->create_index : log_index_;
  changed(key, before);
}

void ConsulModel::erase(const std::string& key) {
  const std::optional<Entry> before = state_.keys.at(key);
  state_.keys.erase(key);
  state_.tombstones[key] = state_.keys_index = log_index_;
  changed(key, before);
}

void ConsulModel::changed(const std::string& key, const std::optional<Entry>& before) {
  const auto it = state_.keys.find(key);
  if (on_change) {
    on_change(key, before ? &*before : nullptr, it == state_.keys.end() ? nullptr : &it->second);
  }
  std::vector<std::pair<Done, Reply>> due;
  for (auto waiting = waiting_.begin(); waiting != waiting_.end();) {
    Waiting& one = waiting->second;
    const bool concerns = one.recurse ? key.starts_with(one.prefix) : key == one.prefix;
    if (concerns) one.last = read(state_, one.prefix, one.recurse);
    if (concerns && one.last.index > one.index) {
      due.emplace_back(std::move(one.done), std::move(one.last));
      waiting = waiting_.erase(waiting);
    } else {
      ++waiting;
    }
  }
  for (auto& [done, reply] : due) done(reply);
}

// --- blocking queries ---

uint64_t ConsulModel::wait(const Asked& asked, const std::string& key, Reply now, uint64_t index,
                           int64_t wait_ns, Done done) {
  wait_ns = std::min(wait_ns == 0 ? kDefaultWaitNs : wait_ns, kMaxWaitNs);
  wait_ns += random_.between<int64_t>(0, wait_ns / kWaitJitter);
  const uint64_t number = last_number_;
  waiting_[number] = Waiting{key, asked.has("recurse"), index, std::move(now), std::move(done)};
  schedule_.after(wait_ns, [this, number] {
    auto ended = waiting_.extract(number);
    if (ended) ended.mapped().done(ended.mapped().last);
  });
  return number;
}

// --- sessions ---

Reply ConsulModel::of_sessions(const Asked& asked, const std::string& what) {
  if (what == "create") return create_session(asked.body);
  const size_t slash = std::min(what.find('/'), what.size());
  const std::string verb = what.substr(0, slash);
  const std::string id = slash < what.size() ? what.substr(slash + 1) : std::string();
  const uint64_t index = std::max<uint64_t>(state_.sessions_index, 1);
  if (verb == "list" || verb == "node") {
    std::string body;
    for (const auto& [one, session] : state_.sessions) {
      if (verb == "node" && session.node != id) continue;
      body += (body.empty() ? "[" : ",") + text_of(one, session);
    }
    return {200, body.empty() ? "[]" : body + "]", index};
  }
  if (id.size() != kSessionIdBytes) return not_a_session();
  const auto it = state_.sessions.find(id);
  const bool there = it != state_.sessions.end();
  if (verb == "info") return {200, there ? "[" + text_of(id, it->second) + "]" : "[]", index};
  if (verb == "destroy") {
    destroy_session(id);
    return plain(true);
  }
  if (verb != "renew") return {404, "", 0};
  if (!there || schedule_.now() < knows_sessions_at_ns_)
    return {404, "Session id '" + id + "' not found", 0};
  start_timer(id);
  return {200, "[" + text_of(id, it->second) + "]", 0};
}

Reply ConsulModel::create_session(std::string_view body) {
  const auto json = wire::parse_json(body);
  if (!json) return bad_request("Request decode failed: " + json.error().message);
  Session session;
  session.name = member_text(*json, "Name", "");
  session.node = member_text(*json, "Node", "a node of the agent's own");
  session.ttl = member_text(*json, "TTL", "");
  session.deletes = member_text(*json, "Behavior", "release") == "delete";
  session.lock_delay_ns =
      duration_ns(member_text(*json, "LockDelay", "15s")).value_or(kDefaultLockDelayNs);
  session.ttl_ns = session.ttl.empty() ? 0 : duration_ns(session.ttl).value_or(0);
  if (!session.ttl.empty() && (session.ttl_ns < kMinTtlNs || session.ttl_ns > kMaxTtlNs)) {
    return server_error("Invalid Session TTL '" + std::to_string(session.ttl_ns) +
                        "', must be between [10s=24h0m0s]");
  }
  session.index = next_index();
  if (!state_.nodes.contains(session.node)) return server_error("Missing node registration");
  const std::string id = new_session_id();
  state_.sessions_index = session.index;
  state_.sessions[id] = session;
  start_timer(id);
  return {200, R"({"ID":")" + id + R"("})", 0};
}

std::string ConsulModel::new_session_id() {
  constexpr std::string_view kHex = "0123456789abcdef";
  std::string id;
  for (const int digits : {8, 4, 4, 4, 12}) {
    if (!id.empty()) id += '-';
    for (int i = 0; i < digits; ++i) id += kHex[random_.below(kHex.size())];
  }
  return id;
}

void ConsulModel::destroy_session(const std::string& id) {
  next_index();
  timers_.erase(id);
  const auto ended = state_.sessions.extract(id);
  if (!ended) return;
  state_.sessions_index = log_index_;
  std::vector<std::string> held;
  for (const auto& [key, entry] : state_.keys) {
    if (entry.session == id) held.push_back(key);
  }
  for (const std::string& key : held) {
    if (ended.mapped().lock_delay_ns > 0) {
      lock_delays_[key] = schedule_.now() + ended.mapped().lock_delay_ns;
    }
    if (ended.mapped().deletes) {
      erase(key);
      continue;
    }
    Entry entry = state_.keys.at(key);
    entry.session.clear();
    change(key, entry);
  }
}

// Ends the session after its TTL at the earliest, and after twice as long at the latest.
void ConsulModel::start_timer(const std::string& session) {
  const int64_t ttl_ns = state_.sessions.at(session).ttl_ns;
  if (ttl_ns == 0) return;
  const uint64_t number = timers_[session] = ++last_timer_;
  const int64_t lives_ns = random_.chance(500) ? ttl_ns : random_.between(ttl_ns, 2 * ttl_ns);
  schedule_.after(lives_ns, [this, session, number] {
    const auto timer = timers_.find(session);
    if (timer != timers_.end() && timer->second == number) destroy_session(session);
  });
}

void ConsulModel::start_timers() {
  timers_.clear();
  for (const auto& [id, session] : state_.sessions) start_timer(id);
}

Reply ConsulModel::register_node(std::string_view body) {
  const auto json = wire::parse_json(body);
  if (!json) return bad_request("Request decode failed: " + json.error().message);
  const std::string node = member_text(*json, "Node", "");
  if (node.empty() || member_text(*json, "Address", "").empty()) {
    return server_error("Must provide node and address");
  }
  next_index();
  state_.nodes.insert(node);
  return plain(true);
}

// --- what befalls a cluster ---

void ConsulModel::lose_leader() {
  has_leader_ = false;
  timers_.clear();
}

void ConsulModel::elect_leader(int64_t knows_at_ns) {
  if (has_leader_) return;
  has_leader_ = true;
  knows_sessions_at_ns_ = knows_at_ns;
  lock_delays_.clear();
  start_timers();
}

void ConsulModel::restore(const State& snapshot, bool reasserts) {
  next_index();
  state_ = snapshot;
  if (reasserts && has_leader_) start_timers();
  for (auto& [number, waiting] : std::exchange(waiting_, {})) waiting.done(waiting.last);
}

void ConsulModel::wipe() {
  state_ = {};
  past_.clear();
  log_index_ = 10;
  timers_.clear();
  lock_delays_.clear();
  waiting_.clear();
}

void ConsulModel::reap_tombstones() {
  state_.tombstones.clear();
  state_.keys_index = next_index();
}

}  // namespace tandem::sim
