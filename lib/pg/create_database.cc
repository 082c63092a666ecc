#include "pg/create_database.h"

#include <algorithm>
#include <utility>

#include "base/log.h"

namespace tandem::pg {
namespace {

// Longer names are cut by the server, silently, and then two may be one.
constexpr size_t kLongestName = 63;

std::string quoted(const std::string& name) {
  std::string text = "\"";
  for (const char c : name) {
    if (c == '"') text += '"';
    text += c;
  }
  return text + '"';
}

std::string create_sql(const std::string& database, const std::string& owner) {
  return "CREATE DATABASE " + quoted(database) + (owner.empty() ? "" : " OWNER " + quoted(owner)) +
         " ENCODING 'UTF8' TEMPLATE template0";
}

ConnectOptions on_database(ConnectOptions options, const std::string& database) {
  std::erase_if(options.conninfo, [](const auto& option) { return option.first == "dbname"; });
  options.conninfo.emplace_back("dbname", database);
  return options;
}

}  // namespace

std::string create_database_sql(const std::string& database, const std::string& owner) {
  return create_sql(database, owner) + ";";
}

class CreateDatabase::Impl {
 public:
  Impl(loop::Loop& loop, ConnectOptions options, std::string database,
       UniqueFunction<void(Status)> done)
      : loop_(loop),
        options_(std::move(options)),
        database_(std::move(database)),
        done_(std::move(done)),
        too_long_(loop, [this] {
          finish(fail(ErrorKind::kConfig,
                      "the database's name '" + database_ + "' is longer than 63 bytes"));
        }) {
    if (database_.size() > kLongestName) {
      too_long_.start(0);
    } else {
      connect("postgres");
    }
  }

 private:
  void connect(const std::string& by_way_of) {
    connection_ = std::make_unique<Connection>(loop_, on_database(options_, by_way_of));
    connection_->connect([this, by_way_of](Status up) {
      if (up) return create();
      if (up.error().kind == ErrorKind::kNotFound && by_way_of == "postgres") {
        return connect("template1");
      }
      // The login was good enough to be told that the database is missing.
      if (up.error().kind == ErrorKind::kPermission || up.error().kind == ErrorKind::kNotFound) {
        return refuse(up.error().message);
      }
      finish(std::move(up));
    });
  }

  void create() {
    Batch batch;
    batch.add_once(create_sql(database_, ""));
    connection_->run(std::move(batch), [this](Outcome outcome) {
      if (outcome) {
        log::info("made a database", {{"database", database_}});
        return finish({});
      }
      const Failure& failure = outcome.error();
      // Somebody else was faster: seen by him who looks first, or by the catalog's unique index.
      if (failure.sqlstate == "42P04" || failure.sqlstate == "23505") return finish({});
      if (failure.error.kind == ErrorKind::kPermission) return refuse(failure.error.message);
      if (failure.sqlstate.starts_with("22") || failure.sqlstate.starts_with("42")) {
        return finish(fail(ErrorKind::kConfig, "cannot make the database '" + database_ +
                                                   "': " + failure.error.message));
      }
      finish(fail(failure.error));
    });
  }

  void refuse(const std::string& why) {
    finish(
        fail(ErrorKind::kPermission,
             "the database '" + database_ + "' does not exist and cannot be made (" + why +
                 "); as a superuser run: " + create_database_sql(database_, connection_->user())));
  }

  void finish(Status status) {
    UniqueFunction<void(Status)> done = std::move(done_);
    done(std::move(status));
  }

  loop::Loop& loop_;
  const ConnectOptions options_;
  const std::string database_;
  UniqueFunction<void(Status)> done_;
  loop::Timer too_long_;
  std::unique_ptr<Connection> connection_;
};

CreateDatabase::CreateDatabase(loop::Loop& loop, ConnectOptions options, std::string database,
                               UniqueFunction<void(Status)> done)
    : impl_(
          std::make_unique<Impl>(loop, std::move(options), std::move(database), std::move(done))) {}
CreateDatabase::~CreateDatabase() = default;

}  // namespace tandem::pg
