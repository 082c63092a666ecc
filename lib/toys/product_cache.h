// A front's cache of products: least recently used out first, under a lease of the catalog, and
// never older than a change that was answered before the request began. Pure: time comes with each
// call (ns, the front's boot clock, sampled after the request was there).
//
// See tandem-replication(7), "The cache of the fronts", for why each rule is there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <list>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>

#include "toys/subscriptions.h"

namespace tandem::toys {

struct CacheOptions {
  bool enabled = true;
  size_t size = 1000;  // products
};

struct CacheFigures {
  uint64_t hits = 0;
  uint64_t misses = 0;
  uint64_t stored = 0;
  uint64_t evicted = 0;      // for lack of room
  uint64_t invalidated = 0;  // by a push
  uint64_t emptied = 0;      // times
  uint64_t refused = 0;      // answers of fills that were not stored
};

class ProductCache {
 public:
  ProductCache(const CacheOptions& options, uint64_t front_id);

  // --- queries ---
  // The product as it was stored (its text is the owner's), or nullptr: ask the catalog. The
  // pointer is good until the next call.
  const std::string* find(std::string_view name, int64_t now);

  // A query that found nothing: what is to be done for it. One fill of a name is under way at a
  // time, and a query may wait for its answer only under a lease: what was answered before it came
  // has raised the floor then.
  struct Join {
    enum class How {
      kBegin,  // ask the catalog and tell the outcome by end_fill() or fail_fill()
      kWait,   // for the fill that is under way
      kAlone,  // ask the catalog for this query alone; nothing is stored
    };
    How how = How::kAlone;
    // The answer serves this query where its version is not below; else it has to begin anew.
    uint64_t floor = 0;
  };
  Join join_fill(std::string_view name, int64_t now);
  // The catalog's answer: this version of the toy (0: not found, which is never stored). Whether it
  // was stored.
  bool end_fill(std::string_view name, uint64_t version, std::string text);
  // There was no answer.
  void fail_fill(std::string_view name);

  // --- the subscription ---
  // The poll to send now. One is under way at a time; an answer to an earlier one is void.
  Poll begin_poll(int64_t now);
  // The answer to the poll that begin_poll() gave last.
  void pushed(const Push& push, int64_t now);
  bool leased(int64_t now) const { return now < lease_until_; }

  size_t size() const { return entries_.size(); }
  const CacheFigures& figures() const { return figures_; }

 private:
  struct Entry {
    std::string name;
    uint64_t version = 0;
    std::string text;
  };
  struct Fill {
    uint64_t floor = 0;         // of pushes since it began
    uint64_t subscription = 0;  // under which it began
  };
  void store(std::string_view name, uint64_t version, std::string text);
  void drop(std::string_view name, uint64_t version);
  void drop_all();
  void unsubscribe();

  const CacheOptions options_;
  const uint64_t front_id_;
  std::list<Entry> entries_;  // the most recently used first
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_name_;
  std::unordered_map<std::string, Fill> fills_;
  uint64_t subscription_ = 0;
  uint64_t acknowledged_ = 0;
  int64_t lease_until_ = 0;
  std::optional<int64_t> polled_at_;  // the stamp of the poll under way
  CacheFigures figures_;
};

}  // namespace tandem::toys
