// The saga of a purchase, on the leader of the order group: for every open intent the catalog is
// asked to take the toys out of the stock, as often as it needs to answer, and what it answered is
// logged as the intent's result. Pure: time comes with each call (ns, boot clock), effects go out
// for the owner to carry out.
//
// It holds nothing that must not be lost: a new leader begins with the open intents of the state
// and asks again, and the catalog gives the same outcome.
#pragma once

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <vector>

#include "toys/catalog.h"
#include "toys/orders.h"

namespace tandem::toys {

struct PurchasesOptions {
  size_t max_asking = 1024;            // questions to the catalog at a time
  int64_t first_pause_ns = 5'000'000;  // before the same question again; doubled each time
  int64_t longest_pause_ns = 500'000'000;
};

class Purchases {
 public:
  struct Result {  // to be logged: Orders::result_command()
    IntentId intent;
    uint16_t status = 0;
  };
  struct Effects {
    std::vector<Take> takes;  // to be asked of the catalog; its answer comes by catalog_answered()
    std::vector<Result> results;
  };

  // `orders` is the state that this replica applies to; it outlives this.
  Purchases(const PurchasesOptions& options, const Orders& orders)
      : options_(options), orders_(orders) {}

  // Of the entries of an epoch. An intent that was logged before a restore of its group stays what
  // it was to the catalog, which may have its outcome.
  using LineageOf = std::function<uint64_t(uint64_t epoch)>;

  // This replica takes writes: everything that is open is carried on.
  void start(LineageOf lineage_of, int64_t now, Effects& effects);
  // It does not lead any more. Answers to what was asked are ignored from here on.
  void stop();
  bool started() const { return started_; }

  // An intent was applied (REQUIRES: it is open in the state; one that is known is no news).
  void opened(const IntentId& intent, int64_t now, Effects& effects);
  // The catalog's answer to a take: a status of catalog.h, anything else is no outcome.
  void catalog_answered(const IntentId& intent, uint16_t status, int64_t now, Effects& effects);
  // A result could not be logged, or it is not known whether it was.
  void result_failed(const IntentId& intent, int64_t now);
  // A result was applied.
  void closed(const IntentId& intent, int64_t now, Effects& effects);
  // What has to be done again by now; every 5 ms or so.
  void tick(int64_t now, Effects& effects);

  size_t open() const { return steps_.size(); }

 private:
  enum class Step {
    kQueued,  // until fewer questions are under way
    kPaused,  // before it is tried again
    kAsking,
    kLogging,
  };
  struct State {
    Step step = Step::kQueued;
    uint16_t outcome = 0;  // once the catalog has answered
    int64_t pause_ns = 0;
  };
  using Steps = std::map<IntentId, State>;
  void go_on(Steps::iterator it, Effects& effects);
  void pause(Steps::iterator it, int64_t now);
  void leave_asking(State& state);
  void ask_queued(Effects& effects);

  const PurchasesOptions options_;
  const Orders& orders_;
  bool started_ = false;
  LineageOf lineage_of_;
  size_t asking_ = 0;
  Steps steps_;
  std::deque<IntentId> queue_;               // in the order of the log; may name some that are gone
  std::multimap<int64_t, IntentId> paused_;  // by when they go on; likewise
};

}  // namespace tandem::toys
