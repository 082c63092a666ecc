// Configuration: a TOML file, then settings of the command line (KEY=VALUE, one a line, behind a
// NUL byte). What is accepted is printed as TOML that gives the same values again; what is not
// changes no field and is told with its position.
#include "daemon/config.h"

#include <sys/mman.h>
#include <unistd.h>

#include <vector>

#include "fuzz/fuzz.h"

namespace {

using namespace tandem;  // NOLINT: a program of one file

struct Settings {
  std::string name = "one";
  std::string level = "info";
  std::string password;
  bool on = true;
  uint16_t port = 8080;
  int64_t number = -7;
  uint64_t timeout_ms = 250;
  size_t bytes = 4096;
  std::vector<std::string> hosts = {"a", "b"};
  daemon::RawConfig tables;

  void declare(daemon::SettingTable& t) {
    t.text("name", name, "a text without a table");
    t.text("log.level", level, "one of some").one_of({"debug", "info", "error"}).reloads();
    t.text("http.password", password, "a secret").secret();
    t.boolean("http.on", on, "a boolean");
    t.integer("http.port", port, 0, 65535, "a port");
    t.integer("http.number", number, INT64_MIN, INT64_MAX, "any integer");
    t.duration_ms("http.timeout", timeout_ms, "a duration", 1);
    t.size("http.limits.bytes", bytes, "a size");
    t.text_list("http.hosts", hosts, "a list");
    t.raw("tables", tables, "a subtree");
  }
};

// A file in memory that has a path while this lives.
class MemoryFile {
 public:
  explicit MemoryFile(std::string_view text) : fd_(memfd_create("config", MFD_CLOEXEC)) {
    CHECK(fd_ >= 0 && write(fd_, text.data(), text.size()) == static_cast<ssize_t>(text.size()));
  }
  ~MemoryFile() { close(fd_); }
  MemoryFile(const MemoryFile&) = delete;
  MemoryFile& operator=(const MemoryFile&) = delete;
  std::string path() const { return "/proc/self/fd/" + std::to_string(fd_); }

 private:
  int fd_;
};

daemon::ConfigReport resolve(daemon::SettingTable& table, std::string_view toml,
                             std::string_view arguments) {
  const MemoryFile file(toml);
  daemon::ConfigSources sources{.program = "rs-fuzz", .file = file.path()};
  fuzz::each_line(arguments, [&sources](std::string_view line) {
    const size_t equals = std::min(line.find('='), line.size());
    sources.settings.emplace_back(line.substr(0, equals),
                                  line.substr(std::min(equals + 1, line.size())));
  });
  return table.resolve(sources);
}

}  // namespace

int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view input = fuzz::text_of(data, size);
  const size_t nul = std::min(input.find('\0'), input.size());
  Settings settings;
  daemon::SettingTable table;
  settings.declare(table);
  const auto report =
      resolve(table, input.substr(0, nul), input.substr(std::min(nul + 1, input.size())));
  for (const auto& problem : report.errors) CHECK(!problem.text.empty());
  if (!report.errors.empty()) {
    CHECK(settings.port == 8080 && settings.name == "one" && settings.tables.value.is_null());
    return 0;
  }
  Settings settings_again;
  daemon::SettingTable again;
  settings_again.declare(again);
  const auto second = resolve(again, table.print(), {});
  CHECK_MSG(second.errors.empty(), second.errors[0].text);
  for (const daemon::Setting& setting : table.settings()) {
    CHECK_MSG(setting.is_secret() || again.find(setting.key())->value() == setting.value(),
              setting.key());
  }
  return 0;
}
