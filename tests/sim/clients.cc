#include "sim/clients.h"

#include <algorithm>
#include <array>
#include <cstdio>

#include "base/ids.h"
#include "history/checks.h"
#include "history/linearizable.h"

namespace tandem::sim {
namespace {

using history::Kind;
using history::Level;
using history::Outcome;

// Few, so that requests meet: two registers, a counter, a set.
constexpr std::array<const char*, 4> kObjects = {"r1", "r2", "c1", "s1"};
constexpr uint64_t kSteps = 50'000;

bool is_set(const std::string& object) { return object[0] == 's'; }

}  // namespace

void Clients::start() {
  clients_.resize(world_.plan.clients);
  for (uint32_t id = 0; id < clients_.size(); ++id) {
    clients_[id].request.client = id;
    begin(id);
  }
}

bool Clients::idle() const {
  return std::none_of(clients_.begin(), clients_.end(), [](const auto& c) { return c.waiting; });
}

// --- what to ask for ---

void Clients::begin(uint32_t id) {
  if (stopped_) return;
  Client& client = clients_[id];
  ++client.request.number;
  client.waiting = true;
  client.patience = world_.random.between<uint32_t>(1, 30);
  const bool forges = !client.request.key.empty() && world_.random.chance(100);
  if (forges) {
    forge(client);
  } else {
    client.forged = false;
    client.operation = {};
    const std::string object = world_.random.one_of(kObjects);
    client.operation.client = id;
    client.operation.key = object;
    client.operation.called = world_.now();
    client.operation.session = id + 1;
    if (world_.random.chance(world_.plan.reads)) {
      choose_read(client, object);
    } else {
      choose_change(client, object);
    }
  }
  ask(id, client.request.number);
}

void Clients::choose_read(Client& client, const std::string& object) {
  constexpr std::array kLevels = {Level::kLinearizable, Level::kLinearizable, Level::kSession,
                                  Level::kEventual};
  client.operation.kind = is_set(object) ? Kind::kReadSet : Kind::kRead;
  client.operation.level = client.request.level = world_.random.one_of(kLevels);
  client.request.key.clear();
  client.request.object = object;
  client.request.floor = 0;
  if (client.request.level == Level::kLinearizable) {
    client.request.floor = world_.checks.committed().size();
  } else if (client.request.level == Level::kSession) {
    client.request.floor = client.seen;
  } else {
    client.operation.session = 0;
  }
}

void Clients::choose_change(Client& client, const std::string& object) {
  history::Operation& operation = client.operation;
  operation.value = ++last_value_;
  std::string verb = "add ";
  std::string expected;
  if (is_set(object)) {
    operation.kind = Kind::kAdd;
  } else if (object[0] == 'c') {
    operation.kind = Kind::kIncrement;
    verb = "increment ";
    operation.value = 1;
  } else if (world_.random.chance(500)) {
    operation.kind = Kind::kWrite;
    verb = "write ";
  } else {
    operation.kind = Kind::kCompareSet;
    verb = "compare ";
    const auto held = client.held.find(object);
    operation.expected = held == client.held.end() ? history::kAbsent : held->second;
    expected = ' ' + std::to_string(operation.expected);
  }
  Request& request = client.request;
  request.payload = verb + object + ' ' + std::to_string(operation.value) + expected;
  request.key = world_.random.chance(500) ? "client" + std::to_string(request.client) + '-' +
                                                std::to_string(request.number)
                                          : made_key(client.heard, world_.new_id());
}

void Clients::forge(Client& client) {
  client.forged = true;
  client.request.payload += '0';
}

// --- asking and hearing ---

// Asks any replica, a change one that leads; whatever comes of it, asks again later.
void Clients::ask(uint32_t id, uint64_t number) {
  Client& client = clients_[id];
  if (!client.waiting || client.request.number != number) return;
  if (client.patience-- == 0 && !stopped_) {
    lose_patience(client);
    return;
  }
  size_t node = world_.random.below(nodes_.size());
  if (!client.request.key.empty()) node = group_.leading_from(node);
  for (int copies = world_.strikes(world_.plan.twice) ? 2 : 1; copies > 0; --copies) {
    world_.schedule.after(network_.delay(), [this, node, request = client.request] {
      arrive(*nodes_[node], request);
    });
  }
  world_.schedule.after(world_.between_ns(20 * kMs, 300 * kMs),
                        [this, id, number] { ask(id, number); });
}

void Clients::arrive(Node& node, const Request& request) {
  node.run(node.session(), [&node, request] { database_of(node).ask(request); });
}

// A change that was asked for may come yet, at any time.
void Clients::lose_patience(Client& client) {
  if (!client.forged && !client.request.key.empty()) {
    client.operation.outcome = Outcome::kUnknown;
    history_.push_back(client.operation);
  }
  client.request.key.clear();
  client.waiting = false;
  pause(client.request.client);
}

void Clients::reply(const Request& request, const Answer& answer) {
  if (!request.key.empty()) {
    if (answer.applied.status != 422) world_.checks.acknowledged(request.key, answer.applied);
  }
  if (world_.strikes(world_.plan.lose)) return;
  world_.schedule.after(network_.delay(), [this, request, answer] { heard(request, answer); });
}

void Clients::heard(const Request& request, const Answer& answer) {
  Client& client = clients_[request.client];
  if (!client.waiting || client.request.number != request.number) return;
  client.waiting = false;
  if (client.forged) {
    if (answer.applied.status != 422) violated("a key is taken with another body");
    client.request.key.clear();
  } else {
    take(client, answer);
  }
  pause(request.client);
}

void Clients::take(Client& client, const Answer& answer) {
  history::Operation& operation = client.operation;
  operation.returned = world_.now();
  operation.index = answer.index;
  if (operation.session != 0) client.seen = std::max(client.seen, answer.index);
  if (client.request.key.empty()) {
    ++reads_;
    operation.values = answer.values;
    if (operation.kind == Kind::kRead) {
      operation.value = Objects::value_of(answer.values);
      operation.values.clear();
      client.held[operation.key] = operation.value;
    }
  } else {
    if (answer.applied.status == 422) violated("a key that was not used is refused");
    client.heard = answer.index;
    operation.index = world_.checks.effect_of(client.request.key);
    if (answer.applied.status == 409) operation.outcome = Outcome::kMismatch;
  }
  history_.push_back(operation);
}

void Clients::pause(uint32_t id) {
  world_.schedule.after(world_.between_ns(0, world_.plan.think_ns), [this, id] { begin(id); });
}

// --- the end ---

void Clients::check(const Objects::Map& objects, repl::Index index) {
  for (const std::string object : kObjects) {
    history::Operation last;
    last.kind = is_set(object) ? Kind::kReadSet : Kind::kRead;
    last.key = object;
    last.called = world_.now();
    last.returned = world_.now() + 1;
    last.index = index;
    const auto held = objects.find(object);
    const Objects::Values values = held == objects.end() ? Objects::Values{} : held->second;
    if (is_set(object)) {
      last.values = values;
    } else {
      last.value = Objects::value_of(values);
    }
    history_.push_back(last);
  }
  history::LinearOptions options;
  options.steps_per_key = kSteps;
  const history::Linearity linearity = history::check_linearizable(history_, options);
  undecided_ = linearity.unknown.size();
  const auto fail_on = [](const std::vector<history::Violation>& violations) {
    if (violations.empty()) return;
    std::fprintf(stderr, "%s: %s\n", history::name_of(violations[0].problem),
                 violations[0].text.c_str());
    violated("the history of the clients is wrong");
  };
  fail_on(linearity.violations);
  fail_on(history::check_sets(history_));
  fail_on(history::check_sessions(history_));
  fail_on(history::check_indexes(history_));
}

}  // namespace tandem::sim
