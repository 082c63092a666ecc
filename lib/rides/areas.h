// The areas that rides start and end in: a CSV file (RFC 4180, one record a line) of a header line
// and then `number,name`, as in etc/areas.csv.
//
// Pure: the caller reads the file. Immutable once parsed.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "base/result.h"

namespace tandem::rides {

class Areas {
 public:
  bool contains(int64_t number) const { return names_.contains(number); }
  // The name of an area, or nullptr.
  const std::string* name(int64_t number) const;
  size_t size() const { return names_.size(); }
  // [{"area":1,"name":"Kempegowda Ward"}], by number.
  std::string to_json() const;

 private:
  friend Result<Areas> parse_areas(std::string_view text);
  std::map<int64_t, std::string> names_;
};

// Line ends may be LF or CR LF; empty lines are skipped; a UTF-8 byte order mark is too. A name may
// be in double quotes, with "" for a quote inside. Fails with kBadInput naming each bad line (the
// first ten) by its number, from 1: no number, a number below 1, no name, a number that an earlier
// line has; also where there is no area at all. A file with one bad line is refused as a whole,
// because a service that went on without that area would answer 400 to rides that are fine.
Result<Areas> parse_areas(std::string_view text);

}  // namespace tandem::rides
