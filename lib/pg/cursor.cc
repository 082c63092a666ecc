#include "pg/cursor.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/ids.h"
#include "base/self.h"

namespace tandem::pg {
namespace {

// Of rows whose size nobody knows yet.
constexpr size_t kFirstRows = 8;
constexpr size_t kFastestGrowth = 8;
// What libpq keeps of a value beside its bytes.
constexpr size_t kValueBytes = 16;

}  // namespace

class Cursor::Impl {
 public:
  Impl(loop::Loop& loop, Connection& connection, const std::string& sql, Parameters parameters,
       std::vector<Type> columns, size_t fetch_bytes, size_t most_rows)
      : connection_(connection),
        name_("c" + std::to_string(random_id())),
        columns_(std::move(columns)),
        fetch_bytes_(fetch_bytes),
        most_rows_(std::max<size_t>(most_rows, 1)),
        rows_(std::min(kFirstRows, most_rows_)),
        soon_(loop, [this] { give(); }) {
    Batch batch(Place::kWithin);
    batch.add_once("DECLARE " + name_ + " NO SCROLL CURSOR FOR " + sql, std::move(parameters));
    fetch(std::move(batch));
  }

  void next(UniqueFunction<void(Some)> done) {
    CHECK(!done_);
    done_ = std::move(done);
    if (some_) soon_.start(0);
  }

 private:
  void fetch(Batch batch) {
    batch.add_once("FETCH FORWARD " + std::to_string(rows_) + " FROM " + name_, {}, columns_);
    connection_.run(std::move(batch), [self = self_.ref()](Outcome outcome) {
      if (self) self->take(std::move(outcome));
    });
  }

  void take(Outcome outcome) {
    if (!outcome) {
      is_over_ = true;
      some_ = tl::unexpected<Failure>(std::move(outcome.error()));
    } else {
      Rows rows = std::move(outcome->back());
      is_over_ = rows.size() < rows_;
      adapt(rows);
      some_ = std::move(rows);
    }
    if (done_) give();
  }

  void adapt(const Rows& rows) {
    if (rows.empty()) return;
    const size_t row_bytes = rows.bytes() / rows.size() + kValueBytes * rows.columns();
    rows_ = std::clamp(fetch_bytes_ / std::max<size_t>(row_bytes, 1), size_t{1},
                       std::min(rows_ * kFastestGrowth, most_rows_));
  }

  void give() {
    CHECK(some_ && done_);
    UniqueFunction<void(Some)> done = std::move(done_);
    done_ = nullptr;
    Some some = std::move(*some_);
    some_.reset();
    // The end is told by no rows.
    if (is_over_ && some && !some->empty()) some_ = Rows();
    if (!is_over_) fetch(Batch(Place::kWithin));
    done(std::move(some));
  }

  Connection& connection_;
  const std::string name_;
  const std::vector<Type> columns_;
  const size_t fetch_bytes_;
  const size_t most_rows_;
  size_t rows_;
  bool is_over_ = false;
  std::optional<Some> some_;  // fetched, not given yet
  UniqueFunction<void(Some)> done_;
  loop::Timer soon_;
  Self<Impl> self_{*this};  // last
};

Cursor::Cursor(loop::Loop& loop, Connection& connection, const std::string& sql,
               Parameters parameters, std::vector<Type> columns, size_t fetch_bytes,
               size_t most_rows)
    : impl_(std::make_unique<Impl>(loop, connection, sql, std::move(parameters), std::move(columns),
                                   fetch_bytes, most_rows)) {}
Cursor::~Cursor() = default;

void Cursor::next(UniqueFunction<void(Some)> done) { impl_->next(std::move(done)); }

}  // namespace tandem::pg
