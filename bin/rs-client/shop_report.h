// An evaluation of the store: shops with each probability of buying, with and without cache, and
// writes what it took as table and plots.
//
//   DIR/latency.tsv   a line with the names of the columns, then one for each run and kind of
//                     request: cache, p, the columns of to_row() (tally.h), and for queries
//                     hit_rate: the part that the front answered from its cache
//   DIR/latency.gp    the script for gnuplot that has drawn the plots
//   DIR/latency.svg, DIR/latency.png
#pragma once

#include <string>
#include <vector>

#include "session.h"
#include "shop.h"
#include "store.h"

namespace tandem::client {

class ShopReport {
 public:
  // `plan` is that of each run but for the probability; its url is that of a front with a cache,
  // `uncached` that of a front of the same store without one.
  ShopReport(Session& session, ShopPlan plan, std::string uncached, std::string directory);

  // Prints the rows, too. Fails before the first run where gnuplot, a front or the directory is
  // missing.
  ExitStatus run();

 private:
  Status prepare();
  Result<std::vector<Product>> products(const std::string& url);
  Status restock();
  Status shop(bool cached, int percent);
  void add_rows(bool cached, double p, const ShopResult& result, const wire::Json& hit_rate);
  CacheFigures cache_figures(const std::string& url);
  Status write_table() const;
  Status plot() const;

  Session& session_;
  const ShopPlan plan_;
  const std::string uncached_;
  const std::string directory_;
  std::vector<std::string> toys_;
  wire::Json::Array rows_;
  ExitStatus worst_ = ExitStatus::kOk;  // of the runs that came to their end
};

}  // namespace tandem::client
