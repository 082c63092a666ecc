#include "sim/store/wires.h"

#include "base/check.h"

namespace tandem::sim {

void Return::answer(const Response& response) const {
  CHECK(response.status != 0);
  if (wires_ == nullptr || !process_->acts() || process_->session() != session_) return;
  wires_->send_back(*this, response);
}

void Wires::attach(const Address& address, Process& process, FindServer server) {
  ends_[address] = End{&process, std::move(server)};
}

int Wires::copies() {
  const bool lost = universe_.strikes(plan_.lose);
  const bool twice = universe_.strikes(plan_.twice);
  return lost ? 0 : twice ? 2 : 1;
}

bool Wires::call(const Address& from, const Address& to, const Call& call, int64_t patience_ns,
                 Done done) {
  Process& process = *ends_.at(from).process;
  if (!process.acts()) return false;
  const uint64_t number = ++last_number_;
  pending_[number] = Pending{from, process.session(), std::move(done)};
  process.later(patience_ns, [this, number] { finish(number, Response{}); });
  if (cuts_.contains({from, to})) return false;
  const int all = copies();
  for (int left = all; left > 0; --left) {
    universe_.schedule.after(universe_.delay_ns(plan_),
                             [this, from, to, number, call] { arrive(from, to, number, call); });
  }
  return all > 1;
}

void Wires::arrive(const Address& from, const Address& to, uint64_t number, const Call& call) {
  if (cuts_.contains({from, to})) return;
  const End& end = ends_.at(to);
  Process& process = *end.process;
  Return way;
  way.wires_ = this;
  way.number_ = number;
  way.from_ = to;
  way.process_ = &process;
  way.session_ = process.session();
  universe_.trace.note("store", "call number method from to:",
                       {number, static_cast<uint64_t>(call.method), from.id, to.id});
  universe_.trace.say(call.key + " " + call.body);
  process.run(process.session(), [&end, call, way] { end.server().serve(call, way); });
}

void Wires::send_back(const Return& way, const Response& response) {
  const auto pending = pending_.find(way.number_);
  if (pending == pending_.end()) return;  // the caller has given up
  if (cuts_.contains({way.from_, pending->second.from})) return;
  for (int left = copies(); left > 0; --left) {
    universe_.schedule.after(universe_.delay_ns(plan_), [this, way, response] {
      come_back(way.number_, way.from_, response);
    });
  }
}

void Wires::come_back(uint64_t number, const Address& from, const Response& response) {
  const auto pending = pending_.find(number);
  if (pending == pending_.end() || cuts_.contains({from, pending->second.from})) return;
  universe_.trace.note("store", "answer number status:", {number, response.status});
  universe_.trace.say(response.body);
  Process& process = *ends_.at(pending->second.from).process;
  process.run(pending->second.session, [this, number, response] { finish(number, response); });
}

void Wires::finish(uint64_t number, const Response& response) {
  auto pending = pending_.extract(number);
  if (pending) pending.mapped().done(response);
}

}  // namespace tandem::sim
