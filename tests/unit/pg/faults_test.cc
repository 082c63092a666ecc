#include <signal.h>

#include <algorithm>
#include <map>
#include <random>

#include "pg/connection.h"
#include "pg/fault_proxy.h"
#include "pg/fixture.h"

namespace tandem::pg {
namespace {

using testing::HasSubstr;

class FaultsOnServer : public ServerTest {
 protected:
  // What became of three batches and of the connection.
  struct Fate {
    std::optional<Status> up;
    std::vector<std::optional<Outcome>> outcomes = std::vector<std::optional<Outcome>>(3);
    std::optional<Error> lost;
    bool is_told() const { return outcomes[2].has_value() && lost.has_value(); }
  };

  void send_three(Connection& connection, Fate& fate, const std::string& second) {
    connection.on_lost([&fate](const Error& why) { fate.lost = why; });
    for (size_t i = 0; i < 3; ++i) {
      connection.run(one(i == 1 ? second : "SELECT " + std::to_string(i) + "::bigint", {},
                         {i == 1 ? Type::kText : Type::kInt64}),
                     [&fate, i](Outcome got) { fate.outcomes[i] = std::move(got); });
    }
  }

  std::string directory_ = server_.make_directory("proxy");
};

TEST_F(FaultsOnServer, ABackendThatIsEndedLeavesWhatWasSentUnknownAndTheRestUndone) {
  ConnectOptions narrow = options();
  narrow.max_bytes_in_flight = 1;  // the third stays here
  const auto admin = connected();
  for (const bool is_killed : {false, true}) {
    const auto connection = connected(narrow);
    Fate fate;
    send_three(*connection, fate, "SELECT pg_sleep(1000)::text");
    until([&] { return fate.outcomes[0].has_value() && connection->in_flight() == 1; });
    const std::string pid = std::to_string(connection->backend_pid());
    // Once it sleeps.
    while (number(*admin, "SELECT count(*) FROM pg_stat_activity WHERE pid = " + pid +
                              " AND wait_event = 'PgSleep'") != 1) {
    }
    if (is_killed) {
      kill(connection->backend_pid(), SIGKILL);
    } else {
      must(*admin, {"SELECT pg_terminate_backend(" + pid + ")"});
    }
    until([&] { return fate.is_told(); });
    EXPECT_TRUE(*fate.outcomes[0]);
    ASSERT_FALSE(*fate.outcomes[1]);
    EXPECT_EQ(fate.outcomes[1]->error().error.kind, ErrorKind::kUnknown);
    EXPECT_THAT(fate.outcomes[1]->error().error.message, HasSubstr("outcome unknown"));
    ASSERT_FALSE(*fate.outcomes[2]);
    EXPECT_EQ(fate.outcomes[2]->error().error.kind, ErrorKind::kUnavailable);
    EXPECT_THAT(fate.outcomes[2]->error().error.message, HasSubstr("not done"));
    EXPECT_EQ(fate.lost->message.find("administrator command") == std::string::npos, is_killed);
    EXPECT_FALSE(connection->is_up());
    const Outcome late = run(*connection, one("SELECT 1"));
    ASSERT_FALSE(late);
    EXPECT_EQ(late.error().error.kind, ErrorKind::kUnavailable);
  }
  // kill -9 of a backend makes the postmaster begin anew.
  server_.stop(SIGQUIT);
  server_.start();
}

TEST_F(FaultsOnServer, AServerThatStopsAtOnceAnswersNobody) {
  const auto connection = connected();
  Fate fate;
  send_three(*connection, fate, "SELECT pg_sleep(1000)::text");
  until([&] { return fate.outcomes[0].has_value(); });
  server_.stop(SIGQUIT);
  until([&] { return fate.is_told(); });
  EXPECT_EQ(fate.outcomes[1]->error().error.kind, ErrorKind::kUnknown);
  EXPECT_EQ(fate.outcomes[2]->error().error.kind, ErrorKind::kUnknown);
  Connection again(loop_, options());
  const Status up = connect(again);
  ASSERT_FALSE(up);
  EXPECT_EQ(up.error().kind, ErrorKind::kUnavailable);
  server_.start();
}

TEST_F(FaultsOnServer, AnIdleConnectionHearsOfItsEnd) {
  const auto admin = connected();
  const auto connection = connected();
  std::optional<Error> lost;
  connection->on_lost([&](const Error& why) { lost = why; });
  must(*admin, {"SELECT pg_terminate_backend(" + std::to_string(connection->backend_pid()) + ")"});
  until([&] { return lost.has_value(); });
  EXPECT_EQ(lost->kind, ErrorKind::kUnavailable);
  EXPECT_THAT(lost->message, HasSubstr("administrator command"));
}

TEST_F(FaultsOnServer, FsyncOffIsRefused) {
  server_.stop(SIGINT);
  server_.start({"-c", "fsync=off"});
  Connection connection(loop_, options());
  const Status up = connect(connection);
  server_.stop(SIGINT);
  server_.start();
  ASSERT_FALSE(up);
  EXPECT_EQ(up.error().kind, ErrorKind::kConfig);
  EXPECT_THAT(up.error().message, HasSubstr("fsync=off"));
}

TEST_F(FaultsOnServer, ACutAtAnyByteEndsInAnErrorForEachBatchAtMostOnce) {
  FaultProxy proxy(loop_, directory_, server_.directory());
  // How much goes through in all, to cut everywhere in it.
  size_t most[2];
  {
    const auto connection =
        connected(options("host=" + directory_ + " user=tester dbname=postgres"));
    ASSERT_TRUE(run(*connection, one("SELECT repeat('x', 500)", {}, {Type::kText})));
    most[0] = proxy.sent_by_client();
    most[1] = proxy.sent_by_server();
  }
  for (const Fault fault : {Fault::kCut, Fault::kGarbage}) {
    for (const bool from_server : {true, false}) {
      // Garbage for the server may make it do what it reads.
      if (fault == Fault::kGarbage && !from_server) continue;
      const size_t step = fault == Fault::kGarbage ? 17 : 61;
      for (size_t at = 0; at < most[from_server ? 1 : 0]; at += step) {
        proxy.plan(fault, from_server, at);
        ConnectOptions through = options("host=" + directory_ + " user=tester dbname=postgres");
        through.connect_timeout_ms = 300;  // a length that is garbage may be waited for
        through.silence_ms = 300;
        Connection connection(loop_, through);
        Fate fate;
        connection.connect([&](const Status& up) {
          fate.up = up;
          if (up) send_three(connection, fate, "SELECT repeat('x', 500)");
        });
        until([&] {
          return fate.up.has_value() &&
                 (!*fate.up || fate.is_told() || fate.outcomes[2].has_value());
        });
        for (const auto& outcome : fate.outcomes) {
          if (!outcome || *outcome) continue;
          // What was garbled may be an error of the server.
          if (fault == Fault::kCut) {
            EXPECT_EQ(outcome->error().error.kind, ErrorKind::kUnknown) << at;
          }
        }
      }
    }
  }
}

// Each batch puts two rows; some fail at the second. Whatever is cut where: what succeeded is there,
// what failed or was not done is not, and what is unknown is there as a whole or not at all.
TEST_F(FaultsOnServer, WhatIsSaidOfABatchIsTrue) {
  const auto admin = connected();
  must(*admin, {"DROP TABLE IF EXISTS truth", "CREATE TABLE truth (batch bigint, n bigint)"});
  FaultProxy proxy(loop_, directory_, server_.directory());
  std::mt19937 random(11);
  int64_t next = 0;
  size_t told[3] = {};  // done, not done, unknown
  for (int round = 0; round < 80; ++round) {
    proxy.plan(Fault::kCut, random() % 2 == 0, 1200 + random() % 3000);
    ConnectOptions through = options("host=" + directory_ + " user=tester dbname=postgres");
    through.max_bytes_in_flight = 1500;
    Connection connection(loop_, through);
    if (!connect(connection)) continue;
    std::map<int64_t, std::optional<Outcome>> outcomes;
    // COMMIT is sent by the last of a transaction; with it goes what the others have put.
    std::map<int64_t, int64_t> closed_by;
    const int64_t first = next;
    const auto put = [&](Place place, bool fails) {
      const int64_t number = next++;
      Batch batch(place);
      for (int64_t n = 0; n < 2; ++n) {
        batch.add("INSERT INTO truth VALUES ($1, $2 / $3)",
                  std::move(Parameters().int64(number).int64(n).int64(fails && n == 1 ? 0 : 1)));
      }
      outcomes[number] = std::nullopt;
      connection.run(std::move(batch),
                     [&outcomes, number](Outcome got) { outcomes[number] = std::move(got); });
      return number;
    };
    for (int i = 0; i < 10; ++i) {
      const bool fails = random() % 4 == 0;
      if (random() % 2 == 0) {
        const int64_t number = put(random() % 2 == 0 ? Place::kAlone : Place::kWhole, fails);
        closed_by[number] = number;
      } else {
        const int64_t opens = put(Place::kOpens, fails);
        closed_by[opens] = closed_by[opens + 1] = put(Place::kCloses, false);
      }
    }
    until([&] {
      return std::all_of(outcomes.begin(), outcomes.end(),
                         [](const auto& one) { return one.second.has_value(); });
    });
    const std::string backend = std::to_string(connection.backend_pid());
    if (!connection.is_up()) {
      while (number(*admin, "SELECT count(*) FROM pg_stat_activity WHERE pid = " + backend) != 0) {
      }
    }
    for (int64_t batch = first; batch < next; ++batch) {
      const int64_t rows =
          number(*admin, "SELECT count(*) FROM truth WHERE batch = " + std::to_string(batch));
      const Outcome& end = *outcomes[closed_by[batch]];
      if (end) {
        ++told[0];
        EXPECT_EQ(rows, 2) << batch;
      } else if (end.error().error.kind == ErrorKind::kUnknown) {
        ++told[2];
        EXPECT_TRUE(rows == 0 || rows == 2) << batch;
      } else {
        ++told[1];
        EXPECT_EQ(rows, 0) << batch << ": " << end.error().error.message;
      }
    }
  }
  for (const size_t count : told) EXPECT_GT(count, 20U);
}

TEST_F(FaultsOnServer, AStallIsGivenUp) {
  FaultProxy proxy(loop_, directory_, server_.directory());
  for (size_t at = 0; at < 1200; at += 75) {
    proxy.plan(Fault::kStall, true, at);
    ConnectOptions through = options("host=" + directory_ + " user=tester dbname=postgres");
    through.connect_timeout_ms = 50;
    Connection connection(loop_, through);
    const Status up = connect(connection);
    ASSERT_FALSE(up);
    EXPECT_EQ(up.error().kind, ErrorKind::kTimeout);
  }
  // In the middle of a session.
  proxy.plan(Fault::kNone, true, 0);
  ConnectOptions through = options("host=" + directory_ + " user=tester dbname=postgres");
  through.silence_ms = 2000;  // a busy machine answers within that
  const auto connection = connected(through);
  EXPECT_TRUE(run(*connection, one("SELECT 1")));
  proxy.plan(Fault::kStall, true, proxy.sent_by_server() + 10);
  Fate fate;
  send_three(*connection, fate, "SELECT 'x'");
  until([&] { return fate.is_told(); });
  EXPECT_EQ(fate.outcomes[2]->error().error.kind, ErrorKind::kUnknown);
  EXPECT_THAT(fate.lost->message, HasSubstr("has not answered"));
}

// ---- Servers that are none.

std::string message(char type, const std::string& body) {
  const auto size = static_cast<uint32_t>(body.size() + 4);
  std::string bytes(1, type);
  for (int shift = 24; shift >= 0; shift -= 8) bytes += static_cast<char>(size >> shift);
  return bytes + body;
}

std::string error_message(const std::string& severity, const std::string& code,
                          const std::string& text) {
  using namespace std::string_literals;
  return message('E', "S" + severity + "\0V"s + "FATAL\0C"s + code + "\0M"s + text + "\0\0"s);
}

TEST_F(FaultsOnServer, AServerThatStartsUpIsTriedAgainAndAnOldOneIsNot) {
  using namespace std::string_literals;
  ScriptedServer server(loop_, directory_);
  const std::string ready = message('R', "\0\0\0\0"s);
  const std::string idle = message('Z', "I");
  const std::vector<std::tuple<std::string, ErrorKind, std::string>> cases = {
      {error_message("FATAL", "57P03", "the database system is starting up"),
       ErrorKind::kUnavailable, "starting up"},
      // Whatever language the server speaks.
      {error_message("FATALE", "53300", "troppi client"), ErrorKind::kUnavailable, "troppi client"},
      {error_message("FATAL", "3D000", "no such database"), ErrorKind::kNotFound, "no such"},
      {ready + message('S', "server_version\0"s + "12.4\0"s) + idle, ErrorKind::kConfig,
       "PostgreSQL 12.4 is too old"},
      {ready + message('S', "server_version\0"s + "9.6.24\0"s) + idle, ErrorKind::kConfig,
       "PostgreSQL 9.6.24 is too old"},
      {"HTTP/1.1 400 Bad Request\r\n\r\n", ErrorKind::kUnavailable, "cannot connect"}};
  for (const auto& [answer, kind, words] : cases) {
    server.answer = answer;
    Connection connection(loop_, options("host=" + directory_ + " user=tester"));
    const Status up = connect(connection);
    ASSERT_FALSE(up) << words;
    EXPECT_EQ(up.error().kind, kind) << up.error().message;
    EXPECT_THAT(up.error().message, HasSubstr(words));
  }
}

TEST_F(FaultsOnServer, NoAnswerMakesItCrash) {
  using namespace std::string_literals;
  ScriptedServer server(loop_, directory_);
  std::mt19937 random(20);
  const std::string start =
      message('R', "\0\0\0\0"s) + message('S', "server_version\0"s + "15.4\0"s) + message('Z', "I");
  const std::string types = "RSZEN1234CDTtnsIAKGHWcdv\0x"s;
  for (int i = 0; i < 1500; ++i) {
    std::string answer = random() % 4 == 0 ? "" : start;
    for (unsigned messages = 1 + static_cast<unsigned>(random() % 12); messages > 0; --messages) {
      std::string body(random() % 40, '\0');
      for (char& c : body) c = static_cast<char>(random() % 3 == 0 ? random() : random() % 4);
      answer += message(types[random() % types.size()], body);
    }
    server.answer = answer;
    Connection connection(loop_, options("host=" + directory_ + " user=tester"));
    EXPECT_FALSE(connect(connection));
  }
  EXPECT_GE(server.asked, 1500U);
}

}  // namespace
}  // namespace tandem::pg
