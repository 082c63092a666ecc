#include "rs-client/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "rs-client/commands.h"
#include "rs-client/help.h"

namespace tandem::client {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

Result<Invocation> parsed(std::vector<const char*> words) {
  words.insert(words.begin(), "rs-client");
  return parse_command_line(command_table(), static_cast<int>(words.size()), words.data());
}

std::string error_of(std::vector<const char*> words) {
  const auto invocation = parsed(std::move(words));
  EXPECT_FALSE(invocation);
  if (invocation) return "";
  EXPECT_EQ(invocation.error().kind, ErrorKind::kUsage);
  return invocation.error().message;
}

TEST(CommandLine, FindsACommandOfOneWordAndOfTwo) {
  EXPECT_EQ(parsed({"watch"})->command->name, "watch");
  EXPECT_EQ(parsed({"users", "ls"})->command->name, "users ls");
}

TEST(CommandLine, TakesOptionsBeforeBetweenAndAfterOperands) {
  const auto invocation =
      parsed({"-v", "rides", "join", "--timeout", "5s", "7", "--key", "k", "ann", "-f", "json"});
  ASSERT_TRUE(invocation) << invocation.error().message;
  EXPECT_THAT(invocation->arguments.operands, ElementsAre("7", "ann"));
  EXPECT_TRUE(invocation->arguments.line.has("verbose"));
  EXPECT_EQ(invocation->arguments.value("key"), "k");
  EXPECT_THAT(invocation->arguments.line.settings,
              ElementsAre(std::pair<std::string, std::string>("request.timeout", "5s"),
                          std::pair<std::string, std::string>("output.format", "json")));
}

TEST(CommandLine, TakesEverythingAfterTwoDashesAsOperands) {
  EXPECT_THAT(parsed({"users", "add", "--", "-v", "--key"})->arguments.operands,
              ElementsAre("-v", "--key"));
}

TEST(CommandLine, TakesADashAsAnOperand) {
  EXPECT_THAT(parsed({"users", "add", "-"})->arguments.operands, ElementsAre("-"));
}

TEST(CommandLine, SuggestsForCommandsThatNobodyKnows) {
  EXPECT_EQ(error_of({"user"}), "unknown command 'user', did you mean 'users'?");
  EXPECT_EQ(error_of({"users", "ad"}), "unknown command 'users ad', did you mean 'users add'?");
  EXPECT_EQ(error_of({"zzzzzz"}), "unknown command 'zzzzzz'");
}

TEST(CommandLine, NamesTheCommandsOfAGroup) {
  EXPECT_EQ(error_of({"users"}),
            "'users' alone is no command; which one? 'users add' 'users rm' 'users ls'");
}

TEST(CommandLine, CountsOperands) {
  EXPECT_EQ(error_of({"rides", "show"}), "'rides show' needs ID");
  EXPECT_EQ(error_of({"users", "ls", "x"}), "unexpected argument 'x' of 'users ls'");
  EXPECT_EQ(error_of({"users", "add", "-", "x"}), "unexpected argument 'x' of 'users add'");
  EXPECT_EQ(error_of({}), "no command given");
}

TEST(CommandLine, RefusesOptionsThatNobodyKnows) {
  EXPECT_THAT(error_of({"users", "ls", "--formt", "json"}), HasSubstr("--formt"));
  EXPECT_THAT(error_of({"users", "ls", "--by", "ann"}), HasSubstr("--by"));
}

TEST(CommandLine, HelpsWithEverythingAGroupOrACommand) {
  EXPECT_THAT(parsed({"--help"})->help, HasSubstr("rides create"));
  EXPECT_THAT(parsed({"--help"})->help, HasSubstr("--users-url URL"));
  const std::string group = parsed({"rides", "--help"})->help;
  EXPECT_THAT(group, HasSubstr("rides create"));
  EXPECT_THAT(group, testing::Not(HasSubstr("users add")));
  EXPECT_THAT(parsed({"rides", "create", "-h"})->help, HasSubstr("--by NAME"));
}

TEST(CommandLine, NeedsNoCommandToCheckOrPrintTheConfiguration) {
  for (const char* option : {"--check", "--print-config", "--version"}) {
    const auto invocation = parsed({option});
    ASSERT_TRUE(invocation) << option;
    EXPECT_EQ(invocation->command, nullptr);
  }
}

TEST(CommandTable, HasNoLetterTwice) {
  for (const Command& command : command_table()) {
    std::set<char> letters;
    for (const auto* options : {&command.options, &general_options(), &daemon::basic_options()}) {
      for (const daemon::Option& option : *options) {
        // What -n means elsewhere has no place behind a command; here it is a number, as in head
        // -n.
        if (command.name == "shop" && option.name == "check") continue;
        EXPECT_TRUE(option.letter == 0 || letters.insert(option.letter).second)
            << command.name << " -" << option.letter;
      }
    }
  }
}

TEST(CommandLine, ALetterOfTheCommandStandsBeforeAGeneralOne) {
  const auto invocation = parsed({"shop", "-n", "5"});
  ASSERT_TRUE(invocation) << invocation.error().message;
  EXPECT_EQ(invocation->arguments.value("iterations"), "5");
  EXPECT_FALSE(invocation->arguments.line.has("check"));
  EXPECT_TRUE(parsed({"-n", "shop"})->arguments.line.has("check"));
}

TEST(CommandLine, TellsTheUsageOfWhatWasRecognized) {
  const auto usage_after = [](std::vector<const char*> words) {
    words.insert(words.begin(), "rs-client");
    std::string usage;
    EXPECT_FALSE(
        parse_command_line(command_table(), static_cast<int>(words.size()), words.data(), &usage));
    return usage;
  };
  EXPECT_EQ(usage_after({"users", "add"}),
            "usage: rs-client users add [OPTION]... NAME [PASSWORD]\n"
            "       rs-client users add [OPTION]... -\n");
  EXPECT_THAT(usage_after({"users", "ls", "--nonsense"}), HasSubstr("rs-client users ls"));
  EXPECT_THAT(usage_after({"rides"}), HasSubstr("rides join ID NAME"));
  EXPECT_THAT(usage_after({"nonsense"}), HasSubstr("COMMAND [ARGUMENT]..."));
}

TEST(Help, IsACommandToo) {
  EXPECT_EQ(parsed({"help"})->help, parsed({"--help"})->help);
  EXPECT_EQ(parsed({"help", "users"})->help, parsed({"users", "--help"})->help);
  EXPECT_EQ(parsed({"help", "users", "add"})->help, parsed({"users", "add", "--help"})->help);
  EXPECT_EQ(parsed({"help", "watch"})->help, parsed({"watch", "-h"})->help);
  EXPECT_EQ(error_of({"help", "users", "ad"}),
            "unknown command 'users ad', did you mean 'users add'?");
}

TEST(Help, HasEightyColumns) {
  std::vector<std::string> texts = {program_help(command_table())};
  for (const Command& command : command_table()) texts.push_back(command_help(command));
  for (const std::string& text : texts) {
    for (size_t begin = 0; begin < text.size();) {
      const size_t end = text.find('\n', begin);
      EXPECT_LE(end - begin, 80u) << text.substr(begin, end - begin);
      begin = end + 1;
    }
  }
}

TEST(Completions, NameEachCommandAndOptionInEveryShell) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const auto script = completions_of(command_table(), shell);
    ASSERT_TRUE(script) << shell;
    const std::string dashes = std::string(shell) == "fish" ? "-l " : "--";
    std::vector<daemon::Option> options = general_options();
    for (const daemon::Option& option : daemon::basic_options()) options.push_back(option);
    for (const Command& command : command_table()) {
      const size_t blank = command.name.find(' ');
      EXPECT_THAT(*script, HasSubstr(command.name.substr(0, blank))) << shell;
      if (blank != std::string::npos) {
        EXPECT_THAT(*script, HasSubstr(command.name.substr(blank + 1))) << shell;
      }
      options.insert(options.end(), command.options.begin(), command.options.end());
    }
    for (const daemon::Option& option : options) {
      EXPECT_THAT(*script, HasSubstr(dashes + option.name)) << shell;
    }
  }
  EXPECT_FALSE(completions_of(command_table(), "tcsh"));
}

TEST(Completions, OfferCommandsOperandsAndValues) {
  const std::string script = completions_of(command_table(), "bash").value();
  EXPECT_THAT(script, HasSubstr("'users') words='add rm ls' ;;"));
  EXPECT_THAT(script, HasSubstr("'workers crash') words='master slave' ;;"));
  EXPECT_THAT(script, HasSubstr("'wait') words='rideshare toystore all' ;;"));
  EXPECT_THAT(script, HasSubstr("'drill') words='kill-master kill-slave "));
  EXPECT_THAT(script, HasSubstr("--format | -f) mapfile"));
  EXPECT_THAT(script, HasSubstr("'rides create'*) words+=' --by"));
}

}  // namespace
}  // namespace tandem::client
