#include "daemon/build_info.h"

#include <link.h>

#include "commit.h"  // generated
#include "daemon/options.h"

namespace tandem::daemon {
namespace {

struct Library {
  const char* name;
  const char* version;
  const char* file;  // the shared object's name starts so; nullptr: compiled in
};

// The versions are those of the headers that the build found.
constexpr Library kLibraries[] = {
    {"libuv", TANDEM_UV_VERSION, "libuv.so"},
    {"nng", TANDEM_NNG_VERSION, "libnng.so"},
    {"libcurl", TANDEM_CURL_VERSION, "libcurl"},
    {"libcrypto", TANDEM_CRYPTO_VERSION, "libcrypto"},
    {"simdjson", TANDEM_SIMDJSON_VERSION, "libsimdjson.so"},
    {"fmt", TANDEM_FMT_VERSION, "libfmt.so"},
    {"prometheus-cpp", TANDEM_PROM_VERSION, "libprometheus-cpp-core.so"},
    {"toml++", TANDEM_TOMLPP_VERSION, nullptr},
};

// The file names of the shared objects in this process.
std::vector<std::string> loaded_objects() {
  std::vector<std::string> names;
  dl_iterate_phdr(
      [](dl_phdr_info* info, size_t, void* out) {
        const std::string_view path = info->dlpi_name == nullptr ? "" : info->dlpi_name;
        static_cast<std::vector<std::string>*>(out)->emplace_back(path.substr(path.rfind('/') + 1));
        return 0;
      },
      &names);
  return names;
}

bool is_loaded(const std::vector<std::string>& objects, std::string_view file) {
  for (const std::string& object : objects) {
    if (object.starts_with(file)) return true;
  }
  return false;
}

}  // namespace

BuildInfo build_info() {
  BuildInfo info;
  info.version = TANDEM_VERSION;
  info.commit = TANDEM_COMMIT;
  info.compiler = TANDEM_COMPILER;
  const std::vector<std::string> objects = loaded_objects();
  for (const Library& library : kLibraries) {
    if (library.file != nullptr && !is_loaded(objects, library.file)) continue;
    info.libraries.emplace_back(library.name, library.version);
  }
  return info;
}

std::string version_text(std::string_view program) {
  const BuildInfo info = build_info();
  std::string text = std::string(program) + " " + info.version + "\ncommit " + info.commit +
                     "\ncompiler " + info.compiler + "\n";
  for (const auto& [name, version] : info.libraries) text += name + " " + version + "\n";
  return text;
}

}  // namespace tandem::daemon
