// What an import writes, and in which order, so that no reference ever points to a row that is not
// there, and the counters of keys end as they were. Pure.
//
// The tables come one after the other, those that others refer to first. Where a row refers to its
// own table, or tables refer to each other in a circle, the column is null at first, or in a row that
// must have one its own key, and gets its value by an update when all rows are there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "db/schema.h"
#include "export_file.h"

namespace tandem::client {

class ImportPlan {
 public:
  // kBadInput: the tables refer to each other so that none can be first. All of them outlive it.
  static Result<ImportPlan> make(const db::ExportHeader& header,
                                 const std::vector<ExportSection>& sections);

  // The numbers of the tables.
  const std::vector<size_t>& order() const { return order_; }
  // Whether rows of that table get some of their references later.
  bool has_late_columns(size_t table) const { return !late_[table].empty(); }

  // An operation in JSON that inserts that row: from its line in the file, or changed.
  static std::string insert_of_line(std::string_view line);
  std::string insert_without_late(size_t table, const db::Row& row) const;
  // What gives it the references that it got not yet; empty: it has them all.
  std::string late_update(size_t table, const db::Row& row) const;

  // Operations that bring the counter of that table to where it was, before any of its rows is
  // there; none where its rows do.
  std::vector<std::string> raise_counter(size_t table) const;

 private:
  ImportPlan(const db::ExportHeader& header, const std::vector<ExportSection>& sections)
      : header_(header), sections_(sections) {}

  const std::vector<db::TableSchema>& tables() const { return header_.schema.tables(); }
  Status find_order();
  bool waits(size_t table, bool for_null_too) const;
  db::Row first_form(size_t table, const db::Row& row) const;
  db::Value stand_in(size_t table, std::map<size_t, db::Value>& made,
                     std::vector<std::string>& inserts, std::vector<std::string>& deletes) const;
  db::Row made_row(size_t table, const db::Value& key, std::map<size_t, db::Value>& made,
                   std::vector<std::string>& inserts, std::vector<std::string>& deletes) const;

  const db::ExportHeader& header_;
  const std::vector<ExportSection>& sections_;
  std::vector<size_t> order_;
  std::vector<bool> placed_;
  std::vector<std::vector<size_t>> late_;  // by table: columns
};

}  // namespace tandem::client
