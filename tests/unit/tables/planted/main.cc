// Runs tests of lib/tables with one of its rules switched off after the other (tables/planted.h): each
// has to be noticed. A bug that makes a test last for ever is noticed as well.
//
//   tables_planted_test            all of them
//   tables_planted_test BUG TESTS  tests of that name, with that bug; exit status 1 where they fail
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <string_view>

#include "tables/planted.h"

namespace tandem::tables {
namespace {

struct Case {
  std::string_view bug;
  const char* tests;
};

constexpr unsigned kMostSeconds = 100;
constexpr Case kCases[] = {
    {"no-collation", "ApplierOnServer.AnswersAsTheOneInMemory"},
    {"no-null-order", "*/DifferentialOnServer.ValuesAtTheEdges/*"},
    {"unique-at-once", "ApplierOnServer.UniqueValuesGoFromRowToRow"},
    {"index-apart", "ApplierOnServer.LosesNothingWhereConnectionsAreCut"},
    {"keys-apart", "ApplierOnServer.LosesNothingWhereConnectionsAreCut"},
    {"answer-before-commit", "ApplierOnServer.LosesNothingWhereConnectionsAreCut"},
    {"no-fence", "ApplierOnServer.FencesOffWhoWasThereBefore"},
    {"ignore-went-back", "ApplierOnServer.LosesNothingWhereBackendsAndTheServerAreKilled"},
    {"adopt-anything", "ApplierOnServer.BeginsWithASnapshotAndGoesOn"},
};

bool is_found(char* program, const Case& planted) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(kMostSeconds);
    std::string bug(planted.bug);
    execl("/proc/self/exe", program, bug.c_str(), planted.tests, nullptr);
    _exit(127);
  }
  int status = 0;
  if (child < 0 || waitpid(child, &status, 0) != child) return false;
  const bool failed = WIFEXITED(status) && WEXITSTATUS(status) == 1;
  return failed || WIFSIGNALED(status);
}

int run_all(char* program) {
  int missed = 0;
  for (size_t i = 1; i < kBugNames.size(); ++i) {
    bool found = false;
    for (const Case& planted : kCases) {
      found = found || (planted.bug == kBugNames[i] && is_found(program, planted));
    }
    std::printf("%-22s %s\n", std::string(kBugNames[i]).c_str(), found ? "found" : "NOT FOUND");
    std::fflush(stdout);
    missed += found ? 0 : 1;
  }
  return missed == 0 ? 0 : 1;
}

int run_one(const char* name, const char* tests) {
  const auto bug = bug_named<Bug>(kBugNames, name);
  if (!bug) {
    std::fprintf(stderr, "there is no bug '%s'\n", name);
    return 64;
  }
  plant(*bug);
  GTEST_FLAG_SET(filter, tests);
  GTEST_FLAG_SET(fail_fast, true);
  const int status = RUN_ALL_TESTS();
  if (testing::UnitTest::GetInstance()->test_to_run_count() > 0) return status;
  std::fprintf(stderr, "there are no tests '%s'\n", tests);
  return 64;
}

}  // namespace
}  // namespace tandem::tables

int main(int argc, char** argv) {
  testing::InitGoogleTest(&argc, argv);
  return argc == 3 ? tandem::tables::run_one(argv[1], argv[2]) : tandem::tables::run_all(argv[0]);
}
