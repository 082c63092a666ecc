// What tests against a real server have in common. Their suites end in OnServer: CMake runs those in
// one process, with one cluster.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "loop/loop.h"
#include "pg/connection.h"
#include "pg/server.h"

namespace tandem::pg {

class ServerTest : public testing::Test {
 protected:
  ConnectOptions options(const std::string& conninfo) {
    ConnectOptions options{.conninfo = *parse_conninfo(conninfo), .application_name = "pg_test"};
    options.connect_timeout_ms = 20'000;
    return options;
  }
  ConnectOptions options() { return options(server_.conninfo("postgres")); }

  void until(const std::function<bool()>& done) {
    // What is waited for may come from a timer, after which nothing else would wake the loop up.
    loop::Timer wakes(loop_, [] {});
    wakes.start(5, 5);
    while (!done()) loop_.run_once();
  }
  Status connect(Connection& connection) {
    std::optional<Status> up;
    connection.connect([&up](Status status) { up = std::move(status); });
    EXPECT_FALSE(up) << "completed from inside connect()";
    until([&up] { return up.has_value(); });
    return *up;
  }
  std::unique_ptr<Connection> connected(ConnectOptions options) {
    auto connection = std::make_unique<Connection>(loop_, std::move(options));
    const Status up = connect(*connection);
    EXPECT_TRUE(up) << up.error().message;
    return connection;
  }
  std::unique_ptr<Connection> connected() { return connected(options()); }

  Outcome run(Connection& connection, Batch batch) {
    std::optional<Outcome> outcome;
    connection.run(std::move(batch), [&outcome](Outcome got) { outcome = std::move(got); });
    EXPECT_FALSE(outcome) << "completed from inside run()";
    until([&outcome] { return outcome.has_value(); });
    return std::move(*outcome);
  }
  // Statements without parameters and results.
  void must(Connection& connection, const std::vector<std::string>& statements) {
    for (const std::string& sql : statements) {
      Batch batch;
      batch.add_once(sql);
      const Outcome outcome = run(connection, std::move(batch));
      ASSERT_TRUE(outcome) << sql << ": " << outcome.error().error.message;
    }
  }
  int64_t number(Connection& connection, const std::string& sql) {
    Batch batch;
    batch.add_once(sql, {}, {Type::kInt64});
    const Outcome outcome = run(connection, std::move(batch));
    EXPECT_TRUE(outcome) << sql << ": " << outcome.error().error.message;
    return outcome && outcome->front().size() == 1 ? outcome->front().int64(0, 0) : -1;
  }
  std::string text(Connection& connection, const std::string& sql) {
    Batch batch;
    batch.add_once(sql, {}, {Type::kText});
    const Outcome outcome = run(connection, std::move(batch));
    EXPECT_TRUE(outcome) << sql << ": " << outcome.error().error.message;
    return outcome && outcome->front().size() == 1 ? std::string(outcome->front().text(0, 0)) : "";
  }

  Server& server_ = Server::get();
  loop::Loop loop_;
};

inline Batch one(std::string_view sql, Parameters parameters = {}, std::vector<Type> columns = {}) {
  Batch batch;
  batch.add(sql, std::move(parameters), std::move(columns));
  return batch;
}

}  // namespace tandem::pg
