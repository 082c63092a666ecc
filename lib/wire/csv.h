// Comma-separated values (RFC 4180), one record a line: shared by the files that tandem reads.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/function.h"
#include "base/result.h"

namespace tandem::wire {

// Takes the next line off `text`, without its end (LF or CR LF).
std::string_view take_line(std::string_view& text);

// A byte order mark at the beginning of a file means nothing.
std::string_view without_byte_order_mark(std::string_view text);

// Splits one line into its fields, replacing `fields`. A field may be in double quotes, with "" for
// a quote inside; false where the quoting is broken.
bool split_csv_record(std::string_view line, std::vector<std::string>& fields);

struct CsvForm {
  std::string_view columns;        // "number,name": what messages say a record has
  std::string_view place;          // what stands before a line's number: "line ", "toys.csv:"
  bool header_is_columns = false;  // else the first line may say anything
  bool has_comments = false;       // lines that begin with # are skipped
};

// Gives `take` the fields of each record below the header line; it returns what is wrong with them,
// or nothing. Empty lines are skipped, and so is a byte order mark. Fails with kBadInput, after all
// lines, naming the bad ones (the first ten) by their numbers, from 1: "line 2: broken quotes; line
// 4: …; and 3 more". A text without any line fails where the header has to be the columns.
Status read_csv(std::string_view text, const CsvForm& form,
                UniqueFunction<std::string(std::vector<std::string>& fields)> take);

}  // namespace tandem::wire
