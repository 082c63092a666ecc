#include "rs-client/line_again.h"

#include <gtest/gtest.h>

namespace tandem::client {
namespace {

TEST(ShellWord, QuotesWhatAShellWouldChange) {
  EXPECT_EQ(shell_word("http://a:1/b-c_d"), "http://a:1/b-c_d");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("a b"), "'a b'");
  EXPECT_EQ(shell_word("it's $x"), R"('it'\''s $x')");
  EXPECT_EQ(shell_word("~"), "'~'");
}

TEST(LineAgain, PutsTheKeyBeforeTheCommand) {
  LineAgain line{"rs-client", "toys buy", {}, {"Lego"}};
  EXPECT_EQ(line.with_key("r-1"), "rs-client --key r-1 toys buy Lego");
}

TEST(LineAgain, KeepsTheOptionsButTheKey) {
  LineAgain line{"build/bin/rs-client", "toys buy", {}, {"a b", "2"}};
  line.line.options = {
      {"key", "old"}, {"verbose", ""}, {"store-url", "http://h:1"}, {"set", "output.format=tsv"}};
  EXPECT_EQ(line.with_key("old"),
            "build/bin/rs-client --key old --verbose --store-url http://h:1 "
            "--set output.format=tsv toys buy 'a b' 2");
  line = {"rs-client", "rides create", {}, {}};
  line.line.options = {{"by", ""}, {"from", "1"}};
  EXPECT_EQ(line.with_key("k"), "rs-client --key k --by '' --from 1 rides create");
}

TEST(LineAgain, KeepsOperandsThatLookLikeOptions) {
  LineAgain line{"rs-client", "users rm", {}, {"-v"}};
  EXPECT_EQ(line.with_key("k"), "rs-client --key k users rm -- -v");
  line.operands = {"-"};
  EXPECT_EQ(line.with_key("k"), "rs-client --key k users rm -");
}

}  // namespace
}  // namespace tandem::client
