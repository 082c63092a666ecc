// What rows a query, an operation or a condition means:
//
//   {"source":22}                        the column has this value
//   {"timestamp":{"gt":5,"le":9}}        lt le gt ge ne: compared with this value
//   {"rideId":{"in":[1,2,3]}}            one of these values
//   "source=22"                          one equality, the value read by the column's type
//
// In the text blanks around both sides and one pair of quotes, ' or ", around the value do not
// count. Further quotes at an end of the value, the same quotes in it, and a '=' in a value without
// any are refused: "a=='b'" and "a=b and c=d" are meant otherwise than they would be read.
//
// All must hold; none at all ({}) means every row. null equals only null; lt, le, gt and ge never
// hold for a null in the row; ne holds for it unless the value is null. Booleans and lists of text
// have no lt, le, gt and ge.
#pragma once

#include <cstdint>
#include <vector>

#include "base/result.h"
#include "db/schema.h"
#include "db/value.h"
#include "wire/json.h"

namespace tandem::db {

enum class Operator { kEq, kNe, kLt, kLe, kGt, kGe, kIn };

struct Term {
  size_t column = 0;
  Operator op = Operator::kEq;
  Value value;                // of all but kIn
  std::vector<Value> values;  // of kIn: in order, each once

  bool holds(const Row& row) const;
};

struct Where {
  std::vector<Term> terms;

  bool holds(const Row& row) const {
    for (const Term& term : terms) {
      if (!term.holds(row)) return false;
    }
    return true;
  }
  // What a row costs that is looked at (meter.h): one, and more for each four comparisons and each
  // KiB of text compared with.
  uint64_t weight() const;
};

// Fails with kBadInput, naming table and column. `json` may be nullptr: every row.
Result<Where> parse_where(const wire::Json* json, const TableSchema& table, const Limits& limits);
wire::Json to_json(const Where& where, const TableSchema& table);

}  // namespace tandem::db
