// Queries of a product at a front: answered out of the cache where that may answer, else from the
// catalog, which is asked once for all queries of a product that come together
// (tandem-replication(7), "The cache of the fronts"). A query past the cache asks the catalog on
// its own.
//
// Each query is answered exactly once, within its deadline, which runs from when it was there.
// Pure: the simulator runs this very code.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/timers.h"
#include "store/surroundings.h"
#include "toys/product_cache.h"
#include "wire/envelope.h"

namespace tandem::store {

// What a client is shown.
struct Shown {
  int status = 200;
  std::string text;      // of a product it is what the cache keeps
  bool tells = false;    // what the catalog knows: the product, or that there is none
  uint64_t version = 0;  // of the product; 0: there is none
};

// How the front's clients are shown things.
class ProductView {
 public:
  virtual ~ProductView() = default;
  // What the catalog, or the way to it, says of the toy of this name.
  virtual Shown product(std::string_view name, const wire::Response& response) const = 0;
  virtual Shown no_such_product() const = 0;
  // The catalog is not asked any more.
  virtual Shown too_late() const = 0;
};

// Whoever asked.
class Asker {
 public:
  virtual ~Asker() = default;
  // Not gone.
  virtual bool waiting() const = 0;
  virtual void answer(const Shown& shown) = 0;
  // Status 200, out of the cache.
  virtual void answer_cached(const std::string& text) = 0;
  // This one as something that lives on, where there is no answer yet.
  virtual std::unique_ptr<Asker> keep() = 0;
};

class ProductQueries {
 public:
  struct Query {
    std::string_view name;
    std::string_view request_id;
    int64_t received_ns = 0;  // boot clock, not before it was there
    bool past_cache = false;
  };

  // All of them outlive this.
  ProductQueries(uint32_t timeout_ms, const Time& time, toys::ProductCache& cache, Gateway& catalog,
                 const ProductView& view);

  // What `query` points to is copied, and `asker` kept, where there is no answer at once.
  void ask(const Query& query, Asker& asker);
  // Answers the queries whose time is over while they wait for another one's answer. The timer
  // calls it.
  void expire();

 private:
  struct Open {
    std::string request_id;
    std::unique_ptr<Asker> asker;
    int64_t deadline_ns = 0;
    uint64_t floor = 0;  // the lowest version that may answer it
  };

  Open open(const Query& query, Asker& asker) const;
  void join(const std::string& name, Open query);
  void ask_catalog(const std::string& name, Open query, bool fills, int64_t now);
  void answered(const std::string& name, Open query, bool fills, const wire::Response& response);
  void answer_waiting(const std::string& name, const Shown& shown);

  const int64_t timeout_ns_;
  const Time time_;
  toys::ProductCache& cache_;
  Gateway& catalog_;
  const ProductView& view_;
  std::unordered_map<std::string, std::vector<Open>> waiting_;  // by name, for the fill of it
  const std::unique_ptr<Timer> expirer_;
  int64_t received_before_ns_ = 0;  // of a planted bug
};

}  // namespace tandem::store
