// What a daemon does with its command line and configuration before it runs.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "daemon/child.h"
#include "daemon/daemon.h"

namespace tandem::daemon {
namespace {

using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::StartsWith;

constexpr int kLoaded = 42;  // load() came back

struct TestConfig {
  int64_t port = 80;
  std::string areas = "areas.csv";
};

void declare(TestConfig& c, SettingTable& t) {
  t.integer("http.port", c.port, 0, 65535, "port to listen on");
  t.text("areas", c.areas, "file of the areas");
}

Status check(const TestConfig& c) {
  if (c.areas == "missing") return fail(ErrorKind::kNotFound, "cannot open 'missing'");
  if (c.areas == "broken") return fail(ErrorKind::kBadInput, "'broken': line 3 is no area");
  return {};
}

Status check_now(const TestConfig& c) {
  if (c.areas == "renewed") return fail(ErrorKind::kConfig, "cannot open 'renewed'");
  return {};
}

int load(std::vector<std::string> words) {
  Arguments arguments(std::move(words));
  Daemon daemon({"rs-test", "test things"}, arguments.argc(), arguments.argv());
  const TestConfig config = daemon.load(declare, check, check_now);
  return config.port == 80 || config.port == 81 ? kLoaded : 1;
}

ChildResult load_in_child(const std::vector<std::string>& words) {
  return run_child([&words] { return load(words); });
}

TEST(CommandLineTest, HelpAndVersionGoToStdout) {
  const ChildResult help = load_in_child({"--help"});
  EXPECT_EQ(help.status, 0);
  EXPECT_THAT(help.out, StartsWith("usage: rs-test [OPTION]...\ntest things\n\n"));
  EXPECT_THAT(help.err, IsEmpty());
  const ChildResult version = load_in_child({"--version"});
  EXPECT_EQ(version.status, 0);
  EXPECT_THAT(version.out, StartsWith("rs-test "));
  EXPECT_THAT(load_in_child({"--completions", "bash"}).out, HasSubstr("complete -F"));
}

TEST(CommandLineTest, WrongUsageIs64) {
  const ChildResult child = load_in_child({"--frobnicate"});
  EXPECT_EQ(child.status, 64);
  EXPECT_EQ(child.err, "rs-test: unknown option '--frobnicate'\ntry 'rs-test --help'\n");
  EXPECT_THAT(child.out, IsEmpty());
  EXPECT_EQ(load_in_child({"--completions", "tcsh"}).status, 64);
  EXPECT_EQ(load_in_child({"--set", "http.port=x"}).status, 64);
}

TEST(CommandLineTest, WhatMayBePutRightLaterOnlyACheckRefuses) {
  EXPECT_EQ(load_in_child({"--set", "areas=renewed"}).status, kLoaded);
  const ChildResult checked = load_in_child({"--set", "areas=renewed", "--check"});
  EXPECT_EQ(checked.status, 78);
  EXPECT_THAT(checked.err, HasSubstr("cannot open 'renewed'"));
}

TEST(CommandLineTest, AFullDiskBehindStdoutIs74) {
  for (const char* option : {"--help", "--version", "--print-config"}) {
    const ChildResult child = run_child([option] {
      redirect(STDOUT_FILENO, "/dev/full");
      return load({option});
    });
    EXPECT_EQ(child.status, 74) << option;
    EXPECT_THAT(child.err, HasSubstr("cannot write to stdout: No space left on device"));
  }
}

TEST(CommandLineTest, AClosedStdoutIs74) {
  const ChildResult child = run_child([] {
    close(STDIN_FILENO);
    close(STDOUT_FILENO);
    return load({"--print-config"});
  });
  EXPECT_EQ(child.status, 74);
}

TEST(CommandLineTest, ConfigurationErrorsAre78AndAllListed) {
  const support::TemporaryDirectory scratch;
  const std::string file = scratch.write("a.toml", "x = 1\n[http]\nport = -1\n");
  for (const std::vector<std::string>& more :
       {std::vector<std::string>{}, {"--check"}, {"--print-config"}}) {
    std::vector<std::string> words = {"--config", file};
    words.insert(words.end(), more.begin(), more.end());
    const ChildResult child = load_in_child(words);
    EXPECT_EQ(child.status, 78);
    EXPECT_THAT(child.err, HasSubstr("error: " + file + ":1:1: unknown key 'x'\n"));
    EXPECT_THAT(child.err, HasSubstr("error: " + file + ":3:8: 'http.port' must be"));
  }
  EXPECT_EQ(load_in_child({"-c", scratch.file("none.toml")}).status, 78);
}

TEST(CommandLineTest, CheckSaysFineAndEnds) {
  const ChildResult child = load_in_child({"-n"});
  EXPECT_EQ(child.status, 0);
  EXPECT_EQ(child.err, "rs-test: the configuration is fine\n");
  EXPECT_THAT(child.out, IsEmpty());
}

TEST(CommandLineTest, TheProgramsOwnCheckCounts) {
  const ChildResult missing = load_in_child({"-n", "--set", "areas=missing"});
  EXPECT_EQ(missing.status, 78);
  EXPECT_THAT(missing.err, HasSubstr("error: cannot open 'missing'\n"));
  EXPECT_EQ(load_in_child({"--set", "areas=broken"}).status, 65);
}

TEST(CommandLineTest, PrintsSettingsWithTheirOrigins) {
  const ChildResult child = run_child([] {
    setenv("RS_TEST_HTTP_PORT", "81", 1);
    return load({"--print-config", "--log-level", "error"});
  });
  EXPECT_EQ(child.status, 0);
  EXPECT_THAT(child.out, HasSubstr("port = 81  # environment RS_TEST_HTTP_PORT\n"));
  EXPECT_THAT(child.out, HasSubstr("[log]\n# log what is at least as grave\n"
                                   "level = \"error\"  # command line\n"));
  EXPECT_THAT(child.out, HasSubstr("drain_timeout = \"10s\"  # default\n"));
}

TEST(CommandLineTest, LogsInTheFormatAskedFor) {
  const ChildResult child = run_child([] {
    const int status = load({"--log-format", "json"});
    log::info("hello");
    return status;
  });
  EXPECT_EQ(child.status, kLoaded);
  EXPECT_THAT(child.err, StartsWith("{\"time\":"));
}

}  // namespace
}  // namespace tandem::daemon
