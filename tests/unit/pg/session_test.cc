#include "pg/session.h"

#include <signal.h>

#include "pg/create_database.h"
#include "pg/fault_proxy.h"
#include "pg/fixture.h"

namespace tandem::pg {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

struct Owner final : SessionOwner {
  void session_up(Connection&) override { ++ups; }
  void session_down(const Error& why) override { downs.push_back(why); }
  void session_refused(const Error& why) override { refusals.push_back(why); }
  int ups = 0;
  std::vector<Error> downs;
  std::vector<Error> refusals;
};

class SessionOnServer : public ServerTest {
 protected:
  Owner owner_;
};

TEST_F(SessionOnServer, ComesBackWheneverItIsLost) {
  Session session(loop_, {.connect = options(), .first_pause_ms = 1}, owner_);
  EXPECT_EQ(session.connection(), nullptr);
  session.start();
  EXPECT_THAT(session.trouble(), HasSubstr("connecting"));
  for (int i = 1; i <= 3; ++i) {
    until([&] { return owner_.ups == i; });
    ASSERT_NE(session.connection(), nullptr);
    EXPECT_EQ(session.trouble(), "");
    const auto admin = connected();
    must(*admin, {"SELECT pg_terminate_backend(" +
                  std::to_string(session.connection()->backend_pid()) + ")"});
    until([&] { return owner_.downs.size() == static_cast<size_t>(i); });
    EXPECT_THAT(owner_.downs.back().message, HasSubstr("administrator command"));
    EXPECT_THAT(session.trouble(), HasSubstr("administrator command"));
  }
  EXPECT_THAT(owner_.refusals, ElementsAre());
}

TEST_F(SessionOnServer, WaitsForAServerThatIsGone) {
  Session session(loop_, {.connect = options(), .first_pause_ms = 1, .longest_pause_ms = 20},
                  owner_);
  session.start();
  until([&] { return owner_.ups == 1; });
  server_.stop(SIGQUIT);
  until([&] { return session.trouble().find("cannot connect") != std::string::npos; });
  server_.start();
  until([&] { return owner_.ups == 2; });
  EXPECT_EQ(owner_.downs.size(), 1U);
}

TEST_F(SessionOnServer, ARefusalIsToldOnceAndTriedAgain) {
  const auto admin = connected();
  must(*admin, {"DROP DATABASE IF EXISTS later"});
  Session session(loop_, {.connect = options(server_.conninfo("later")), .longest_pause_ms = 5},
                  owner_);
  session.start();
  until([&] { return !owner_.refusals.empty(); });
  EXPECT_EQ(owner_.refusals.front().kind, ErrorKind::kNotFound);
  EXPECT_THAT(session.trouble(), HasSubstr("\"later\" does not exist"));
  must(*admin, {"CREATE DATABASE later"});
  until([&] { return owner_.ups == 1; });
  EXPECT_EQ(owner_.refusals.size(), 1U);
  session.stop();
  EXPECT_EQ(session.connection(), nullptr);
  must(*admin, {"DROP DATABASE later WITH (FORCE)"});
}

TEST_F(SessionOnServer, MakesTheDatabase) {
  const auto admin = connected();
  must(*admin, {"DROP DATABASE IF EXISTS \"made \"\"here\"\"\""});
  ConnectOptions there = options("host=" + server_.directory() + " user=tester");
  there.conninfo.emplace_back("dbname", "made \"here\"");
  Session session(loop_, {.connect = there, .create_database = true}, owner_);
  session.start();
  until([&] { return owner_.ups == 1; });
  EXPECT_EQ(text(*session.connection(), "SELECT current_database()::text"), "made \"here\"");
  EXPECT_EQ(text(*session.connection(), "SELECT getdatabaseencoding()::text"), "UTF8");
}

TEST_F(SessionOnServer, TwoThatMakeOneDatabaseBothHaveIt) {
  const auto admin = connected();
  must(*admin, {"DROP DATABASE IF EXISTS raced"});
  std::vector<Status> made;
  std::vector<std::unique_ptr<CreateDatabase>> makers;
  for (int i = 0; i < 3; ++i) {
    makers.push_back(std::make_unique<CreateDatabase>(
        loop_, options(), "raced", [&](Status status) { made.push_back(std::move(status)); }));
  }
  until([&] { return made.size() == 3; });
  for (const Status& status : made) EXPECT_TRUE(status) << status.error().message;
}

TEST_F(SessionOnServer, WhoMayNotMakeItIsToldWhatToRun) {
  const auto admin = connected();
  must(*admin, {"DROP ROLE IF EXISTS \"o'plain\"", "CREATE ROLE \"o'plain\" LOGIN"});
  ConnectOptions plain = options("host=" + server_.directory() + " dbname=wanted");
  plain.conninfo.emplace_back("user", "o'plain");
  Session session(loop_, {.connect = plain, .create_database = true}, owner_);
  session.start();
  until([&] { return !owner_.refusals.empty(); });
  EXPECT_EQ(owner_.refusals.front().kind, ErrorKind::kPermission);
  const std::string sql =
      "CREATE DATABASE \"wanted\" OWNER \"o'plain\" ENCODING 'UTF8' TEMPLATE template0;";
  EXPECT_THAT(owner_.refusals.front().message, HasSubstr(sql));
  session.stop();
  // It is right as it stands.
  must(*admin, {sql, "DROP DATABASE wanted", "DROP ROLE \"o'plain\""});
}

TEST_F(SessionOnServer, ANameThatTheServerWouldCutIsRefused) {
  std::optional<Status> made;
  const CreateDatabase maker(loop_, options(), std::string(64, 'x'),
                             [&](Status status) { made = std::move(status); });
  until([&] { return made.has_value(); });
  ASSERT_FALSE(*made);
  EXPECT_EQ(made->error().kind, ErrorKind::kConfig);
}

TEST_F(SessionOnServer, NoPasswordGetsIntoAnErrorOrTheSession) {
  ScriptedServer server(loop_, server_.make_directory("asks"));
  using namespace std::string_literals;
  // It wants the password in clear text.
  server.answer = "R\0\0\0\x08\0\0\0\x03"s;
  ConnectOptions with = options("host=" + server_.directory() + "/asks user=tester");
  with.conninfo.emplace_back("password", "hunter-two");
  Connection connection(loop_, with);
  const Status up = connect(connection);
  ASSERT_FALSE(up);
  EXPECT_THAT(up.error().message, testing::Not(HasSubstr("hunter")));
  // None where one is wanted.
  with.conninfo.back() = {"passfile", server_.directory() + "/no-such-file"};
  Connection without(loop_, with);
  server.closes = false;
  const Status asked = connect(without);
  ASSERT_FALSE(asked);
  EXPECT_EQ(asked.error().kind, ErrorKind::kPermission);
  EXPECT_THAT(asked.error().message, HasSubstr("no password supplied"));
}

}  // namespace
}  // namespace tandem::pg
