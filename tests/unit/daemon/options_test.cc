#include "daemon/options.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>
#include <sstream>

namespace tandem::daemon {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

Program program() {
  return {"rs-test", "test things", {{"port", 'p', "PORT", "listen on PORT", "http.port"}}};
}

Result<CommandLine> parse(std::vector<std::string> words, const Program& p = program()) {
  words.insert(words.begin(), p.name);
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  return parse_options(p, daemon_options(), static_cast<int>(words.size()), argv.data());
}

std::string error_of(std::vector<std::string> words) {
  const Result<CommandLine> line = parse(std::move(words));
  if (line) return "no error";
  EXPECT_EQ(line.error().kind, ErrorKind::kUsage);
  return line.error().message;
}

TEST(OptionsTest, ReadsLongAndShortForms) {
  const Result<CommandLine> line = parse({"-c", "a.toml", "--check", "--config=b.toml"});
  ASSERT_TRUE(line) << line.error().message;
  EXPECT_TRUE(line->has("check"));
  EXPECT_FALSE(line->has("print-config"));
  EXPECT_EQ(*line->value("config"), "b.toml");
}

TEST(OptionsTest, AliasesAndSetGiveSettingsInTheirOrder) {
  const Result<CommandLine> line =
      parse({"--set", "a.b=1=2", "-p", "80", "--log-level", "debug", "-sc.d="});
  ASSERT_TRUE(line) << line.error().message;
  EXPECT_THAT(line->settings, ElementsAre(Pair("a.b", "1=2"), Pair("http.port", "80"),
                                          Pair("log.level", "debug"), Pair("c.d", "")));
}

TEST(OptionsTest, NamesWhatIsWrong) {
  EXPECT_EQ(error_of({"--prot", "1"}), "unknown option '--prot', did you mean '--port'?");
  EXPECT_EQ(error_of({"--frobnicate=7"}), "unknown option '--frobnicate'");
  EXPECT_EQ(error_of({"-x"}), "unknown option '-x'");
  EXPECT_EQ(error_of({"-nx"}), "unknown option '-x'");
  EXPECT_EQ(error_of({"--config"}), "option '--config' needs FILE");
  EXPECT_EQ(error_of({"--check=yes"}), "option '--check' takes no argument");
  EXPECT_EQ(error_of({"--log", "x"}), "option '--log' is ambiguous: --log-level --log-format");
  EXPECT_EQ(error_of({"-n", "left", "over"}), "unexpected argument 'left'");
  EXPECT_EQ(error_of({"--set", "port"}), "'--set port' is not KEY=VALUE");
  EXPECT_EQ(error_of({"--set", "=1"}), "'--set =1' is not KEY=VALUE");
}

TEST(OptionsTest, StopsAtTheFirstOperand) {
  Program client = program();
  client.operands = "COMMAND [ARGUMENT]...";
  const Result<CommandLine> line = parse({"-n", "users", "--config", "x"}, client);
  ASSERT_TRUE(line) << line.error().message;
  EXPECT_THAT(line->operands, ElementsAre("users", "--config", "x"));
  EXPECT_FALSE(line->has("config"));
}

TEST(OptionsTest, HelpHasOneRegularLinePerOption) {
  std::istringstream help(help_text(program(), daemon_options()));
  std::string line;
  std::getline(help, line);
  EXPECT_EQ(line, "usage: rs-test [OPTION]...");
  const std::regex form("  (-[A-Za-z],|   ) --[a-z-]+( [^ ]+)?  +[^ ].*");
  size_t options = 0;
  while (std::getline(help, line)) {
    EXPECT_LE(line.size(), 80u) << line;
    // What had no room stands below, further in.
    if (!line.starts_with("  ") || line.starts_with("          ")) continue;
    EXPECT_TRUE(std::regex_match(line, form)) << line;
    ++options;
  }
  EXPECT_EQ(options, 1 + daemon_options().size() + basic_options().size());
}

TEST(OptionsTest, CompletionsNameEveryOption) {
  const Result<std::string> script = completions(program(), daemon_options(), "bash");
  ASSERT_TRUE(script);
  EXPECT_THAT(*script, HasSubstr("complete -F _rs_test rs-test"));
  for (const Option& option : daemon_options()) {
    EXPECT_THAT(*script, HasSubstr("--" + option.name));
  }
  EXPECT_FALSE(completions(program(), daemon_options(), "tcsh"));
}

TEST(OptionsTest, VersionNamesCommitCompilerAndLoadedLibraries) {
  const std::string text = version_text("rs-test");
  EXPECT_THAT(text, ::testing::MatchesRegex("rs-test [0-9.]+\ncommit [0-9a-z]+\ncompiler .*"));
  EXPECT_THAT(text, HasSubstr("\nlibuv 1."));
  EXPECT_THAT(text, HasSubstr("\ntoml++ 3."));
}

}  // namespace
}  // namespace tandem::daemon
