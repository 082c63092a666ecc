#include "http/server.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"
#include "http/connection.h"
#include "loop/tcp.h"

namespace tandem::http {
namespace {

// Connections above the limit that may ask for health; those above this are closed without a word.
constexpr size_t kMaxGuests = 16;
// Among so many connections the longest idle one is looked for: all would take too long.
constexpr size_t kLookedAt = 256;

// Often enough for the shortest time-out, seldom enough to cost nothing with many connections.
uint64_t sweep_interval_ms(const Limits& limits) {
  const uint64_t shortest = std::min({limits.request_timeout_ms, limits.idle_timeout_ms,
                                      limits.write_timeout_ms, limits.linger_timeout_ms});
  return std::clamp<uint64_t>(shortest / 4, 1, 500);
}

}  // namespace

class Server::Impl final : public ConnectionHost {
 public:
  Impl(loop::Loop& l, const ServerOptions& options, const Router& r)
      : ConnectionHost(l, options, r),
        backlog_(options.backlog),
        proceed_(l, [this] { proceed_all(); }),
        flush_(l, [this] { flush_all(); }),
        sweep_(l, [this] { sweep(); }) {
    sweep_.start(sweep_interval_ms(limits), sweep_interval_ms(limits));
    sweep_.unref();
  }

  ~Impl() {
    done_ = nullptr;
    close_now();
    flush_all();
  }

  Status bind(const std::string& host, uint16_t port) {
    auto listener = std::make_unique<loop::TcpListener>(
        loop, [this](loop::TcpStream stream) { accept(std::move(stream)); });
    Status bound = listener->bind(host, port, backlog_);
    if (bound) listeners_.push_back(std::move(listener));
    return bound;
  }

  void accept() {
    CHECK_MSG(!listeners_.empty(), "bind() comes first");
    listeners_.back()->accept();
  }

  uint16_t port() const {
    CHECK_MSG(!listeners_.empty(), "the server does not listen");
    return listeners_.back()->port();
  }

  void drain(UniqueFunction<void()> done) {
    draining = true;
    done_ = std::move(done);
    for (auto& listener : listeners_) listener->close();
    for (auto& connection : connections_) connection->drain();
    proceed_.start();
  }

  void close_now() {
    for (auto& listener : listeners_) listener->close();
    for (auto& connection : connections_) connection->die();
    proceed_.start();
  }

  size_t connection_count() const { return connections_.size(); }

  void touch(Connection& connection) override {
    connection.touched = true;
    touched_.push_back(&connection);
    // Whatever asked, even another Prepare that runs after ours: the loop must not block before
    // flush_all() has run once more.
    if (touched_.size() == 1) proceed_.start();
  }

  void drop_slow_reader() override {
    Connection* slowest = nullptr;
    uint64_t since_ms = 0;
    for (auto& connection : connections_) {
      const auto slow = connection->slow_since_ms(loop.now_ms());
      if (!slow || (slowest != nullptr && *slow >= since_ms)) continue;
      slowest = connection.get();
      since_ms = *slow;
    }
    if (slowest != nullptr) slowest->die();
  }

 private:
  void accept(loop::TcpStream stream) {
    const bool is_guest =
        connections_.size() - guests_.size() >= limits.connections && !make_room();
    if (is_guest && guests_.size() >= kMaxGuests && !make_room_for_guest()) {
      ++turned_away;
      return;
    }
    auto connection = std::make_unique<Connection>(*this, std::move(stream));
    connection->slot = connections_.size();
    connections_.push_back(std::move(connection));
    Connection& added = *connections_.back();
    if (!is_guest) return added.start();
    guests_.push_back(&added);
    added.start_as_guest();
  }

  // Closes what waits longest for its next request, as nginx does, or for the rest of a head; false
  // where there is none. It goes at once: the descriptor may be the last one.
  bool make_room() {
    Connection* idle = nullptr;
    Connection* dawdler = nullptr;
    for (size_t i = 0; i < std::min(kLookedAt, connections_.size()); ++i) {
      Connection& connection = *connections_[++looked_at_ % connections_.size()];
      if (connection.is_waiting_guest()) continue;
      if (!connection.idle() && !connection.dawdles(loop.now_ms())) continue;
      Connection*& longest = connection.idle() ? idle : dawdler;
      if (longest == nullptr || connection.waits_longer(*longest)) longest = &connection;
    }
    Connection* leaves = idle != nullptr ? idle : dawdler;
    if (leaves == nullptr) return false;
    leaves->die();
    remove(*leaves);
    return true;
  }

  // The oldest that has not asked yet goes: silent ones cannot keep those out who ask.
  bool make_room_for_guest() {
    const auto silent = std::find_if(guests_.begin(), guests_.end(),
                                     [](Connection* guest) { return guest->is_waiting_guest(); });
    if (silent == guests_.end()) return false;
    ++turned_away;
    Connection& leaves = **silent;
    leaves.die();
    remove(leaves);
    return true;
  }

  // The touched stay touched: flush_all() follows in the same turn. Handlers may touch more.
  void proceed_all() {
    for (size_t i = 0; i < touched_.size(); ++i) touched_[i]->proceed();
  }

  void flush_all() {
    ++turn;
    requests_in_turn = read_in_turn = 0;
    if (touched_.empty() && !proceed_.active()) return;
    proceed_.stop();
    flushing_.swap(touched_);
    for (Connection* connection : flushing_) {
      connection->touched = false;
      connection->flush();
      // Once only: a dead one may have been touched again by its own flush().
      if (connection->dead()) remove(*connection);
    }
    flushing_.clear();
    bury_dead();
    if (draining && connections_.empty() && done_) std::exchange(done_, nullptr)();
  }

  void remove(Connection& connection) {
    const size_t slot = connection.slot;
    if (connection.touched) std::erase(touched_, &connection);
    std::erase(guests_, &connection);
    dead_.push_back(std::move(connections_[slot]));
    if (slot + 1 != connections_.size()) {
      connections_[slot] = std::move(connections_.back());
      connections_[slot]->slot = slot;
    }
    connections_.pop_back();
  }

  // Telling owners of streams may touch or kill other connections, not these.
  void bury_dead() {
    std::vector<std::unique_ptr<Connection>> dead;
    dead.swap(dead_);
    if (dead.empty()) return;
    for (auto& connection : dead) connection->bury();
    dead.clear();
    for (auto& listener : listeners_) listener->on_stream_closed();
  }

  void sweep() {
    const uint64_t now_ms = loop.now_ms();
    for (auto& connection : connections_) {
      connection->check_deadline(now_ms);
      if (buffers.is_scarce()) connection->trim();
    }
  }

  const int backlog_;
  std::vector<std::unique_ptr<loop::TcpListener>> listeners_;
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<std::unique_ptr<Connection>> dead_;
  std::vector<Connection*> guests_;  // above the limit, the oldest first
  std::vector<Connection*> touched_;
  std::vector<Connection*> flushing_;  // empty outside of flush_all(): keeps its memory
  UniqueFunction<void()> done_;
  size_t looked_at_ = 0;
  loop::Idle proceed_;
  loop::Prepare flush_;
  loop::Timer sweep_;
};

Server::Server(loop::Loop& loop, const ServerOptions& options, const Router& router)
    : impl_(std::make_unique<Impl>(loop, options, router)) {}
Server::~Server() = default;

Status Server::listen(const std::string& host, uint16_t port) {
  Status bound = bind(host, port);
  if (bound) accept();
  return bound;
}

Status Server::bind(const std::string& host, uint16_t port) { return impl_->bind(host, port); }

void Server::accept() { impl_->accept(); }
uint16_t Server::port() const { return impl_->port(); }
void Server::drain(UniqueFunction<void()> done) { impl_->drain(std::move(done)); }
void Server::close_now() { impl_->close_now(); }
size_t Server::connection_count() const { return impl_->connection_count(); }
uint64_t Server::turned_away() const { return impl_->turned_away; }
const BufferBudget& Server::buffers() const { return impl_->buffers; }
BufferBudget& Server::buffers() { return impl_->buffers; }

}  // namespace tandem::http
