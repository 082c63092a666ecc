#include "daemon/coord_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "support/certificate.h"
#include "support/temporary_directory.h"

namespace tandem::daemon {
namespace {

using ::testing::AllOf;
using ::testing::Contains;
using ::testing::HasSubstr;
using ::testing::Pair;

// The error of `key` set to `value`, or "".
std::string refusal(const std::string& key, const std::string& value) {
  CoordConfig config;
  SettingTable table;
  declare_coord(config, table);
  ConfigSources sources;
  sources.program = "rs-test";
  sources.settings = {{key, value}};
  const ConfigReport report = table.resolve(sources);
  return report.errors.empty() ? "" : report.errors.front().text;
}

class CoordConfigTest : public testing::Test {
 protected:
  CoordConfigTest() { config_.backend = "consul"; }
  std::string file(const std::string& text, const std::string& name = "file") {
    std::ofstream(scratch_.file(name)) << text;
    return scratch_.file(name);
  }
  // Each is a mistake in the configuration, however it shows.
  std::string problem() const {
    Status good = check_coord(config_);
    if (good) good = check_coord_files(config_);
    if (good) return "";
    EXPECT_EQ(good.error().kind, ErrorKind::kConfig);
    return good.error().message;
  }

  const support::TemporaryDirectory scratch_;
  CoordConfig config_;
};

TEST_F(CoordConfigTest, TakesAddressesOfAgents) {
  EXPECT_EQ(refusal("coord.addresses", "127.0.0.1:8500,https://consul:8501,unix:///run/c"), "");
  EXPECT_THAT(refusal("coord.addresses", "127.0.0.1:8500,consul"), HasSubstr("coord.addresses"));
  EXPECT_THAT(refusal("coord.addresses", "unix://run/c"), HasSubstr("not absolute"));
}

TEST_F(CoordConfigTest, TakesPrefixesThatAreNames) {
  EXPECT_EQ(refusal("coord.prefix", "prod/tandem-1"), "");
  for (const char* bad : {"", "/tandem", "tandem/", "a//b", "a/../b", "a b"}) {
    EXPECT_THAT(refusal("coord.prefix", bad), HasSubstr("coord.prefix")) << bad;
  }
}

TEST_F(CoordConfigTest, ShowsADeadServiceForAMinuteAtLeast) {
  EXPECT_EQ(refusal("coord.deregister_after", "1m"), "");
  EXPECT_THAT(refusal("coord.deregister_after", "59s"), HasSubstr("coord.deregister_after"));
}

TEST_F(CoordConfigTest, TakesAnAddressOfTheHostWithoutAPort) {
  for (const char* good : {"", "10.0.0.1", "host.example", "fe80::1%eth0"}) {
    EXPECT_EQ(refusal("host.address", good), "") << good;
  }
  for (const char* bad : {"10.0.0.1:80", "a b", "http://x"}) {
    EXPECT_THAT(refusal("host.address", bad), HasSubstr("host.address")) << bad;
  }
}

TEST_F(CoordConfigTest, WantsAnAddressWhereConsulIsUsed) {
  EXPECT_EQ(problem(), "");
  config_.addresses.clear();
  EXPECT_THAT(problem(), HasSubstr("coord.addresses is empty"));
  config_.backend = "local";
  EXPECT_EQ(problem(), "");
}

TEST_F(CoordConfigTest, ReadsTheTokenOfAFile) {
  EXPECT_EQ(read_token(config_), "");
  config_.token_file = file("0c7f1bb5-9f0e\n");
  EXPECT_EQ(read_token(config_), "0c7f1bb5-9f0e");
  EXPECT_EQ(problem(), "");
}

TEST_F(CoordConfigTest, RefusesATokenThatIsNoneAndNamesNoneOfIt) {
  config_.token_file = file("s3cret\r\nX-Other: 1\n");
  EXPECT_EQ(problem(), "coord.token_file: '" + config_.token_file + "' holds no token");
  config_.token_file = file(" \n");
  EXPECT_THAT(problem(), HasSubstr("holds no token"));
  config_.token_file = "/nonexistent/token";
  EXPECT_THAT(problem(), HasSubstr("coord.token_file: cannot open '/nonexistent/token'"));
}

TEST_F(CoordConfigTest, RefusesFilesOfTlsThatCannotBeRead) {
  config_.key_file = file(support::kKey, "key");
  EXPECT_THAT(problem(), HasSubstr("without coord.cert_file"));
  for (const std::string& unreadable : {std::string("/nonexistent/file"), scratch_.path()}) {
    config_.cert_file = unreadable;
    EXPECT_THAT(problem(),
                AllOf(HasSubstr("coord.cert_file: cannot "), HasSubstr("'" + unreadable + "'")));
    config_.cert_file = "";
    config_.key_file = "";
    config_.ca_file = unreadable;
    EXPECT_THAT(problem(),
                AllOf(HasSubstr("coord.ca_file: cannot "), HasSubstr("'" + unreadable + "'")));
    config_.ca_file = "";
    config_.cert_file = file(support::kCertificate, "cert");
    config_.key_file = unreadable;
    EXPECT_THAT(problem(),
                AllOf(HasSubstr("coord.key_file: cannot "), HasSubstr("'" + unreadable + "'")));
  }
}

TEST_F(CoordConfigTest, StartsWithFilesOfTlsThatAreOfNoUseNow) {
  config_.cert_file = "/nonexistent/file";
  config_.ca_file = "/nonexistent/file";
  EXPECT_TRUE(check_coord(config_));
  EXPECT_FALSE(check_coord_files(config_));
  config_.backend = "local";
  EXPECT_TRUE(check_coord_files(config_));
}

TEST_F(CoordConfigTest, RefusesFilesOfTlsThatAreOfNoUse) {
  const std::string none = file("", "none");
  const std::string cert = file(support::kCertificate, "cert");
  const std::string key = file(support::kKey, "key");
  const std::string both = file(std::string(support::kCertificate) + support::kKey, "both");
  const std::string other = file(support::kOtherKey, "other");
  const auto of = [this](const std::string& ca, const std::string& c, const std::string& k) {
    config_.ca_file = ca;
    config_.cert_file = c;
    config_.key_file = k;
    return problem();
  };
  EXPECT_EQ(of(cert, cert, key), "");
  EXPECT_EQ(of("", both, ""), "");
  EXPECT_EQ(of(none, "", ""),
            "coord.ca_file: '" + none + "' is of no use: it holds no certificate as PEM");
  EXPECT_EQ(of("", key, key),
            "coord.cert_file: '" + key + "' is of no use: it holds no certificate as PEM");
  EXPECT_EQ(of("", cert, none), "coord.key_file: '" + none +
                                    "' is of no use: it holds no private key as PEM without a "
                                    "password");
  EXPECT_THAT(of("", cert, ""),
              HasSubstr("coord.key_file is empty, and coord.cert_file: '" + cert));
  EXPECT_EQ(of("", cert, other), "coord.key_file: '" + other +
                                     "' is of no use: its private key is not that of the "
                                     "certificate");
}

TEST_F(CoordConfigTest, TellsAChildWhatItIsSetTo) {
  config_.addresses = {"a:1", "b:2"};
  config_.host_name = "here";
  config_.registers = false;
  const auto settings = coord_settings(config_);
  EXPECT_THAT(settings, Contains(Pair("coord.backend", "consul")));
  EXPECT_THAT(settings, Contains(Pair("coord.addresses", "a:1,b:2")));
  EXPECT_THAT(settings, Contains(Pair("coord.register", "false")));
  EXPECT_THAT(settings, Contains(Pair("coord.deregister_after", "60000ms")));
  EXPECT_THAT(settings, Contains(Pair("host.name", "here")));
  CoordConfig child;
  SettingTable table;
  declare_coord(child, table);
  ConfigSources sources;
  sources.program = "rs-worker";
  sources.settings = settings;
  EXPECT_TRUE(table.resolve(sources).errors.empty());
  EXPECT_EQ(coord_settings(child), settings);
}

}  // namespace
}  // namespace tandem::daemon
