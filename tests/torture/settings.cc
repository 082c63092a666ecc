#include "settings.h"

#include <getopt.h>

#include <string_view>

#include "base/number.h"

namespace tandem::torture {
namespace {

template <typename T>
bool take_number(std::string_view text, T& number) {
  const auto given = parse_number<T>(text);
  number = given.value_or(number);
  return given.has_value();
}

}  // namespace

const char kUsage[] =
    "usage: tandem-torture [--store] --bin DIR --shim FILE --clock-shim FILE --postgres FILE\n"
    "         --etc DIR --directory DIR [--seconds N] [--seed S] [--links | --no-links WHY]\n"
    "         [--faults NAME,…] [--plant lost|doubled|stale|torn|row]\n"
    "         [--min-in-sync N] [--tables file|postgres] [--coord local|consul --consul FILE]\n"
    "         | [--catalogs 1|3] [--cache N]\n";

Result<Settings> parse_settings(int argc, char** argv) {
  static const option kOptions[] = {{"store", no_argument, nullptr, 'o'},
                                    {"catalogs", required_argument, nullptr, 'c'},
                                    {"cache", required_argument, nullptr, 'C'},
                                    {"bin", required_argument, nullptr, 'b'},
                                    {"shim", required_argument, nullptr, 'S'},
                                    {"clock-shim", required_argument, nullptr, 'k'},
                                    {"postgres", required_argument, nullptr, 'P'},
                                    {"tables", required_argument, nullptr, 'T'},
                                    {"coord", required_argument, nullptr, 'O'},
                                    {"consul", required_argument, nullptr, 'U'},
                                    {"etc", required_argument, nullptr, 'e'},
                                    {"directory", required_argument, nullptr, 'd'},
                                    {"seconds", required_argument, nullptr, 't'},
                                    {"seed", required_argument, nullptr, 's'},
                                    {"links", no_argument, nullptr, 'l'},
                                    {"no-links", required_argument, nullptr, 'L'},
                                    {"min-in-sync", required_argument, nullptr, 'm'},
                                    {"faults", required_argument, nullptr, 'f'},
                                    {"plant", required_argument, nullptr, 'p'},
                                    {nullptr, 0, nullptr, 0}};
  Settings settings;
  bool good = true;
  for (int c = 0; (c = getopt_long(argc, argv, "", kOptions, nullptr)) != -1;) {
    switch (c) {
      case 'o':
        settings.store = true;
        break;
      case 'c':
        good = good && take_number(optarg, settings.catalogs);
        break;
      case 'C':
        good = good && take_number(optarg, settings.cache);
        break;
      case 'b':
        settings.bin = optarg;
        break;
      case 'S':
        settings.shim = optarg;
        break;
      case 'k':
        settings.clock_shim = optarg;
        break;
      case 'P':
        settings.postgres = optarg;
        break;
      case 'T':
        settings.tables = optarg;
        break;
      case 'O':
        settings.coord = optarg;
        break;
      case 'U':
        settings.consul = optarg;
        break;
      case 'e':
        settings.etc = optarg;
        break;
      case 'd':
        settings.directory = optarg;
        break;
      case 't':
        good = good && take_number(optarg, settings.seconds);
        break;
      case 's':
        good = good && take_number(optarg, settings.seed);
        break;
      case 'l':
        settings.links = true;
        break;
      case 'L':
        settings.why_no_links = optarg;
        break;
      case 'm':
        good = good && take_number(optarg, settings.min_in_sync);
        break;
      case 'f':
        settings.faults = optarg;
        break;
      case 'p':
        settings.plant = optarg;
        break;
      default:
        good = false;
    }
  }
  if (!good || optind != argc || settings.bin.empty() || settings.shim.empty() ||
      settings.clock_shim.empty() || settings.postgres.empty() || settings.etc.empty() ||
      settings.directory.empty() || (settings.tables != "file" && !settings.on_postgres()) ||
      (settings.coord != "local" && !settings.on_consul()) ||
      settings.on_consul() == settings.consul.empty() || settings.seconds < 1 ||
      settings.min_in_sync > 3 || settings.cache < 0 ||
      (settings.catalogs != 0 && settings.catalogs != 1 && settings.catalogs != 3) ||
      (settings.store ? settings.min_in_sync != 0 || settings.on_postgres() || settings.on_consul()
                      : settings.catalogs + settings.cache != 0)) {
    return fail(ErrorKind::kUsage, kUsage);
  }
  return settings;
}

}  // namespace tandem::torture
