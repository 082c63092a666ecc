// What of a table's rows is in this process, where the table itself is elsewhere: rows are fetched
// before a command is carried out on them, and what it changed is written back after it.
//
// A command that looks for what is not here goes on as if that were as it wants it (a condition
// holds, a referenced row exists, no other row has a unique value), and what it looked for is
// noted: so one run, which is then undone, names nearly everything that has to be fetched, by the
// very code that carries the command out. Calvin (Thomson et al., SIGMOD 2012) calls that
// reconnaissance; TigerBeetle fetches before it commits in the same way.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

#include "db/spread.h"
#include "db/value.h"
#include "db/where.h"

namespace tandem::db {

// Rows that follow each other in an index, or in the order of the key.
struct Range {
  static constexpr size_t kByKey = SIZE_MAX;

  size_t index = kByKey;     // number of the index
  std::vector<Value> equal;  // of its first columns
  // Of the column after them, inclusive; rows without a bound: all.
  std::optional<Value> low = {};
  std::optional<Value> high = {};

  bool whole_table() const { return index == kByKey && !low && !high; }
};

struct ValueLess {
  bool operator()(const Value& a, const Value& b) const { return compare(a, b) < 0; }
};
struct RangeLess {
  bool operator()(const Range& a, const Range& b) const;
};
struct WhereLess {
  bool operator()(const Where& a, const Where& b) const;
};

class Residency {
 public:
  using Keys = std::set<Value, ValueLess>;
  using Ranges = std::set<Range, RangeLess>;
  // How many rows for which a Where holds are wanted, where there are as many.
  using Wheres = std::map<Where, uint64_t, WhereLess>;
  static constexpr uint64_t kAll = UINT64_MAX;
  struct Missing {
    Keys keys;
    Ranges ranges;
    std::map<size_t, Keys> below;  // by the number of an index
    Wheres wheres;

    bool empty() const { return keys.empty() && ranges.empty() && below.empty() && wheres.empty(); }
  };

  // A range of so many rows, expected, is fetched as a whole, as many commands may look at it.
  static constexpr uint64_t kSmallRange = 1000;

  // `rows`: of the table, here or not.
  explicit Residency(uint64_t rows = 0, uint64_t small_range = kSmallRange)
      : rows_(rows), small_range_(small_range) {}

  // Whether the row with this key is here, or nowhere; all rows of the range are here. What is not
  // known is noted.
  bool has(const Value& key);
  bool has(const Range& range);
  // Likewise of the rows that refer to this key by the first column of the index, in a table that
  // refers to itself. Those that refer to them, and so on, will be looked for as well.
  bool has_below(size_t index, const Value& key);
  // Whether all rows are here for which the Where holds, which are in that range. What is noted is
  // that so many of them are wanted, whatever was changed here.
  bool has(const Range& range, const Where& where, uint64_t wanted);

  // What was looked for in vain, and how often that was.
  const Missing& missing() const { return missing_; }
  uint64_t misses() const { return misses_; }

  // It was fetched: the row is in the table now, or there is none; every row of the range is; so
  // many of those for which the Where holds.
  void know(const Value& key);
  void know(const Range& range);
  void know_below(size_t index, const Value& key);
  void know(const Where& where, uint64_t wanted, uint64_t found);
  bool knows(const Value& key) const { return all_ || keys_.contains(key); }

  uint64_t small_range() const { return small_range_; }
  uint64_t rows() const { return rows_; }
  // A row was put in where there was none, one was taken out, another took its place.
  void added(const Value& key) { ++rows_, changed_.push_back(key); }
  void removed(const Value& key) { --rows_, changed_.push_back(key); }
  void replaced(const Value& key) { changed_.push_back(key); }
  // Keys of rows that were changed since nothing was here, one or more times, in that order.
  const std::vector<Value>& changed() const { return changed_; }
  // What was changed after the first `count` changes is undone.
  void undone(size_t count) { changed_.resize(count); }

  // Nothing is here any more; what is known of the whole table stays.
  void clear();

  // How the values are spread over all rows; nullptr where nothing is known.
  const TableSpread* spread() const { return spread_.get(); }
  void set_spread(TableSpreadPtr spread) { spread_ = std::move(spread); }
  void set_rows(uint64_t rows) { rows_ = rows; }

 private:
  bool covers(const Range& range) const;
  bool misses_all() const { return missing_.ranges.contains(Range{}); }

  uint64_t rows_;
  uint64_t small_range_;
  TableSpreadPtr spread_;
  Keys keys_;
  Ranges ranges_;
  std::set<Where, WhereLess> wheres_;
  bool all_ = false;
  Missing missing_;
  uint64_t misses_ = 0;
  std::vector<Value> changed_;
};

}  // namespace tandem::db
