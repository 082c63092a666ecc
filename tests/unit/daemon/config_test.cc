#include "daemon/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "support/temporary_directory.h"

namespace tandem::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

struct TestConfig {
  std::string host = "127.0.0.1";
  uint16_t port = 8080;
  bool fast = false;
  int64_t wait_ms = 1500;
  size_t body = 1 << 20;
  std::string backend = "file";
  std::string token = "hunter2";
  std::vector<std::string> peers = {"a", "b"};
  std::vector<int64_t> ids = {1, 2};
  RawConfig tables;
  int64_t level = -5;
  std::string socket;
  std::string directory;
};

void declare(TestConfig& c, SettingTable& t) {
  t.text("http.host", c.host, "address to listen on");
  t.integer("http.port", c.port, 0, 65535, "port to listen on").reloads();
  t.boolean("fast", c.fast, "skip the slow things");
  t.duration_ms("http.wait", c.wait_ms, "how long to wait", 100, 60'000);
  t.size("http.max-body", c.body, "longest body");
  t.text("storage.backend", c.backend, "where data is").one_of({"file", "postgres"});
  t.text("http.token", c.token, "shared secret").secret();
  t.text_list("coord.local.peers", c.peers, "who else is there");
  t.integer_list("coord.ids", c.ids, 1, 99, "their numbers");
  t.raw("tables", c.tables, "the tables");
  t.integer("level", c.level, -10, 10, "a level");
}

// One reading of a file's text, environment and command line.
struct Reading {
  TestConfig config;
  SettingTable table;
  ConfigReport report;

  Reading(const std::string& toml, std::vector<std::string> environment = {},
          std::vector<std::pair<std::string, std::string>> settings = {},
          void (*declaration)(TestConfig&, SettingTable&) = declare) {
    declaration(config, table);
    const std::string file = scratch.write("test.toml", toml);
    report = table.resolve({"rs-test", file, std::move(settings), std::move(environment)});
    for (const ConfigProblem& problem : report.errors) {
      std::string text = problem.text;
      if (text.starts_with(file)) text.replace(0, file.size(), "F");
      errors.push_back(text);
    }
  }

  support::TemporaryDirectory scratch;
  std::vector<std::string> errors;
};

TEST(ConfigTest, DefaultsAreTheStructsOwnValues) {
  const Reading r("");
  EXPECT_THAT(r.errors, IsEmpty());
  EXPECT_EQ(r.config.port, 8080);
  EXPECT_THAT(r.config.peers, ElementsAre("a", "b"));
  EXPECT_THAT(r.config.ids, ElementsAre(1, 2));
  EXPECT_TRUE(r.config.tables.value.is_null());
  EXPECT_EQ(r.table.find("http.port")->origin(), "default");
}

TEST(ConfigTest, ReadsEveryTypeFromTheFile) {
  const Reading r(
      "fast = true\nlevel = -3\n[http]\nhost = '::1'\nport = 1\nwait = \"2s\"\n"
      "max-body = \"64KiB\"\n[storage]\nbackend = \"postgres\"\n"
      "[coord.local]\npeers = [\n  'x',\n  'y z',\n]\n[coord]\nids = [3, 99]\n");
  EXPECT_THAT(r.errors, IsEmpty());
  EXPECT_TRUE(r.config.fast);
  EXPECT_EQ(r.config.level, -3);
  EXPECT_EQ(r.config.host, "::1");
  EXPECT_EQ(r.config.port, 1);
  EXPECT_EQ(r.config.wait_ms, 2000);
  EXPECT_EQ(r.config.body, 65'536u);
  EXPECT_EQ(r.config.backend, "postgres");
  EXPECT_THAT(r.config.peers, ElementsAre("x", "y z"));
  EXPECT_THAT(r.config.ids, ElementsAre(3, 99));
  EXPECT_THAT(r.table.find("http.port")->origin(), HasSubstr("test.toml:5:8"));
}

TEST(ConfigTest, CommandLineWinsOverEnvironmentOverFile) {
  const std::string file = "[http]\nhost = 'file'\nport = 1\nwait = 101\n";
  const Reading r(file, {"RS_TEST_HTTP_PORT=2", "RS_TEST_HTTP_WAIT=102ms", "OTHER=9"},
                  {{"http.port", "3"}, {"http.port", "4"}});
  EXPECT_THAT(r.errors, IsEmpty());
  EXPECT_EQ(r.config.host, "file");
  EXPECT_EQ(r.config.wait_ms, 102);
  EXPECT_EQ(r.config.port, 4);
  EXPECT_EQ(r.table.find("http.port")->origin(), "command line");
  EXPECT_EQ(r.table.find("http.wait")->origin(), "environment RS_TEST_HTTP_WAIT");
}

TEST(ConfigTest, ReadsEveryTypeFromText) {
  const Reading r(
      "", {"RS_TEST_FAST=true", "RS_TEST_HTTP_MAX_BODY=1MiB", "RS_TEST_COORD_LOCAL_PEERS=p,q",
           "RS_TEST_COORD_IDS=7,8", "RS_TEST_TABLES={\"a\":[1,2.5]}"});
  EXPECT_THAT(r.errors, IsEmpty());
  EXPECT_TRUE(r.config.fast);
  EXPECT_EQ(r.config.body, 1u << 20);
  EXPECT_THAT(r.config.peers, ElementsAre("p", "q"));
  EXPECT_THAT(r.config.ids, ElementsAre(7, 8));
  EXPECT_EQ(r.config.tables.value.dump(), "{\"a\":[1,2.5]}");
  EXPECT_EQ(r.config.tables.at("a.0"), "environment RS_TEST_TABLES");
}

TEST(ConfigTest, ListsAllErrorsWithTheirPositions) {
  const Reading r(
      "fast = 1\n"
      "[http]\n"
      "prot = 80\n"
      "  port = 70000\n"
      "host = 7\n"
      "wait = '2 s'\n"
      "max-body = 1.5\n"
      "[htp]\n"
      "port = 80\n"
      "[storage]\n"
      "backend = 'sqlite'\n"
      "[coord]\n"
      "local = 5\n");
  EXPECT_THAT(
      r.errors,
      ElementsAre("F:1:8: 'fast' must be true or false, not an integer",
                  "F:3:1: unknown key 'http.prot', did you mean 'http.port'?",
                  "F:4:10: 'http.port' must be an integer from 0 to 65535, not 70000",
                  "F:5:8: 'http.host' must be a string, not an integer",
                  "F:6:8: 'http.wait' must be a duration such as \"250ms\", \"2s\" or \"1m\" from "
                  "100ms to 1m, not '2 s'",
                  "F:7:12: 'http.max-body' must be a size such as 4096, \"64KiB\" or \"1MiB\", not "
                  "a fraction",
                  "F:8:2: unknown table 'htp', did you mean 'http'?",
                  "F:11:11: 'storage.backend' must be one of 'file', 'postgres', not 'sqlite'",
                  "F:13:1: 'coord.local' must be a table, not an integer"));
  // Nothing is half taken over.
  EXPECT_EQ(r.config.port, 8080);
}

TEST(ConfigTest, EveryElementOfAListIsChecked) {
  EXPECT_THAT(Reading("[coord]\nids = [1, 'x']\n").errors,
              ElementsAre("F:2:7: 'coord.ids' must be a list of integers from 1 to 99, not one "
                          "with a string"));
  EXPECT_THAT(Reading("[coord]\nids = [1, 100]\n").errors, ElementsAre(HasSubstr("with 100")));
  for (const char* text : {"1,,2", "0", "1, 2", "[1,2]", "1;2"}) {
    EXPECT_THAT(Reading("", {"RS_TEST_COORD_IDS=" + std::string(text)}).errors,
                ElementsAre("environment RS_TEST_COORD_IDS: 'coord.ids' must be a list of integers "
                            "from 1 to 99 with commas in between, such as 1,2,3, not '" +
                            std::string(text) + "'"));
  }
}

TEST(ConfigTest, AProgramsOwnCheckIsOfEveryValueThatIsGiven) {
  const auto declaration = [](TestConfig& c, SettingTable& t) {
    declare(c, t);
    t.text("socket", c.socket, "where to listen").checked_by([](const std::string& text) -> Status {
      if (text.starts_with("ipc://")) return {};
      return fail(ErrorKind::kConfig, "cannot use '" + text + "'");
    });
    t.text("directory", c.directory, "where data is").checked_by(check_not_empty);
  };
  const Reading good("socket = 'ipc://a'\n", {}, {{"directory", "x"}}, declaration);
  EXPECT_THAT(good.errors, IsEmpty());
  EXPECT_EQ(good.config.socket, "ipc://a");
  // A default is the program's own.
  EXPECT_THAT(Reading("", {}, {}, declaration).errors, IsEmpty());
  const Reading bad("directory = ''\nsocket = 'b'\n", {"RS_TEST_SOCKET=c"}, {{"socket", "d"}},
                    declaration);
  EXPECT_THAT(bad.errors, ElementsAre("F:1:13: 'directory': must not be empty",
                                      "F:2:10: 'socket': cannot use 'b'",
                                      "environment RS_TEST_SOCKET: 'socket': cannot use 'c'",
                                      "command line: 'socket': cannot use 'd'"));
}

TEST(ConfigTest, ALimitThatIsNoneIsNotTold) {
  const auto declaration = [](TestConfig& c, SettingTable& t) {
    t.duration_ms("wait", c.wait_ms, "how long to wait", 1);
    t.size("body", c.body, "longest body", 1 << 10);
    t.duration_ms("pause", c.level, "how long to pause");
  };
  EXPECT_THAT(Reading("wait = 0\nbody = 1\npause = -1\n", {}, {}, declaration).errors,
              ElementsAre("F:1:8: 'wait' must be a duration such as \"250ms\", \"2s\" or \"1m\" of "
                          "at least 1ms, not 0",
                          "F:2:8: 'body' must be a size such as 4096, \"64KiB\" or \"1MiB\" of at "
                          "least 1KiB, not 1",
                          "F:3:9: 'pause' must be a duration such as \"250ms\", \"2s\" or \"1m\", "
                          "not -1"));
}

TEST(ConfigTest, SyntaxErrorsHaveAPosition) {
  const Reading r("[http]\nport = = 1\n");
  ASSERT_EQ(r.errors.size(), 1u);
  EXPECT_THAT(r.errors[0], ::testing::StartsWith("F:2:8: "));
}

TEST(ConfigTest, AKeyTwiceIsAnError) {
  const Reading r("[http]\nport = 1\nport = 2\n");
  ASSERT_EQ(r.errors.size(), 1u);
  EXPECT_THAT(r.errors[0], ::testing::StartsWith("F:3:"));
}

TEST(ConfigTest, SuggestsTablesForTablesAndKeysForKeys) {
  EXPECT_THAT(Reading("[http]\nx = 1979-05-27\n[tabels]\n").errors,
              ElementsAre("F:2:1: unknown key 'http.x'",
                          "F:3:2: unknown table 'tabels', did you mean 'tables'?"));
}

TEST(ConfigTest, AQuotedDotIsNoPath) {
  EXPECT_THAT(Reading("\"http.port\" = 1\n").errors,
              ElementsAre(HasSubstr("F:1:1: unknown key 'http.port'")));
}

TEST(ConfigTest, WrongEnvironmentAndCommandLineAreNamed) {
  const Reading r("", {"RS_TEST_HTTP_PORT=many", "RS_TEST_FAST="},
                  {{"http.prot", "1"}, {"level", "11"}, {"fast", "yes"}});
  EXPECT_THAT(
      r.errors,
      ElementsAre(
          "environment RS_TEST_HTTP_PORT: 'http.port' must be an integer from 0 to 65535, not "
          "'many'",
          "environment RS_TEST_FAST: 'fast' must be true or false, not ''",
          "command line: unknown key 'http.prot', did you mean 'http.port'?",
          "command line: 'level' must be an integer from -10 to 10, not '11'",
          "command line: 'fast' must be true or false, not 'yes'"));
  EXPECT_FALSE(r.report.errors[0].from_command_line);
  EXPECT_TRUE(r.report.errors[2].from_command_line);
}

TEST(ConfigTest, AnUnknownVariableIsOnlyAWarning) {
  const Reading r("", {"RS_TEST_SERVICE_HOST=10.0.0.1", "RS_TESTS=1"});
  EXPECT_THAT(r.errors, IsEmpty());
  EXPECT_THAT(r.report.warnings,
              ElementsAre("environment variable RS_TEST_SERVICE_HOST names no setting"));
}

TEST(ConfigTest, AMissingFileIsAnErrorNoFileIsNot) {
  TestConfig config;
  SettingTable table;
  declare(config, table);
  EXPECT_THAT(table.resolve({"rs-test", "", {}, {}}).errors, IsEmpty());
  const ConfigReport report = table.resolve({"rs-test", "/nowhere/x.toml", {}, {}});
  ASSERT_EQ(report.errors.size(), 1u);
  EXPECT_EQ(report.errors[0].text, "cannot open '/nowhere/x.toml': No such file or directory");
}

TEST(ConfigTest, ADirectoryIsNoFile) {
  TestConfig config;
  SettingTable table;
  declare(config, table);
  const ConfigReport report = table.resolve({"rs-test", "/", {}, {}});
  ASSERT_EQ(report.errors.size(), 1u);
  EXPECT_EQ(report.errors[0].text, "cannot read '/': Is a directory");
}

TEST(ConfigTest, TextMustBeUsableInSystemCalls) {
  EXPECT_THAT(Reading("[http]\nhost = \"a\\u0000b\"\n").errors, ElementsAre(HasSubstr("NUL")));
  EXPECT_THAT(Reading("", {"RS_TEST_HTTP_HOST=\xff"}).errors, ElementsAre(HasSubstr("UTF-8")));
}

TEST(ConfigTest, ASecretNeverShows) {
  const Reading r("[http]\ntoken = 5\n", {"RS_TEST_HTTP_TOKEN=\xff"});
  EXPECT_THAT(r.errors, ElementsAre("F:2:9: 'http.token' must be a string",
                                    "environment RS_TEST_HTTP_TOKEN: 'http.token' must be a "
                                    "string"));
  const Reading set("", {}, {{"http.token", "s3cret"}});
  EXPECT_EQ(set.config.token, "s3cret");
  EXPECT_THAT(set.table.print(), Not(HasSubstr("s3cret")));
  EXPECT_THAT(set.table.print(), HasSubstr("# token = \"********\"  # secret, command line\n"));
}

TEST(ConfigTest, RequiredSettingsAreAskedFor) {
  const auto with_required = [](TestConfig& c, SettingTable& t) {
    t.text("storage.dir", c.host, "where data is").required();
  };
  EXPECT_THAT(Reading("", {}, {}, with_required).errors,
              ElementsAre("F: 'storage.dir' is not set and has no default (also as "
                          "RS_TEST_STORAGE_DIR or --set storage.dir=...)"));
  EXPECT_THAT(Reading("storage.dir = 'x'\n", {}, {}, with_required).errors, IsEmpty());
}

TEST(ConfigTest, RawSubtreesKeepOrderAndPositions) {
  const Reading r(
      "[tables.rides]\n"
      "key = 'rideId'\n"
      "columns = [ { name = 'rideId' }, { name = 'at', max = 1.5 } ]\n"
      "[tables.areas]\n"
      "key = 'n'\n");
  EXPECT_THAT(r.errors, IsEmpty());
  const RawConfig& tables = r.config.tables;
  EXPECT_EQ(tables.value.dump(),
            "{\"rides\":{\"key\":\"rideId\",\"columns\":[{\"name\":\"rideId\"},"
            "{\"name\":\"at\",\"max\":1.5}]},\"areas\":{\"key\":\"n\"}}");
  EXPECT_THAT(tables.at("rides.key"), HasSubstr("test.toml:2:1"));
  EXPECT_THAT(tables.at("rides.columns.1.max"), HasSubstr("test.toml:3:49"));
  EXPECT_EQ(tables.at("rides.columns.1.type"), tables.at("rides.columns.1"));
  EXPECT_THAT(tables.at("rides.columns.1"), HasSubstr("test.toml:3:34"));
  EXPECT_EQ(tables.at("users.key"), tables.origin);
}

TEST(ConfigTest, RawSubtreesHaveNoDatesAndNoInfinities) {
  EXPECT_THAT(Reading("[tables]\nborn = 1979-05-27\n").errors,
              ElementsAre("F:2:8: a date or time is not accepted here, write a string"));
  EXPECT_THAT(Reading("tables = { a = [ nan ] }\n").errors,
              ElementsAre("F:1:18: inf and nan are not accepted here"));
}

TEST(ConfigTest, PrintedConfigurationParsesToTheSameValues) {
  const Reading first(
      "[tables.\"odd \\\" key\\u007f\"]\nlist = [ 1.0, 1e300, 'tab\\t\\u0001', [], {}, true ]\n",
      {"RS_TEST_HTTP_WAIT=1m"},
      {{"http.port", "0"}, {"http.host", "a\"b\\c\x7f\nd\xc3\xa9"}, {"fast", "true"}});
  ASSERT_THAT(first.errors, IsEmpty());
  const std::string printed = first.table.print();
  const Reading second(printed, {}, {{"http.token", "hunter2"}});
  ASSERT_THAT(second.errors, IsEmpty()) << printed;
  for (const Setting& setting : first.table.settings()) {
    const Setting* again = second.table.find(setting.key());
    EXPECT_EQ(setting.value(), again->value()) << setting.key();
  }
  EXPECT_THAT(printed, HasSubstr("[http]\n# address to listen on\nhost = \"a\\\"b"));
  EXPECT_THAT(printed, HasSubstr("port = 0  # command line\n"));
  EXPECT_THAT(printed, HasSubstr("wait = \"1m\"  # environment RS_TEST_HTTP_WAIT\n"));
  EXPECT_THAT(printed, HasSubstr("max-body = \"1MiB\"  # default\n"));
}

TEST(ConfigTest, ReloadTakesOverOnlyWhatMayChange) {
  Reading old("[http]\nport = 1\nhost = 'one'\n");
  Reading fresh("[http]\nport = 2\nhost = 'two'\n");
  const std::vector<SettingTable::Change> changes = fresh.table.keep_fixed(old.table);
  ASSERT_EQ(changes.size(), 2u);
  EXPECT_EQ(changes[0].key, "http.host");
  EXPECT_FALSE(changes[0].applied);
  EXPECT_EQ(changes[1].key, "http.port");
  EXPECT_TRUE(changes[1].applied);
  EXPECT_EQ(fresh.config.host, "one");
  EXPECT_EQ(fresh.config.port, 2);
}

TEST(ConfigTest, EnvironmentNames) {
  EXPECT_EQ(environment_name("rs-orch", "http.max_body"), "RS_ORCH_HTTP_MAX_BODY");
  EXPECT_EQ(environment_name("rs-orch", "a-b"), "RS_ORCH_A_B");
}

}  // namespace
}  // namespace tandem::daemon
