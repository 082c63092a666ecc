// An export of any bytes, line by line. What is read as rows is read as lines, too; written anew, it
// is read again, with the same rows and the same end.
//
// Input: a byte of choices (bit 0: the header gets its right checksum, which no mutation finds), then
// the export.
#include <string>
#include <vector>

#include "db/export_format.h"
#include "fuzz/fuzz.h"
#include "wire/crc32c.h"
#include "wire/sealed_text.h"

namespace {

using namespace tandem;  // NOLINT: a program of one file

struct Read {
  db::ExportReader reader{db::ExportReader::Depth::kRows};
  std::vector<std::string> rows;
  std::string end;
  Status status;
};

void read(std::string_view text, Read& read) {
  db::ExportReader lines(db::ExportReader::Depth::kLines);
  fuzz::each_line(text, [&](std::string_view line) {
    if (!read.status) return;
    read.status = read.reader.line(line);
    if (!read.status) {
      const ErrorKind kind = read.status.error().kind;
      CHECK(kind == ErrorKind::kCorrupt || kind == ErrorKind::kBadInput);
      return;
    }
    CHECK(lines.line(line).has_value());
    if (read.reader.table() != db::ExportReader::kNoTable) read.rows.emplace_back(line);
    if (read.reader.complete()) read.end = line;
  });
  CHECK(lines.complete() == read.reader.complete() && lines.rows() == read.reader.rows());
  CHECK(read.reader.total_rows() == read.rows.size());
}

std::string write_anew(const Read& first) {
  const db::ExportHeader& header = first.reader.header();
  db::ExportWriter writer(header.group, header.index, header.time_ms);
  std::string text;
  CHECK(writer.add(db::schema_row(header.schema), text).has_value());
  CHECK(writer.add(db::counters_row(header.schema, header.counters), text).has_value());
  for (const std::string& row : first.rows) CHECK(writer.add(row, text).has_value());
  CHECK(writer.finish(text).has_value());
  return text;
}

std::string with_checksum(const std::string& text) {
  const size_t end = text.find('\n');
  const std::string sealed = text.substr(0, text.substr(0, end).rfind(",\"crc32c\":"));
  const std::string rest = end == std::string::npos ? "" : text.substr(end);
  return sealed + ",\"crc32c\":\"" + wire::hex_crc(wire::crc32c(sealed)) + "\"}" + rest;
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  fuzz::Choices choices(fuzz::text_of(data, size));
  const uint8_t choice = choices.u8();
  std::string text(choices.bytes(size));
  if ((choice & 1) != 0 && text.find(",\"crc32c\":") < text.find('\n')) text = with_checksum(text);
  Read first;
  read(text, first);
  if (!first.reader.has_header()) return 0;
  const std::string anew = write_anew(first);
  Read second;
  read(anew, second);
  CHECK_MSG(second.status && second.reader.end(), anew);
  CHECK(second.rows == first.rows && second.reader.rows() == first.reader.rows());
  if (first.reader.complete()) CHECK(second.end == first.end);
  return 0;
}
