// tandem-torture: real processes under kill -9, SIGSTOP, cut links, full and failing disks, with
// clients whose every operation is recorded and checked: the replicated database, or with --store
// the toy store.
//
// Started by the script tests/torture/torture, which gives it namespaces of its own; README.md in
// this directory tells how to use it. Exit status 0: everything was right; 1: it was not, or
// something could not be decided; else see base/exit_status.h.
#include <curl/curl.h>

#include <cstdio>
#include <filesystem>
#include <memory>
#include <utility>

#include "database/database.h"
#include "run.h"
#include "schedule.h"
#include "settings.h"
#include "store/toy_store.h"

namespace tandem::torture {
namespace {

int main_of(int argc, char** argv) {
  const auto settings = parse_settings(argc, argv);
  if (!settings) {
    std::fputs(settings.error().message.c_str(), stderr);
    return static_cast<int>(ExitStatus::kUsage);
  }
  std::filesystem::create_directories(settings->directory);
  curl_global_init(CURL_GLOBAL_DEFAULT);
  const std::unique_ptr<Subject> subject =
      settings->store ? store::make_subject(*settings) : database::make_subject(*settings);
  auto schedule = Schedule::make(subject->faults(), settings->seed, settings->faults,
                                 settings->links, settings->longest_hold_ms());
  if (!schedule) {
    std::fprintf(stderr, "tandem-torture: %s\n", schedule.error().message.c_str());
    return static_cast<int>(ExitStatus::kUsage);
  }
  if (!settings->links) std::printf("link faults: off (%s)\n", settings->why_no_links.c_str());
  return carry_out(*settings, std::move(*schedule), *subject);
}

}  // namespace
}  // namespace tandem::torture

int main(int argc, char** argv) { return tandem::torture::main_of(argc, argv); }
