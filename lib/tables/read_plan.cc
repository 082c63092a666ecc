#include "tables/read_plan.h"

#include <algorithm>
#include <utility>

#include "tables/select.h"

namespace tandem::tables {
namespace {

constexpr uint64_t kSmallCost = 1'000;  // in rows looked at (db/meter.h)
constexpr size_t kSmallQuery = size_t{64} << 10;
// Of the rows of one query, at most, and of all of a read.
constexpr size_t kSmallRows = size_t{256} << 10;
constexpr size_t kSmallRead = size_t{32} << 20;
// What libpq keeps of a value beside its bytes.
constexpr size_t kValueBytes = 32;

// How many rows the key leaves.
size_t rows_by_key(const db::Query& query, const db::TableSchema& table) {
  size_t rows = SIZE_MAX;
  for (const db::Term& term : query.where.terms) {
    if (term.column != table.key) continue;
    if (term.op == db::Operator::kEq) rows = std::min<size_t>(rows, 1);
    if (term.op == db::Operator::kIn) rows = std::min(rows, term.values.size());
  }
  return rows;
}

}  // namespace

KnownTables::KnownTables(std::shared_ptr<const db::Schema> schema, uint64_t schema_index)
    : schema_(std::move(schema)), schema_index_(schema_index) {
  for (const db::TableSchema& table : schema_->tables()) {
    tables_.emplace_back(table, &residency_.emplace_back());
  }
}

void KnownTables::take_over(const KnownTables& before) {
  for (size_t i = 0; i < tables_.size() && i < before.tables_.size(); ++i) {
    const db::TableSpread* spread = before.residency_[i].spread();
    if (spread != nullptr) {
      residency_[i].set_spread(std::make_shared<const db::TableSpread>(*spread));
    }
    residency_[i].set_rows(before.residency_[i].rows());
    std::vector<uint64_t> longest = before.tables_[i].longest_texts();
    longest.resize(schema_->tables()[i].columns.size());
    tables_[i].set_longest_texts(longest);
  }
}

void KnownTables::take(const Reading& reading) {
  if (reading.rows.size() != tables_.size()) return;
  auto next = reading.longest_texts.begin();
  for (size_t i = 0; i < tables_.size(); ++i) {
    residency_[i].set_rows(reading.rows[i]);
    const auto columns = static_cast<std::ptrdiff_t>(schema_->tables()[i].columns.size());
    if (reading.longest_texts.end() - next < columns) return;
    tables_[i].set_longest_texts({next, next + columns});
    next += columns;
  }
}

void KnownTables::take(const std::vector<db::TableFacts>& facts) {
  for (size_t i = 0; i < tables_.size() && i < facts.size(); ++i) {
    residency_[i].set_rows(facts[i].rows);
    tables_[i].set_longest_texts(facts[i].longest_texts);
  }
}

void KnownTables::set_spreads(const std::vector<db::TableSpreadPtr>& spreads) {
  for (size_t i = 0; i < residency_.size() && i < spreads.size(); ++i) {
    residency_[i].set_spread(spreads[i]);
  }
}

size_t KnownTables::row_bytes(const db::Query& query) const {
  size_t bytes = 0;
  for (const size_t column : query.columns) {
    bytes += kValueBytes + tables_[query.table].longest_text(column);
  }
  return bytes;
}

Result<ReadPlan> ReadPlan::make(std::string_view text, const KnownTables& known,
                                const db::Limits& limits) {
  auto read = db::parse_read(text, known.schema(), limits);
  if (!read) return fail(std::move(read.error()));
  ReadPlan plan;
  plan.limits_ = &limits;
  plan.schema_ = known.share_schema();
  plan.schema_index_ = known.schema_index();
  plan.read_ = std::move(*read);
  plan.is_small_ = text.size() <= kSmallQuery;
  while (plan.steps_.size() < plan.read_.queries.size() && !plan.refusal_) plan.add_step(known);
  if (!plan.refusal_) plan.refusal_ = std::move(plan.read_.bad_query);
  // Those behind what is refused are not answered.
  plan.read_.queries.resize(plan.steps_.size());
  if (plan.steps_.empty() && plan.refusal_)
    return fail(db::error_of(plan.read_, 0, *plan.refusal_));
  plan.is_small_ = plan.is_small_ && plan.bytes_ <= kSmallRead;
  return plan;
}

void ReadPlan::add_step(const KnownTables& known) {
  const db::Query& query = read_.queries[steps_.size()];
  const db::TableSchema& table = schema_->tables()[query.table];
  const db::FindingCost cost = db::finding_cost(query, known.table(query.table), *limits_);
  least_cost_ += cost.least;
  if (least_cost_ > limits_->read_cost) {
    refusal_ = db::too_dear(table, limits_->read_cost);
    return;
  }
  is_small_ = is_small_ && cost.expected <= kSmallCost;
  Step step{.way = Way::kRows, .least_cost = cost.least};
  if (query.count) {
    step.way = query.where.terms.empty() ? Way::kKeptCount : Way::kCount;
    bytes_ += kValueBytes;
  } else {
    step.wanted = std::min(query.limit, limits_->rows + 1);
    step.row_bytes = known.row_bytes(query);
    step.small_most = std::min(step.wanted, 1 + std::max<size_t>(kSmallRows / step.row_bytes, 1));
    bytes_ += step.row_bytes * std::min(step.small_most, rows_by_key(query, table));
    if (step.wanted == 0) step.way = Way::kNothing;
  }
  steps_.push_back(step);
}

bool ReadPlan::touches(size_t table) const {
  return std::any_of(read_.queries.begin(), read_.queries.end(),
                     [table](const db::Query& query) { return query.table == table; });
}

bool ReadPlan::may_have_too_many(size_t query) const {
  return way(query) == Way::kRows && steps_[query].wanted > limits_->rows &&
         rows_by_key(read_.queries[query], table(query)) > limits_->rows;
}

size_t ReadPlan::add_statements(pg::Batch& batch) const {
  const size_t before = batch.size();
  for (size_t i = 0; i < size(); ++i) {
    if (way(i) != Way::kCount && way(i) != Way::kRows) continue;
    Select select = way(i) == Way::kCount ? select_count(query(i), table(i))
                                          : select_rows(query(i), table(i), steps_[i].small_most);
    batch.add(select.sql, std::move(select.parameters), std::move(select.columns));
  }
  return batch.size() - before;
}

std::optional<Result<std::string>> ReadPlan::answer(const Reading& reading,
                                                    const pg::Rows* rows) const {
  AnswerMaker maker(*this);
  for (size_t i = 0; i < size(); ++i) {
    const Step& step = steps_[i];
    if (const Status begun = maker.begin(i); !begun) return fail(begun.error());
    if (step.way == Way::kKeptCount) maker.count(reading.rows[query(i).table]);
    if (step.way == Way::kCount) maker.count(static_cast<uint64_t>((rows++)->int64(0, 0)));
    if (step.way == Way::kRows) {
      if (step.small_most < step.wanted && rows->size() == step.small_most) return std::nullopt;
      if (rows->size() > limits_->rows) return fail(maker.too_many_rows());
      if (const Status good = maker.rows(*rows++); !good) return fail(good.error());
    }
    maker.end();
  }
  return maker.finish();
}

AnswerMaker::AnswerMaker(const ReadPlan& plan) : plan_(plan), meter_(plan.limits_->read_cost) {
  if (plan_.read_.several) out_ += '[';
}

Status AnswerMaker::begin(size_t query) {
  query_ = query;
  if (query > 0) out_ += ',';
  if (!meter_.spend(plan_.steps_[query].least_cost)) {
    return fail(told(db::given_up(plan_.table(query), meter_)));
  }
  if (!plan_.query(query).count) {
    rows_.emplace(plan_.query(query), plan_.table(query), *plan_.limits_, meter_, out_);
  }
  return {};
}

void AnswerMaker::count(uint64_t count) { out_ += '[' + std::to_string(count) + ']'; }

Status AnswerMaker::rows(const pg::Rows& rows) {
  const std::vector<size_t>& columns = plan_.query(query_).columns;
  const db::TableSchema& table = plan_.table(query_);
  for (size_t row = 0; row < rows.size(); ++row) {
    Status added = rows_->add(
        [&](size_t i) { append_cell(out_, rows, row, i, table.columns[columns[i]].type); });
    if (!added) return fail(told(std::move(added.error())));
  }
  return {};
}

Error AnswerMaker::too_many_rows() const {
  return told(db::too_many_rows(plan_.table(query_), *plan_.limits_));
}

Error AnswerMaker::too_dear() const {
  return told(db::too_dear(plan_.table(query_), plan_.limits_->read_cost));
}

void AnswerMaker::end() {
  if (rows_) rows_->end();
  rows_.reset();
}

Result<std::string> AnswerMaker::finish() {
  if (plan_.refusal_) return fail(db::error_of(plan_.read_, plan_.size(), *plan_.refusal_));
  if (plan_.read_.several) out_ += ']';
  return std::move(out_);
}

Error AnswerMaker::told(Error error) const {
  return db::error_of(plan_.read_, query_, std::move(error));
}

}  // namespace tandem::tables
