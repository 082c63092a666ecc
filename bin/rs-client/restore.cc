// Commands that put a backup in the place of what an application has, while its system is stopped:
// db restore and toys restore. The tandem(1) beside this program does it, for its directory alone is
// what is left of a system that does not run.
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <filesystem>
#include <string>
#include <system_error>
#include <vector>

#include "commands.h"
#include "prompt.h"
#include "session.h"

namespace tandem::client {
namespace {

// Where this process was started from, or that name on PATH.
std::string tandem_program() {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto beside = self.parent_path() / "tandem";
  return !error && std::filesystem::exists(beside, error) ? beside.string() : "tandem";
}

// Ends this process where it succeeds.
ExitStatus run_tandem(Session& session, const Arguments& arguments, const char* application) {
  if (arguments.operands[0] == "-") {
    return session.report({ErrorKind::kUsage,
                           "a backup is read twice, so that a damaged one changes nothing: "
                           "give the name of a file"});
  }
  std::vector<std::string> words = {tandem_program(), "restore", "--only", application};
  if (arguments.line.has("yes")) words.emplace_back("--yes");
  if (session.settings.format == "json") words.emplace_back("--format=json");
  words.insert(words.end(), {"--", arguments.operands[0]});
  std::vector<char*> argv;
  for (std::string& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  std::signal(SIGPIPE, SIG_DFL);  // what is ignored stays so in another program
  execvp(argv[0], argv.data());
  return session.report(fail_errno("cannot run '" + words[0] + "', which restores", errno).value());
}

}  // namespace

ExitStatus db_restore(Session& session, const Arguments& arguments) {
  return run_tandem(session, arguments, "rideshare");
}

ExitStatus toys_restore(Session& session, const Arguments& arguments) {
  return run_tandem(session, arguments, "toystore");
}

}  // namespace tandem::client
