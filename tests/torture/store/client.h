// One client of the store: calls to the fronts with their repetitions, and what they mean for the
// history. It stays with one front until that does not answer well.
#pragma once

#include <atomic>
#include <cstdint>
#include <mutex>
#include <string>
#include <vector>

#include "history/store.h"
#include "sim/random.h"
#include "store/recorder.h"
#include "support/http_call.h"

namespace tandem::torture::store {

// What all clients share; outlives them.
struct Shared {
  const std::vector<std::string>& fronts;  // http://HOST:PORT
  Recorder& recorder;
  uint64_t seed = 0;
  std::atomic<bool> stop{false};
  std::atomic<bool> give_up{false};     // nothing is answered any more: leave what was begun
  std::atomic<bool> heavy{false};       // a disk is full: write enough for it to be noticed
  std::atomic<uint64_t> last_order{0};  // a number that was acknowledged of late
  std::mutex mutex{};
  std::vector<std::string> toys{};  // those that are there, or are about to be
};

// A change that is wanted: what is sent, always with the same key, and what came of it.
struct Change {
  history::StoreOperation operation;
  std::string method;
  std::string path;
  std::string body;
};

class Client {
 public:
  Client(Shared& shared, uint32_t number);

  bool stopped() const { return shared_.stop; }
  // Waits a little, at random.
  void think(int64_t most_ms);
  Shared& shared() { return shared_; }
  sim::Random& random() { return random_; }
  // One of those that there are, the first ones most often.
  std::string some_toy();
  // At the front that it began with.
  void stay() { front_ = number_ % shared_.fronts.size(); }
  void other_front() { front_ = (front_ + 1) % shared_.fronts.size(); }
  // --- changes to be carried out ---
  Change buy(const std::string& toy, int64_t quantity);
  // Of a toy that there never is, with the longest name and key: it takes the most of the logs.
  Change buy_nothing();
  Change restock(const std::string& toy, int64_t quantity);
  Change set_price(const std::string& toy, int64_t cents);
  Change add(const std::string& toy, int64_t cents, int64_t quantity);

  // Asks until the answer is clear, at both fronts, and records the change. Where there is none for
  // a very long time that is a wrong answer.
  void carry_out(Change& change);
  // Asks once, with little time. False: no clear answer, and nothing is recorded; the change is to
  // be carried out later.
  bool try_once(Change& change);
  // The purchase, which was answered, once more: the same answer must come.
  void repeat(const Change& change);
  // The same with another quantity, which must be refused.
  void repeat_with_other_body(const Change& change);

  // --- looking; all are repeated until there is an answer ---
  void see(const std::string& toy);
  void see_all();
  void see_order(uint64_t number);

 private:
  enum class Clarity { kClear, kAgain, kWrong };

  Change change(history::StoreKind kind, const std::string& toy);
  support::Answer call(const std::string& method, const std::string& path, const std::string& body,
                       history::StoreOperation& operation, long timeout_ms);
  Clarity ask(Change& change, long timeout_ms);
  // Until the answer is 200 or 404; sets the times. False: wrong, which is recorded.
  bool look(const std::string& path, history::StoreOperation& operation, support::Answer& answer);
  Clarity read(const support::Answer& answer, history::StoreOperation& operation) const;
  void wrong(const std::string& what, const history::StoreOperation& operation,
             const support::Answer& answer);

  Shared& shared_;
  const uint32_t number_;
  uint64_t changes_ = 0;
  size_t front_ = 0;
  sim::Random random_;
  support::HttpCall http_;
};

}  // namespace tandem::torture::store
