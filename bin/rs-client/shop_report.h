// An evaluation of the store: what a query, a purchase and a look at an order take, with and
// without the front's cache. Without it each query says Cache-Control: no-cache, so one front is
// enough. Two things are varied: the probability of buying, and the number of shoppers.
//
//   DIR/latency.tsv   a line with the names of the columns, then one for each probability, cache
//                     on and off, and kind of request: cache, p, clients, the columns of to_row()
//                     (tally.h), and for queries hit_rate: the part that the front answered from
//                     its cache
//   DIR/latency.gp    the script for gnuplot that has drawn the plots
//   DIR/latency.svg, DIR/latency.png
//   DIR/clients.*     the same for each number of shoppers
//
// Each point is measured in turns, some of them with cache and as many without, so that what else
// changes in the meantime befalls both sides; the choices of both sides are the same.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "gnuplot.h"
#include "session.h"
#include "shop.h"
#include "store.h"

namespace tandem::client {

class ShopReport {
 public:
  // `plan` is that of each run but for what is varied.
  ShopReport(Session& session, ShopPlan plan, std::string directory);

  // Prints the rows, too. Fails before the first run where gnuplot, the front or the directory is
  // missing.
  ExitStatus run();

 private:
  // What one side of a point has come to.
  struct Side {
    ShopResult result;
    CacheFigures figures;
  };

  Status prepare();
  Result<std::vector<Product>> products();
  Status restock(const ShopPlan& plan);
  Status sweep_probabilities();
  Status sweep_clients();
  Status measure(const ShopPlan& plan, wire::Json::Array& rows);
  Status take_turn(const ShopPlan& plan, Side& side);
  void add_rows(const ShopPlan& plan, const Side& side, wire::Json::Array& rows);
  CacheFigures cache_figures();
  Plot plot_of(std::string_view name) const;
  Status write_table(std::string_view name, const wire::Json::Array& rows) const;

  Session& session_;
  const ShopPlan plan_;
  const std::string directory_;
  std::vector<std::string> toys_;
  wire::Json::Array by_probability_;
  wire::Json::Array by_clients_;
  double queries_with_cache_ = 0;
  double hits_ = 0;
  ExitStatus worst_ = ExitStatus::kOk;  // of the runs that came to their end
};

}  // namespace tandem::client
